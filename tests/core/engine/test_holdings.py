"""The prefix locks of a run."""

import threading
from pathlib import Path

import pytest

from core.cancel import CancelToken
from core.engine.holdings import Holdings
from core.errors import Interrupted
from core.model.ident import DagHash
from core.store.locks import PrefixLock
from core.store.paths import StorePaths

KELP = DagHash("k" * 32)
TIDE = DagHash("t" * 32)


@pytest.fixture
def paths(tmp_path: Path) -> StorePaths:
    return StorePaths(tmp_path / "store")


def free_to(paths: StorePaths, hash_: DagHash, *, write: bool) -> bool:
    lock = PrefixLock(paths, hash_)
    is_free = lock.try_acquire(write=write)
    lock.release()
    return is_free


def test_what_is_made_is_ours_alone_and_then_everyones_to_read(paths: StorePaths) -> None:
    mine = Holdings(paths, CancelToken())
    assert mine.make(KELP, lambda: False)
    assert not free_to(paths, KELP, write=False)
    mine.made(KELP)
    assert free_to(paths, KELP, write=False)
    assert not free_to(paths, KELP, write=True)
    mine.close()
    assert free_to(paths, KELP, write=True)


def test_what_was_lost_is_free(paths: StorePaths) -> None:
    mine = Holdings(paths, CancelToken())
    assert mine.make(KELP, lambda: False)
    mine.drop(KELP)
    mine.drop(KELP)
    assert free_to(paths, KELP, write=True)


def test_what_is_there_is_shared(paths: StorePaths) -> None:
    mine, other = Holdings(paths, CancelToken()), Holdings(paths, CancelToken())
    other.share(KELP)
    assert not mine.make(KELP, lambda: True)
    other.close()
    assert not free_to(paths, KELP, write=True)
    mine.close()
    assert free_to(paths, KELP, write=True)


def test_two_runs_that_need_what_the_other_has_made_do_not_wait(paths: StorePaths) -> None:
    mine, other = Holdings(paths, CancelToken()), Holdings(paths, CancelToken())
    assert mine.make(KELP, lambda: False)
    assert other.make(TIDE, lambda: False)
    mine.made(KELP)
    other.made(TIDE)
    # Each holds what it made until it ends, and gets that of the other.
    assert not mine.make(TIDE, lambda: True)
    assert not other.make(KELP, lambda: True)


def test_two_threads_that_share_hold_one_lock(paths: StorePaths) -> None:
    mine = Holdings(paths, CancelToken())
    threads = [threading.Thread(target=mine.share, args=(KELP,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    mine.close()
    assert free_to(paths, KELP, write=True)


def test_a_failing_look_leaves_no_lock(paths: StorePaths) -> None:
    def broken() -> bool:
        raise ValueError("the database cannot be read")

    mine = Holdings(paths, CancelToken())
    with pytest.raises(ValueError, match="cannot be read"):
        mine.make(KELP, broken)
    assert free_to(paths, KELP, write=True)


def test_waiting_ends_when_the_run_is_cancelled(paths: StorePaths) -> None:
    cancel = CancelToken()
    other = Holdings(paths, CancelToken())
    assert other.make(KELP, lambda: False)
    mine = Holdings(paths, cancel)
    threading.Timer(0.1, cancel.cancel).start()
    with pytest.raises(Interrupted):
        mine.make(KELP, lambda: False)
    with pytest.raises(Interrupted):
        mine.share(KELP)
    other.close()
