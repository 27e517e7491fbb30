"""Files that are written by other threads: all of them or an error, and no descriptor is left."""

import hashlib
import os
from pathlib import Path

import pytest

from core.archive import writers
from core.archive.writers import Contents, Writers, Writing, WrittenFile, write_pieces

MANY = 40


def writing(path: Path, contents: Contents) -> Writing:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    size = sum(map(len, contents))
    return Writing(descriptor, contents, WrittenFile(0o644, 0, 0, size, b""), is_hashed=True)


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


@pytest.mark.parametrize("waiting", [0, 50_000, writers.WAITING])
@pytest.mark.parametrize("threads", [0, 1, 3])
def test_everything_is_written_and_hashed(
    threads: int, waiting: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "WAITING", waiting)
    contents = [[os.urandom(10_000), memoryview(b"x" * number)] for number in range(MANY)]
    files: list[WrittenFile] = []
    with Writers(threads) as pool:
        for number, pieces in enumerate(contents):
            one = writing(tmp_path / str(number), pieces)
            files.append(one.file)
            pool.write(one)
    for number, pieces in enumerate(contents):
        path, data = tmp_path / str(number), b"".join(pieces)
        assert path.read_bytes() == data
        assert path.stat().st_mtime == 0
        assert files[number].sha1 == hashlib.sha1(data, usedforsecurity=False).digest()


@pytest.mark.parametrize("threads", [0, 2])
def test_what_fails_is_raised_and_all_files_are_closed(threads: int, tmp_path: Path) -> None:
    begun: list[Writing] = []

    def write_all_of_them() -> None:
        with Writers(threads) as pool:
            for number in range(MANY):
                begun.append(writing(tmp_path / str(number), [b"x" * 10_000]))
                if number == 3:
                    # As on a disk that takes no more: the call that writes fails.
                    read_only = os.open(tmp_path / "3", os.O_RDONLY)
                    os.dup2(read_only, begun[-1].descriptor)
                    os.close(read_only)
                pool.write(begun[-1])

    with pytest.raises(OSError, match="Bad file"):
        write_all_of_them()
    assert 4 <= len(begun) <= MANY
    assert not any(is_open(one.descriptor) for one in begun)


def test_nothing_is_waited_for_after_an_error(tmp_path: Path) -> None:
    begun: list[Writing] = []

    def give_up() -> None:
        with Writers(1) as pool:
            for number in range(MANY):
                begun.append(writing(tmp_path / str(number), [b"x" * 100_000]))
                pool.write(begun[-1])
            raise KeyError

    with pytest.raises(KeyError):
        give_up()
    assert not any(is_open(one.descriptor) for one in begun)


def test_pieces_that_the_system_takes_in_parts(tmp_path: Path) -> None:
    read, write = os.pipe()
    with os.fdopen(read, "rb") as reader:
        pieces = [b"a" * 3, b"", b"b" * 5, *[bytes([65 + number % 26]) for number in range(2000)]]
        os.set_blocking(write, True)
        write_pieces(write, pieces)
        os.close(write)
        assert reader.read() == b"".join(pieces)


def test_a_call_that_takes_a_part(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    whole = os.writev
    for taken in range(12):
        some = [b"abc", b"", b"defgh", b"ijk"]

        def part(descriptor: int, pieces: list[bytes], taken: int = taken) -> int:
            return whole(descriptor, [b"".join(pieces)[:taken]])

        monkeypatch.setattr(os, "writev", part)
        path = tmp_path / str(taken)
        with path.open("wb") as file:
            write_pieces(file.fileno(), some)
        assert path.read_bytes() == b"abcdefghijk"
