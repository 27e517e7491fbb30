"""A mirror as Spack 0.17 writes it: an archive in an archive, specs of format 2."""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tests.simulator.keys import SigningKey
from tests.simulator.mirror import DEFAULT_PACKAGES
from tests.simulator.old_mirror import OldMirror
from tests.simulator.packages import Built, Node, Package, archive_of, build, dag_hash, tarball


class WrappedMirror(OldMirror):
    """A mirror in a directory; see `OldMirror`. Its manifests are never signed from outside."""

    database = "6"

    def manifest_path(self, name: str) -> Path:
        return self.cache / f"{self.stem(name)}.spec.json"

    def push(self, package: Package) -> None:
        """Build a package, and upload it unless it is external."""
        built = build(package, self.builds, spec_format=2)
        self.builds[package.name] = built
        if not package.external:
            inner = _packed_by_0_17(archive_of(built), built.prefix)
            self.upload(package.name, inner, self.fields_of(built, inner))

    def fields_of(self, built: Built, inner: bytes) -> Node:
        """What a good manifest says of an inner archive."""
        nodes = [built.node, *(below.node for below in built.closure)]
        return {
            "spec": {"_meta": {"version": 2}, "nodes": [_as_in_documents(node) for node in nodes]},
            "binary_cache_checksum": {
                "hash_algorithm": "sha256",
                "hash": hashlib.sha256(inner).hexdigest(),
            },
            "buildinfo": {"relative_prefix": built.prefix, "relative_rpaths": False},
        }

    def upload(self, name: str, inner: bytes, fields: Mapping[str, object]) -> None:
        """Put a package and its spec to their places, signed if the mirror is."""
        text = json.dumps(fields, indent=2).encode()
        members = {".tar.gz": inner, ".spec.json": text}
        if self.key:
            members[".spec.json.asc"] = self.key.detached(text)
        self.write_outer(name, members)
        self.manifest_path(name).write_bytes(text)

    def write_outer(self, name: str, members: Mapping[str, bytes]) -> None:
        """Write the outer archive: endings of names to contents."""
        raw = io.BytesIO()
        with tarfile.open(fileobj=raw, mode="w", format=tarfile.GNU_FORMAT) as outer:
            for ending, data in members.items():
                member = tarfile.TarInfo(f"{self.stem(name)}{ending}")
                member.size, member.mode, member.uid = len(data), 0o600, 1000
                outer.addfile(member, io.BytesIO(data))
        path = self.archive_path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw.getvalue())

    def members(self, name: str) -> dict[str, bytes]:
        """The outer archive: endings of names to contents."""
        with tarfile.open(self.archive_path(name)) as outer:
            return {
                member.name.removeprefix(self.stem(name)): stream.read()
                for member in outer
                if (stream := outer.extractfile(member))
            }


def _packed_by_0_17(archive: bytes, prefix: str) -> bytes:
    """An archive with the last part of the prefix as its one top directory, owners and times."""
    top, content = prefix.lstrip("/"), dict[str, bytes]()
    members: list[tarfile.TarInfo] = []
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        for member in packed:
            if not f"{member.name}/".startswith(f"{top}/"):
                continue
            stream = packed.extractfile(member) if member.isreg() else None
            member.name = member.name.removeprefix(top.rpartition("/")[0] + "/")
            member.uid, member.uname, member.mtime = 1000, "builder", 1_600_000_000
            content[member.name] = stream.read() if stream else b""
            members.append(member)
    return tarball(members, content)


def _as_in_documents(node: Mapping[str, object]) -> Node:
    """A node as a document of 0.17 has it: children by build hash."""
    edges = node.get("dependencies")
    made: Node = {**node, "full_hash": "f" * 32, "build_hash": _build_hash(str(node["hash"]))}
    if isinstance(edges, list):
        made["dependencies"] = [
            {"name": edge["name"], "build_hash": _build_hash(edge["hash"]), "type": edge["type"]}
            for edge in edges
        ]
    return made


def _build_hash(hash_: str) -> str:
    """Some other hash for each DAG hash."""
    return dag_hash({"build hash of": hash_})


def wrapped_mirror(root: Path, key: SigningKey | None = None) -> WrappedMirror:
    """A whole mirror with the default packages, index, and the key on offer."""
    made = WrappedMirror(root, key)
    for package in DEFAULT_PACKAGES:
        made.push(package)
    made.write_index()
    if key:
        made.offer({key.fingerprint: key.public})
    return made
