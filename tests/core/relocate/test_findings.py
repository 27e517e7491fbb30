"""Doubtful paths in binaries."""

from pathlib import Path

import pytest
from elf_maker import DT_RPATH, DT_RUNPATH, Shape, make_elf

from core.relocate.findings import findings, is_world_writable


def found(rpath: bytes, interpreter: bytes | None = None, tag: int = DT_RPATH) -> tuple[str, ...]:
    data = make_elf(Shape(interpreter=interpreter, rpaths=((tag, rpath),)))
    return findings(data, exists=lambda path: path == "/here", is_open="/open/lib".__eq__)


@pytest.mark.parametrize("tag", [DT_RPATH, DT_RUNPATH])
@pytest.mark.parametrize("entry", ["/tmp", "/tmp/x/lib", "/var/tmp/b", "/a/../tmp/x", "/dev/shm"])
def test_scratch_directories(entry: str, tag: int) -> None:
    assert found(f"/usr/lib:{entry}".encode(), tag=tag) == (
        f"RPATH entry '{entry}' is where anybody may put a library",
    )


@pytest.mark.parametrize("entry", ["/opt/tmp", "/tmpfs/lib", "$ORIGIN/../lib", "/usr/lib", ""])
def test_what_is_fine(entry: str) -> None:
    assert found(entry.encode(), b"/here") == ()


def test_the_rest() -> None:
    assert found(b"lib:/open/lib::lib", b"/gone/ld.so\x1b") == (
        "The interpreter '/gone/ld.so\\x1b' does not exist",
        "RPATH entry 'lib' depends on the current directory",
        "RPATH entry '/open/lib' is a directory that everybody may write to",
    )
    assert findings(b"#!/bin/sh", exists=lambda _: False, is_open=lambda _: True) == ()


def test_world_writable(tmp_path: Path) -> None:
    assert not is_world_writable(str(tmp_path))
    tmp_path.chmod(0o777)
    assert is_world_writable(str(tmp_path))
    assert not is_world_writable(str(tmp_path / "gone"))
    assert not is_world_writable("nul\0")
