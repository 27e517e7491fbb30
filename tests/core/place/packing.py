"""Archives made for a test."""

import gzip
import io
import json
import tarfile
from collections.abc import Iterable
from pathlib import Path

PREFIX = "opt/build/linux-x86_64/hello-1.0-" + "a" * 32


def hello_node(hash_: str = "a" * 32, version: str = "1.0") -> dict[str, object]:
    return {
        "name": "hello",
        "version": version,
        "arch": {"platform": "linux", "platform_os": "debian12", "target": "x86_64"},
        "namespace": "test",
        "parameters": {},
        "hash": hash_,
    }


class Packer:
    """A package called hello, and whatever a test adds to it."""

    parents = tuple("/".join(PREFIX.split("/")[:count]) for count in range(1, 5))
    """The directories that come first; the last one is the prefix of the package."""

    def __init__(self) -> None:
        self.stream = io.BytesIO()
        self.tar = tarfile.TarFile(fileobj=self.stream, mode="w", format=tarfile.PAX_FORMAT)
        self.info: dict[str, object] = {
            "sbang_install_path": "/opt/build/bin/sbang",
            "buildpath": "/opt/build",
            "hash_to_prefix": {"a" * 32: f"/{PREFIX}"},
            "relocate_binaries": [],
            "relocate_textfiles": [],
            "relocate_links": [],
        }
        self.top = f"{self.parents[-1]}/"
        for parent in self.parents:
            self.add(parent, tarfile.DIRTYPE, top="")
        self.add(".spack", tarfile.DIRTYPE)

    def add(
        self,
        name: str,
        kind: bytes = tarfile.REGTYPE,
        data: bytes = b"",
        *,
        top: str | None = None,
        link: str = "",
        mode: int = 0o644,
        pax: dict[str, str] | None = None,
    ) -> None:
        entry = tarfile.TarInfo((self.top if top is None else top) + name)
        entry.type = kind
        entry.linkname = link
        entry.mode = 0o755 if kind == tarfile.DIRTYPE else mode
        entry.size = len(data)
        entry.pax_headers = pax or {}
        self.tar.addfile(entry, io.BytesIO(data))

    def spec(self, node: dict[str, object] | None = None) -> None:
        document = json.dumps({"spec": {"_meta": {"version": 5}, "nodes": [node or hello_node()]}})
        self.add(".spack/spec.json", data=document.encode())

    def build_info(self) -> None:
        self.add(".spack/binary_distribution", data=json.dumps(self.info).encode())

    def packed(self) -> bytes:
        self.tar.close()
        return gzip.compress(self.stream.getvalue(), mtime=0)

    def whole(self) -> bytes:
        """Spec and build info added, packed."""
        self.spec()
        self.build_info()
        return self.packed()


def snapshot(top: Path, without: Iterable[Path] = ()) -> dict[str, object]:
    """What lies in `top`: names, kinds, contents, targets."""
    found: dict[str, object] = {}
    for path in sorted(top.rglob("*")):
        if any(path == other or path.is_relative_to(other) for other in without):
            continue
        if path.is_symlink():
            found[str(path)] = path.readlink()
        elif path.is_file():
            found[str(path)] = path.read_bytes()
        else:
            found[str(path)] = "directory"
    return found
