"""Whether an engine lives, as this machine and others see it."""

import os
import time
from pathlib import Path

import pytest

from core.engine.liveness import STALE, beat, is_at_rest, is_held, kernel, rest, take


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "engine.lock"


def test_no_lock_no_life(lock: Path) -> None:
    assert not is_held(lock)
    assert not is_at_rest(lock)


def test_here_only_the_lock_counts(lock: Path) -> None:
    descriptor = take(lock)
    assert is_held(lock)
    assert lock.read_text() == kernel()
    os.close(descriptor)
    # It was touched a moment ago, and that does not matter.
    assert not is_held(lock)


def test_it_is_taken_over_from_the_machine_that_made_it(lock: Path) -> None:
    lock.write_text("another kernel, whose name is longer than that of ours")
    os.close(take(lock))
    assert lock.read_text() == kernel()
    assert not is_held(lock)


def test_elsewhere_it_lives_as_long_as_it_says_so(lock: Path) -> None:
    lock.write_text("another kernel")
    assert is_held(lock)
    long_ago = time.time() - STALE - 1
    os.utime(lock, (long_ago, long_ago))
    assert not is_held(lock)
    beat(lock)
    assert is_held(lock)
    # Clocks differ.
    ahead = time.time() + STALE / 2
    os.utime(lock, (ahead, ahead))
    assert is_held(lock)


def test_it_says_when_it_ends(lock: Path) -> None:
    lock.write_text("another kernel")
    assert not is_at_rest(lock)
    rest(lock)
    assert is_at_rest(lock)
    assert not is_held(lock)
    # Whoever takes it then lives, and at its end does not, although the process has the lock yet.
    descriptor = take(lock)
    assert is_held(lock)
    rest(lock)
    assert not is_held(lock)
    os.close(descriptor)


def test_what_is_gone_neither_beats_nor_rests(lock: Path) -> None:
    beat(lock)
    rest(lock)
    assert not lock.exists()
