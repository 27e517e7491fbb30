"""Locks between threads and between processes."""

import errno
import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from store_helpers import KELP, REEF, ordinary_user

from core.cancel import CancelToken
from core.errors import Interrupted, StoreError
from core.model.ident import DagHash
from core.store.locks import database_lock, holder, prefix_lock, prefix_offset, try_prefix_lock
from core.store.paths import StorePaths

HOLDER = """
import sys
from pathlib import Path
from core.store.locks import database_lock, prefix_lock
from core.store.paths import StorePaths

paths = StorePaths(Path(sys.argv[1]))
write = sys.argv[2] == "write"
lock = prefix_lock(paths, sys.argv[3], write=write) if sys.argv[3] else database_lock(
    paths, write=write)
with lock:
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_elsewhere(
    paths: StorePaths, hash_: str = "", *, write: bool = True
) -> Generator[subprocess.Popen[str]]:
    """Another process that holds the lock of a prefix or of the database."""
    arguments = [str(paths.root), "write" if write else "read", hash_]
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_byte_of_a_prefix() -> None:
    assert prefix_offset(DagHash("6ejtimjhmbgbvdrid3dc3bhvuftihs7a")) == 8685642786708399629


def test_lock_files_are_made_with_spacks_modes(store: StorePaths) -> None:
    old = os.umask(0o022)
    try:
        with database_lock(store, write=True), prefix_lock(store, REEF):
            pass
    finally:
        os.umask(old)
    modes = {path.name: path.stat().st_mode & 0o7777 for path in store.database_dir.iterdir()}
    assert modes == {"lock": 0o755, "prefix_lock": 0o755}
    assert store.database_dir.stat().st_mode & 0o7777 == 0o755


def test_a_prefix_locked_by_another_process_is_busy(store: StorePaths) -> None:
    with held_elsewhere(store, REEF) as process:
        with try_prefix_lock(store, REEF) as is_free:
            assert not is_free
        with try_prefix_lock(store, KELP) as is_free:
            assert is_free
        assert holder(store, REEF) == process.pid
        assert holder(store, KELP) is None
        with pytest.raises(StoreError, match=f"in use by process {process.pid}") as caught:
            prefix_lock(store, REEF, timeout=0).__enter__()
        assert caught.value.retry


def test_a_lock_comes_free_when_its_process_is_killed(store: StorePaths) -> None:
    with held_elsewhere(store, REEF) as process:
        process.kill()
        with prefix_lock(store, REEF, timeout=20):
            assert holder(store, REEF) == os.getpid()


def test_readers_of_several_processes_share_the_database(store: StorePaths) -> None:
    with held_elsewhere(store, write=False):
        with database_lock(store, write=False, timeout=0):
            pass
        with pytest.raises(StoreError, match="database of the store is in use"):
            database_lock(store, write=True, timeout=0).__enter__()


def test_a_writer_keeps_readers_out(store: StorePaths) -> None:
    with held_elsewhere(store), pytest.raises(StoreError, match="in use"):
        database_lock(store, write=False, timeout=0).__enter__()


def test_threads_keep_each_other_out(store: StorePaths) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        with prefix_lock(store, REEF, timeout=60):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.02)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 5


def test_threads_that_share_keep_the_lock_until_the_last_is_done(store: StorePaths) -> None:
    with prefix_lock(store, REEF, write=False):
        with prefix_lock(store, REEF, write=False):
            pass
        with try_prefix_lock(store, REEF) as is_free:
            assert not is_free
        with (
            held_elsewhere(store, REEF, write=False),
            pytest.raises(StoreError, match="in use"),
        ):
            prefix_lock(store, REEF, timeout=0).__enter__()


def test_a_lock_on_one_byte_survives_the_release_of_another(store: StorePaths) -> None:
    with prefix_lock(store, REEF):
        with prefix_lock(store, KELP):
            pass
        assert not taken_by_another_process(store, REEF)
        assert taken_by_another_process(store, KELP)


def taken_by_another_process(paths: StorePaths, hash_: DagHash) -> bool:
    script = (
        "import sys; from pathlib import Path; from core.store.locks import try_prefix_lock;"
        "from core.store.paths import StorePaths\n"
        "with try_prefix_lock(StorePaths(Path(sys.argv[1])), sys.argv[2]) as ok: print(ok)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(paths.root), hash_],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout == "True\n"


def test_a_replaced_lock_file_is_opened_anew(store: StorePaths) -> None:
    with prefix_lock(store, REEF):
        pass
    store.prefix_lock.unlink()
    with prefix_lock(store, REEF):
        assert not taken_by_another_process(store, REEF)


def test_waiting_ends_when_it_is_cancelled(store: StorePaths) -> None:
    cancel = CancelToken()
    with held_elsewhere(store, REEF):
        threading.Timer(0.2, cancel.cancel).start()
        with pytest.raises(Interrupted):
            prefix_lock(store, REEF, cancel=cancel).__enter__()


def test_a_forked_child_has_none_of_the_locks(store: StorePaths) -> None:
    script = (
        "import os, sys; from pathlib import Path; from core.store.locks import *;"
        "from core.store.paths import StorePaths\n"
        "paths = StorePaths(Path(sys.argv[1]))\n"
        "with prefix_lock(paths, sys.argv[2]):\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        with try_prefix_lock(paths, sys.argv[2]) as ok:\n"
        "            os._exit(1 if ok else 0)\n"
        "    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
        "    with try_prefix_lock(paths, sys.argv[2]) as ok:\n"
        "        print(ok)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(store.root), REEF],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "0\nFalse\n"


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_said(
    store: StorePaths, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "lockf", refuse)
    with pytest.raises(StoreError, match="cannot lock files") as caught:
        database_lock(store, write=True).__enter__()
    assert "flock" in caught.value.hint


def test_who_may_only_read_can_share_and_not_write() -> None:
    with ordinary_user() as place:
        store = StorePaths(place)
        store.database_dir.mkdir()
        store.lock.touch(mode=0o444)
        store.database_dir.chmod(0o555)
        try:
            with database_lock(store, write=False):
                pass
            with pytest.raises(StoreError, match="you may only read it"):
                database_lock(store, write=True).__enter__()
            with pytest.raises(StoreError, match="permission denied"):
                prefix_lock(store, REEF).__enter__()
        finally:
            store.database_dir.chmod(0o755)
