"""Small packages as Spack would have built and packed them."""

import base64
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

Node = dict[str, object]

BUILD_STORE = "/opt/simulated-build/store"
BUILD_ROOT = BUILD_STORE + "/__spack_path_placeholder__" * 5
"""The padded install tree of the machine that built the packages."""


BINARY = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
"""How binaries begin: ELF files, Mach-O files of 64 bits, those for several architectures."""


@dataclass(frozen=True)
class Package:
    """What a simulated build is made of.

    In the content of files `@PREFIX@` becomes the prefix on the build machine, and
    `@PREFIX:name@` that of a dependency.
    """

    name: str
    version: str = "1.0"
    depends_on: tuple[str, ...] = ()
    """Names of other packages of the mirror: link and run dependencies."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Path below the prefix to content; what is in `bin/` may be executed."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Path below the prefix to the target of a symbolic link."""
    archive: bytes | None = None
    """Taken as it is instead of a good archive."""
    external: str | None = None
    """Prefix on the system; such a package is in the index and has no binary."""
    is_pushed: bool = True
    """False: in the index, but without a binary."""
    platform: str = "linux"
    os: str = "debian12"
    target: str = "x86_64"
    variants: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Built:
    """A package with its concrete node."""

    package: Package
    node: Node
    prefix: str
    """On the build machine."""
    closure: tuple["Built", ...]
    """Its link and run dependencies, transitively, each once."""

    @property
    def hash(self) -> str:
        return str(self.node["hash"])


def dag_hash(node: Mapping[str, object], spec_format: int = 5) -> str:
    """The DAG hash of a node (Spack 1.x `spec.py:Spec.spec_hash`); 0.17 indented what it hashed."""
    hashed = {key: value for key, value in node.items() if key != "hash"}
    indented = {"indent": 2, "separators": (",", ": ")}
    text = json.dumps(hashed, **(indented if spec_format == 2 else {"separators": (",", ":")}))
    return base64.b32encode(hashlib.sha1(text.encode()).digest()).decode().lower()


def build(package: Package, others: Mapping[str, Built], spec_format: int = 5) -> Built:
    """Concretise a package whose dependencies are among `others`, as Spack of a format does."""
    children = [others[name] for name in sorted(package.depends_on)]
    node: Node = {
        "name": package.name,
        "version": package.version,
        "arch": {
            "platform": package.platform,
            "platform_os": package.os,
            "target": package.target,
        },
        "namespace": "simulated",
        "parameters": {
            "build_system": "generic",
            **package.variants,
            **{f"{flag}flags": [] for flag in ("c", "cpp", "cxx", "f", "ld")},
            "ldlibs": [],
        },
    }
    if package.external:
        node["external"] = {"path": package.external, "module": None, "extra_attributes": {}}
    if spec_format > 2:
        recipe = hashlib.sha256(package.name.encode()).digest()
        node["package_hash"] = base64.b32encode(recipe).decode().lower()
    if children and spec_format == 2:
        node["dependencies"] = [
            {"name": child.package.name, "hash": child.hash, "type": ["link", "run"]}
            for child in children
        ]
    elif children:
        parameters = {"deptypes": ["build", "link", "run"], "virtuals": []}
        node["dependencies"] = [
            {"name": child.package.name, "hash": child.hash, "parameters": parameters}
            for child in children
        ]
    if spec_format == 5:
        node["annotations"] = {"original_specfile_version": 5}
    else:
        node["compiler"] = {"name": "gcc", "version": "12.2.0"}
    node["hash"] = dag_hash(node, spec_format)
    closure = {below.hash: below for child in children for below in (child, *child.closure)}
    relative = (
        f"{package.platform}-{package.target}/{package.name}-{package.version}-{node['hash']}"
    )
    prefix = package.external or f"{BUILD_ROOT}/{relative}"
    return Built(package, node, prefix, tuple(closure.values()))


