"""Small files are written whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from core.atomic import write_atomically
from core.errors import StoreError


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_new_file_is_private_and_its_directories_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    write_atomically(path, b"one")
    assert path.read_bytes() == b"one"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(path.parent) == ["file"]


def test_an_old_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    path.chmod(0o644)
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"one")
    link = tmp_path / "link"
    link.symlink_to("real")
    write_atomically(link, b"two")
    assert link.is_symlink()
    assert (tmp_path / "real").read_bytes() == b"two"


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(StoreError) as caught:
        write_atomically(tmp_path / "file", b"one")
    assert caught.value.title.startswith("A file cannot be written: ")
    assert names(tmp_path) == ["file", "home"]


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="A file cannot be written"):
        write_atomically(tmp_path / "file" / "below", b"one")


@pytest.mark.parametrize("durable", [True, False])
def test_what_can_be_had_again_need_not_wait_for_the_disk(
    tmp_path: Path, durable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[int] = []
    monkeypatch.setattr(os, "fsync", waits.append)
    write_atomically(tmp_path / "file", b"one", durable=durable)
    assert (tmp_path / "file").read_bytes() == b"one"
    assert len(waits) == durable
