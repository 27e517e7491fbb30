"""What a flush of a file system reaches."""

from pathlib import Path

import pytest

from core.store.disk import is_one_file_system


def test_one_file_system_or_two(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert is_one_file_system(tmp_path, inner)
    assert not is_one_file_system(tmp_path, Path("/proc"))


def test_what_is_not_there_is_on_no_file_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        is_one_file_system(tmp_path, tmp_path / "missing")
