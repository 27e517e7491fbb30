"""Flushes that are shared."""

import threading
from pathlib import Path

import pytest

from core.engine.flushes import SharedFlush


def test_those_who_wait_share_the_next_one() -> None:
    is_first_running, may_go_on = threading.Event(), threading.Event()
    flushed: list[Path] = []

    def flush(path: Path) -> None:
        flushed.append(path)
        if len(flushed) == 1:
            is_first_running.set()
            assert may_go_on.wait(30)

    shared = SharedFlush(flush)
    first = threading.Thread(target=shared, args=(Path("first"),))
    first.start()
    assert is_first_running.wait(30)
    late = [threading.Thread(target=shared, args=(Path(f"late {n}"),)) for n in range(5)]
    for thread in late:
        thread.start()
    # The first began before they had written: they may not count on it.
    late[0].join(0.2)
    assert all(thread.is_alive() for thread in late)
    may_go_on.set()
    for thread in (first, *late):
        thread.join(30)
    assert len(flushed) == 2


def test_a_flush_that_failed_counts_for_nobody() -> None:
    failures = [OSError(28, "No space left on device")]
    flushed: list[Path] = []

    def flush(path: Path) -> None:
        if failures:
            raise failures.pop()
        flushed.append(path)

    shared = SharedFlush(flush)
    with pytest.raises(OSError, match="No space left"):
        shared(Path("a"))
    shared(Path("a"))
    assert flushed == [Path("a")]
