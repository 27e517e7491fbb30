"""The prefix locks of a run."""

import threading
from pathlib import Path

import pytest

from core.engine.holdings import Claim, Holdings
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
    mine, other = Holdings(paths), Holdings(paths)
    assert mine.claim(KELP, lambda: False) is Claim.OURS
    assert not free_to(paths, KELP, write=False)
    assert other.claim(KELP, lambda: False) is Claim.BUSY
    assert not other.share(KELP)
    mine.made(KELP)
    assert free_to(paths, KELP, write=False)
    assert not free_to(paths, KELP, write=True)
    mine.close()
    assert free_to(paths, KELP, write=True)


def test_what_was_lost_is_free(paths: StorePaths) -> None:
    mine = Holdings(paths)
    assert mine.claim(KELP, lambda: False) is Claim.OURS
    mine.drop(KELP)
    mine.drop(KELP)
    assert free_to(paths, KELP, write=True)


def test_what_is_there_is_shared(paths: StorePaths) -> None:
    mine, other = Holdings(paths), Holdings(paths)
    assert other.share(KELP)
    assert mine.claim(KELP, lambda: True) is Claim.THERE
    other.close()
    assert free_to(paths, KELP, write=False)
    assert not free_to(paths, KELP, write=True)
    mine.close()
    assert free_to(paths, KELP, write=True)


def test_what_was_taken_away_while_others_look_at_it_is_in_use(paths: StorePaths) -> None:
    mine, other = Holdings(paths), Holdings(paths)
    assert other.share(KELP)
    assert mine.claim(KELP, lambda: False) is Claim.BUSY
    other.close()
    assert mine.claim(KELP, lambda: False) is Claim.OURS


def test_two_runs_that_need_what_the_other_has_made_do_not_wait(paths: StorePaths) -> None:
    mine, other = Holdings(paths), Holdings(paths)
    assert mine.claim(KELP, lambda: False) is Claim.OURS
    assert other.claim(TIDE, lambda: False) is Claim.OURS
    mine.made(KELP)
    other.made(TIDE)
    # Each holds what it made until it ends, and gets that of the other.
    assert mine.claim(TIDE, lambda: True) is Claim.THERE
    assert other.claim(KELP, lambda: True) is Claim.THERE


def test_two_threads_that_share_hold_one_lock(paths: StorePaths) -> None:
    mine = Holdings(paths)
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

    mine = Holdings(paths)
    with pytest.raises(ValueError, match="cannot be read"):
        mine.claim(KELP, broken)
    assert free_to(paths, KELP, write=True)
