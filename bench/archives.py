"""A large package for benchmarks, the same bytes every time.

It looks like a real one: libraries and programs that are to be relocated, text of which a part
holds the prefix, and data that cannot be compressed. The loader's parts of the ELF files come from
a package of the demo mirror.
"""

import gzip
import io
import json
import random
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
MIRROR = ROOT / "tui" / "demo" / "mirror"
HASH = "bench" + "a" * 27
WORDS = b"static inline const struct buffer return include define while offset length value".split()


@dataclass(frozen=True)
class Donor:
    """What is taken from the package `beacon` of the demo mirror."""

    prefix: str
    """Where it was built."""
    root: str
    """The install tree that it was built in."""
    sbang: str
    """The sbang of that."""
    program: bytes
    """An ELF file whose RPATH and interpreter are real."""


def donor() -> Donor:
    """Read it."""
    (manifest,) = (MIRROR / "v3" / "manifests" / "spec" / "beacon").glob("beacon-1.3.0-*")
    text = manifest.read_text()
    digest = json.loads(text[text.index("{") : text.rindex("}") + 1])["data"][0]["checksum"]
    with tarfile.open(MIRROR / "blobs" / "sha256" / digest[:2] / digest) as tar:
        members = {member.name: tar.extractfile(member) for member in tar if member.isfile()}
        last = list(members)[-1]
        prefix = last.removesuffix("/.spack/binary_distribution")
        info, program = members[last], members[f"{prefix}/bin/beacon"]
        assert info is not None
        assert program is not None
        noted = yaml.safe_load(info.read())
        return Donor(prefix, noted["buildpath"], noted["sbang_install_path"], program.read())


def node() -> dict[str, object]:
    """The spec of the package."""
    return {
        "name": "whale",
        "version": "1.0",
        "arch": {"platform": "linux", "platform_os": "debian12", "target": "x86_64"},
        "namespace": "bench",
        "parameters": {},
        "hash": HASH,
    }


@dataclass(frozen=True)
class _File:
    """One file of the package."""

    path: str
    data: bytes
    kind: str
    """`binaries`, `textfiles`, or nothing if it is not to be relocated."""


def _files(given: Donor, prefix: str, megabytes: int, count: int) -> Iterator[_File]:
    """So many files of so many bytes in all, in the order of their paths."""
    source = random.Random(1)
    noise = source.randbytes(2**20)
    words = b" ".join(source.choice(WORDS) for _ in range(60_000))
    own = f"/{prefix}".encode()
    total = megabytes * 10**6
    libraries, texts = count // 100, count // 5
    plain = count // 2
    blobs = count - libraries - texts - plain

    def mixed(size: int, share: float) -> bytes:
        """Bytes of which `share` cannot be compressed."""
        parts: list[bytes] = []
        while size > 0:
            piece = min(size, source.randrange(200, 4000))
            stock = noise if source.random() < share else words
            at = source.randrange(len(stock) - piece)
            parts.append(stock[at : at + piece])
            size -= piece
        return b"".join(parts)

    for number in range(blobs):
        size = int(total * 0.5 / blobs * source.uniform(0.2, 1.8))
        yield _File(f"data/blob{number:04}", source.randbytes(size), "")
    for number in range(plain):
        size = int(total * 0.1 / plain * source.uniform(0.2, 1.8))
        yield _File(f"include/header{number:04}.h", mixed(size, 0.02), "")
    for number in range(libraries):
        size = int(total * 0.35 / libraries * source.uniform(0.2, 1.8))
        strings = b"\0".join(b"%b/share/part%d" % (own, part) for part in range(20)) + b"\0"
        body = given.program + strings + mixed(size, 0.4)
        yield _File(f"lib/lib{number:04}.so", body, "binaries")
    for number in range(texts):
        size = int(total * 0.05 / texts * source.uniform(0.2, 1.8))
        head = b"prefix=%b\nlibdir=%b/lib\n" % (own, own)
        yield _File(f"share/text{number:04}.pc", head + mixed(size, 0.02), "textfiles")


def write_package(target: Path, megabytes: int = 500, count: int = 5000) -> None:
    """Write the package as a tar.gz like those of Spack (archives of layout 2)."""
    given = donor()
    prefix = f"{given.root.strip('/')}/linux-x86_64/whale-1.0-{HASH}"
    info: dict[str, object] = {
        "sbang_install_path": given.sbang,
        "buildpath": given.root,
        "hash_to_prefix": {HASH: f"/{prefix}"},
        "relocate_links": [],
    }
    lists: dict[str, list[str]] = {"binaries": [], "textfiles": []}
    with (
        target.open("wb") as raw,
        gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed,
        tarfile.TarFile(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        parts = prefix.split("/")
        for depth in range(1, len(parts) + 1):
            _add(tar, "/".join(parts[:depth]), None)
        document = json.dumps({"spec": {"_meta": {"version": 5}, "nodes": [node()]}})
        _add(tar, f"{prefix}/.spack", None)
        _add(tar, f"{prefix}/.spack/spec.json", document.encode())
        directory = ""
        for file in _files(given, prefix, megabytes, count):
            if file.path.split("/")[0] != directory:
                directory = file.path.split("/")[0]
                _add(tar, f"{prefix}/{directory}", None)
            _add(tar, f"{prefix}/{file.path}", file.data, executable=file.kind == "binaries")
            if file.kind:
                lists[file.kind].append(file.path)
        for kind, paths in lists.items():
            info[f"relocate_{kind}"] = paths
        text = yaml.dump(info, default_flow_style=True, sort_keys=False)
        _add(tar, f"{prefix}/.spack/binary_distribution", text.encode())


def _add(tar: tarfile.TarFile, name: str, data: bytes | None, *, executable: bool = False) -> None:
    entry = tarfile.TarInfo(name)
    if data is None:
        entry.type = tarfile.DIRTYPE
    else:
        entry.size = len(data)
    entry.mode = 0o755 if executable or data is None else 0o644
    tar.addfile(entry, io.BytesIO(data or b""))