def spec_fields(built: Built) -> Node:
    """The spec document of a build."""
    nodes = [built.node, *(below.node for below in built.closure)]
    meta = {"version": 4 if "compiler" in built.node else 5}
    if "package_hash" not in built.node:
        return {"spec": {"_meta": {"version": 2}, "nodes": nodes}}
    return {"spec": {"_meta": meta, "nodes": nodes}, "buildcache_layout_version": 2}


def spec_document(built: Built) -> bytes:
    """The spec blob of a build, as Spack stores it."""
    text = json.dumps(spec_fields(built), separators=(",", ":"))
    return gzip.compress(text.encode(), mtime=0)


def archive_of(built: Built) -> bytes:
    """The archive of a build, members as Spack orders them."""
    if built.package.archive is not None:
        return built.package.archive
    content = {path: _with_prefixes(data, built) for path, data in built.package.files.items()}
    spec_text = gzip.decompress(spec_document(built))
    content[".spack/spec.json"] = spec_text
    entries: dict[str, tarfile.TarInfo] = {}
    top = built.prefix.lstrip("/")
    for path in (*content, *built.package.links):
        _add_parents(entries, f"{top}/{path}")
    for path in content:
        entries[f"{top}/{path}"] = _member(f"{top}/{path}", 0o755 if path[:4] == "bin/" else 0o644)
    for path, target in built.package.links.items():
        link = _member(f"{top}/{path}", 0o755, tarfile.SYMTYPE)
        link.linkname = target
        entries[link.name] = link
    buildinfo = _buildinfo(built, content)
    data = {f"{top}/{path}": text for path, text in content.items()}
    data[f"{top}/.spack/binary_distribution"] = buildinfo
    last = _member(f"{top}/.spack/binary_distribution", 0o644)
    return tarball([*sorted(entries.values(), key=lambda entry: entry.name), last], data)


def tarball(members: list[tarfile.TarInfo], data: Mapping[str, bytes]) -> bytes:
    """A gzipped tar of `members`, regular files with the content that `data` has for them."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member in members:
            content = data.get(member.name, b"")
            member.size = len(content) if member.isreg() else 0
            archive.addfile(member, io.BytesIO(content) if member.isreg() else None)
    return gzip.compress(raw.getvalue(), compresslevel=6, mtime=0)


def _member(name: str, mode: int, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.mode, member.type, member.uname, member.gname = mode, kind, "", ""
    return member


def _add_parents(entries: dict[str, tarfile.TarInfo], name: str) -> None:
    parts = name.split("/")
    for count in range(1, len(parts)):
        parent = "/".join(parts[:count])
        entries.setdefault(parent, _member(parent, 0o755, tarfile.DIRTYPE))


def _with_prefixes(data: bytes, built: Built) -> bytes:
    for below in built.closure:
        data = data.replace(f"@PREFIX:{below.package.name}@".encode(), below.prefix.encode())
    return data.replace(b"@PREFIX@", built.prefix.encode())


def _buildinfo(built: Built, content: Mapping[str, bytes]) -> bytes:
    known = [built, *(below for below in built.closure if not below.package.external)]
    payload = {path: data for path, data in content.items() if not path.startswith(".spack/")}
    prefixes = [below.prefix.encode() for below in known]
    is_text = {path: b"\0" not in data for path, data in payload.items()}
    info = {
        "sbang_install_path": f"{BUILD_STORE}/bin/sbang",
        "buildpath": BUILD_ROOT,
        "spackprefix": "/opt/simulated-build/spack",
        "relative_prefix": built.prefix.removeprefix(BUILD_ROOT + "/"),
        "hardlinks_deduped": True,
        "hash_to_prefix": {below.hash: below.prefix for below in known},
        "relocate_binaries": [path for path, data in payload.items() if data[:4] in BINARY],
        "relocate_links": [
            path
            for path, target in built.package.links.items()
            if target.startswith(BUILD_ROOT + "/")
        ],
        "relocate_textfiles": [
            path
            for path, data in payload.items()
            if is_text[path] and any(prefix in data for prefix in prefixes)
        ],
    }
    return yaml.dump(info, default_flow_style=True, sort_keys=False).encode()
