"""A file is changed by one process at a time."""

import multiprocessing
import threading
from pathlib import Path

import pytest

from core.atomic import changing, write_atomically
from core.errors import StoreError


def count_up(path: Path, times: int) -> None:
    for _ in range(times):
        with changing(path):
            number = int(path.read_bytes()) if path.exists() else 0
            write_atomically(path, b"%d" % (number + 1))


def test_nobody_undoes_what_another_process_did(tmp_path: Path) -> None:
    path = tmp_path / "new" / "number"
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=count_up, args=(path, 25)) for _ in range(3)]
    for other in others:
        other.start()
    count_up(path, 25)
    for other in others:
        other.join(60)
        assert other.exitcode == 0
    assert path.read_bytes() == b"100"


def test_nobody_undoes_what_another_thread_did(tmp_path: Path) -> None:
    path = tmp_path / "number"
    threads = [threading.Thread(target=count_up, args=(path, 25)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert path.read_bytes() == b"100"


def hold(path: Path, held: object, done: object) -> None:
    with changing(path):
        held.set()  # type: ignore[attr-defined]
        done.wait(60)  # type: ignore[attr-defined]


def test_one_who_never_finishes_is_not_waited_for(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    other = context.Process(target=hold, args=(tmp_path / "file", held, done))
    other.start()
    assert held.wait(60)
    with (
        pytest.raises(StoreError, match="Another spackbin is changing the same file") as caught,
        changing(tmp_path / "file", patience=0.1),
    ):
        raise AssertionError("it is locked")
    assert caught.value.retry
    done.set()
    other.join(60)
    with changing(tmp_path / "file", patience=0.1):
        pass


def test_a_link_and_the_file_have_one_lock(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("file")
    with changing(tmp_path / "link"):
        assert (tmp_path / ".file.lock").exists()


def test_a_place_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StoreError, match="A file cannot be written: File exists"),
        changing(tmp_path / "file" / "inner"),
    ):
        raise AssertionError("there is no such place")
