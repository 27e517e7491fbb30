"""Files that are written by other threads: all of them or an error, and no descriptor is left."""

import hashlib
import os
import threading
from pathlib import Path

import pytest

from core.archive import writers
from core.archive.tree import Tree
from core.archive.writers import Contents, Writers, Writing, WrittenFile, write_pieces

MANY = 40


def writing(path: Path, contents: Contents) -> Writing:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    size = sum(map(len, contents))
    file = WrittenFile(0o644, 0, 0, size, b"")
    return Writing(contents, file, is_hashed=True, descriptor=descriptor)


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
    with Tree(tmp_path) as tree, Writers(tree, threads) as pool:
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
        with Tree(tmp_path) as tree, Writers(tree, threads) as pool:
            for number in range(MANY):
                begun.append(writing(tmp_path / str(number), [b"x" * 10_000]))
                if number == 3:
                    # As on a disk that takes no more: the call that writes fails.
                    read_only = os.open(tmp_path / "3", os.O_RDONLY)
                    os.dup2(read_only, begun[-1].descriptor or -1)
                    os.close(read_only)
                pool.write(begun[-1])

    with pytest.raises(OSError, match="Bad file"):
        write_all_of_them()
    assert 4 <= len(begun) <= MANY
    assert not any(is_open(one.descriptor or -1) for one in begun)


def test_nothing_is_waited_for_after_an_error(tmp_path: Path) -> None:
    begun: list[Writing] = []

    def give_up() -> None:
        with Tree(tmp_path) as tree, Writers(tree, 1) as pool:
            for number in range(MANY):
                begun.append(writing(tmp_path / str(number), [b"x" * 100_000]))
                pool.write(begun[-1])
            raise KeyError

    with pytest.raises(KeyError):
        give_up()
    assert not any(is_open(one.descriptor or -1) for one in begun)


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


def test_files_that_are_made_by_other_threads(tmp_path: Path) -> None:
    files = {f"{number % 3}/{number}": b"x" * number for number in range(MANY)}
    for number in range(3):
        (tmp_path / str(number)).mkdir()
    made: dict[str, WrittenFile] = {}
    with Tree(tmp_path) as tree, Writers(tree, 0) as pool:
        pool.widen(4)
        for path, data in files.items():
            made[path] = WrittenFile(0o755, -1, -1, len(data), data[:4])
            pool.write(Writing([data], made[path], is_hashed=True, path=path))
        pool.settle()
        for path, data in files.items():
            status = (tmp_path / path).stat()
            assert (tmp_path / path).read_bytes() == data
            assert (made[path].owner, made[path].group) == (status.st_uid, status.st_gid)
            assert (status.st_mode & 0o7777, status.st_mtime) == (0o755, 0)
            assert made[path].sha1 == hashlib.sha1(data, usedforsecurity=False).digest()


def test_what_cannot_be_made_is_raised_when_all_have_settled(tmp_path: Path) -> None:
    (tmp_path / "there").touch()

    def make() -> None:
        with Tree(tmp_path) as tree, Writers(tree, 2) as pool:
            file = WrittenFile(0o644, 0, 0, 1, b"x")
            pool.write(Writing([b"x"], file, is_hashed=True, path="there"))
            with pytest.raises(FileExistsError, match="there"):
                pool.settle()
            pool.write(Writing([b"x"], file, is_hashed=True, path="other"))

    with pytest.raises(FileExistsError, match="there"):
        make()
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("may_have", [0, 1])
def test_a_user_who_may_have_no_more_threads(
    may_have: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, started = threading.Thread.start, []

    def bounded(thread: threading.Thread) -> None:
        if len(started) >= may_have:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", bounded)
    top = tmp_path / "tree"
    top.mkdir()
    open_before = os.listdir("/dev/fd")
    with Tree(top) as tree, Writers(tree, 3) as pool:
        for number in range(MANY):
            file = WrittenFile(0o644, 0, 0, 3, b"abc")
            pool.write(Writing([b"abc"], file, is_hashed=True, path=str(number)))
    assert len(started) == may_have
    assert [path.read_bytes() for path in top.iterdir()] == [b"abc"] * MANY
    assert os.listdir("/dev/fd") == open_before
