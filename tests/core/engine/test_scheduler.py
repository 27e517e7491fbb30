"""The scheduler carries jobs through a DAG."""

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.cancel import CancelToken
from core.engine.scheduler import Ahead, Outcome, Scheduler


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[int, list[int]], set[int], set[int]]:
    """(depends on, jobs whose fetch fails, jobs whose place fails) in topological order."""
    size = draw(st.integers(1, 12))
    depends = {
        key: draw(st.lists(st.integers(0, key - 1), unique=True, max_size=4)) if key else []
        for key in range(size)
    }
    keys = st.sets(st.integers(0, size - 1), max_size=2)
    return depends, draw(keys), draw(keys)


@settings(max_examples=60, deadline=None)
@given(graphs(), st.integers(1, 4))
def test_every_job_ends_once_and_only_dependents_of_failures_are_skipped(
    case: tuple[dict[int, list[int]], set[int], set[int]], workers: int
) -> None:
    depends, bad_fetch, bad_place = case
    lock = threading.Lock()
    placed: list[int] = []
    skipped: dict[int, int] = {}

    def fetch(key: int) -> str | None:
        return None if key in bad_fetch else str(key)

    def place(key: int, fetched: str) -> bool:
        assert fetched == str(key)
        with lock:
            assert all(dependency in placed for dependency in depends[key])
            if key not in bad_place:
                placed.append(key)
        return key not in bad_place

    def skip(key: int, cause: int | None) -> None:
        assert key not in skipped
        assert cause is not None
        skipped[key] = cause

    outcomes = Scheduler(
        list(depends), depends, fetch=fetch, place=place, skip=skip, workers=workers
    ).run()

    assert set(outcomes) == set(depends)
    for key, outcome in outcomes.items():
        hopeless = any(outcomes[dep] is not Outcome.DONE for dep in depends[key])
        if key in bad_fetch:
            # The fetch may have been tried before a dependency failed.
            assert outcome in ({Outcome.FAILED, Outcome.SKIPPED} if hopeless else {Outcome.FAILED})
        elif hopeless:
            assert outcome is Outcome.SKIPPED
        else:
            assert outcome is (Outcome.FAILED if key in bad_place else Outcome.DONE)
    assert set(skipped) == {key for key, end in outcomes.items() if end is Outcome.SKIPPED}


def test_independent_jobs_overlap() -> None:
    both_running = threading.Barrier(2, timeout=60)

    def fetch(key: str) -> str:
        both_running.wait()
        return key

    outcomes = Scheduler(
        ["a", "b"], {}, fetch=fetch, place=lambda *_: True, skip=lambda *_: None, workers=2
    ).run()
    assert outcomes == {"a": Outcome.DONE, "b": Outcome.DONE}


@settings(max_examples=40, deadline=None)
@given(graphs(), st.integers(1, 4), st.integers(1, 5), st.lists(st.integers(0, 9), min_size=12))
def test_what_is_fetched_ahead_is_bounded(
    case: tuple[dict[int, list[int]], set[int], set[int]],
    workers: int,
    count: int,
    sizes: list[int],
) -> None:
    depends, bad_fetch, bad_place = case
    lock = threading.Lock()
    here: set[int] = set()

    def fetch(key: int) -> str | None:
        with lock:
            here.add(key)
            assert len(here) == 1 or len(here) <= count
            assert len(here) == 1 or sum(sizes[other] for other in here) <= 12
            if key in bad_fetch:
                here.discard(key)
        return None if key in bad_fetch else "fetched"

    def place(key: int, _: str) -> bool:
        with lock:
            here.discard(key)
        return key not in bad_place

    def skip(key: int, _: int | None) -> None:
        with lock:
            here.discard(key)

    outcomes = Scheduler(
        list(depends),
        depends,
        fetch=fetch,
        place=place,
        skip=skip,
        workers=workers,
        sizes=dict(enumerate(sizes)),
        ahead=Ahead(count, 12),
    ).run()
    assert set(outcomes) == set(depends)
    assert here == set()


def test_what_is_revoked_takes_its_dependents_along() -> None:
    scheduler: Scheduler[str, str]

    def place(key: str, _: str) -> bool:
        if key == "b":
            # Meanwhile "a" is found to be of no use.
            scheduler.revoke("a")
        return True

    scheduler = Scheduler(
        ["a", "b", "c"],
        {"b": ["a"], "c": ["a", "b"]},
        fetch=lambda key: key,
        place=place,
        skip=lambda *_: None,
        workers=1,
    )
    assert scheduler.run() == {"a": Outcome.FAILED, "b": Outcome.DONE, "c": Outcome.SKIPPED}


def test_once_cancelled_nothing_is_begun_and_nobody_is_waited_for_long() -> None:
    cancel, never = CancelToken(), threading.Event()
    begun: list[str] = []
    skipped: list[tuple[str, str | None]] = []
    abandoned: list[str] = []

    def fetch(key: str) -> str:
        begun.append(key)
        cancel.cancel()
        never.wait(60)
        return key

    began = time.monotonic()
    outcomes = Scheduler(
        ["a", "b"],
        {},
        fetch=fetch,
        place=lambda *_: True,
        skip=lambda key, cause: skipped.append((key, cause)),
        workers=1,
        cancel=cancel,
        abandon=abandoned.append,
    ).run()
    assert time.monotonic() - began < 30
    never.set()
    assert begun == abandoned == ["a"]
    assert skipped == [("b", None)]
    assert outcomes == {"a": Outcome.FAILED, "b": Outcome.SKIPPED}


def test_a_job_that_cannot_be_placed_yet_keeps_no_other_waiting() -> None:
    """One worker, one job ahead: what is light takes no room, what waits takes no worker."""
    tries = dict.fromkeys(range(4), 0)
    placed: list[int] = []

    def place(key: int, _: int) -> bool | None:
        tries[key] += 1
        if key == 0 and 3 not in placed:
            return None
        placed.append(key)
        return True

    outcomes = Scheduler(
        range(4),
        {1: (0,)},
        fetch=lambda key: key,
        place=place,
        skip=lambda key, _: pytest.fail(f"{key} was skipped"),
        workers=1,
        ahead=Ahead(count=1),
        is_light=lambda fetched: fetched in (0, 1),
    ).run()
    assert set(outcomes.values()) == {Outcome.DONE}
    assert placed == [2, 3, 0, 1]
    assert tries[0] >= 2


def test_a_job_that_waits_is_skipped_when_the_work_is_cancelled() -> None:
    cancel = CancelToken()
    skipped: list[int] = []

    def place(_: int, __: int) -> bool | None:
        cancel.cancel()
        return None

    outcomes = Scheduler(
        [1, 2],
        {2: (1,)},
        fetch=lambda key: key,
        place=place,
        skip=lambda key, cause: skipped.append(key),
        workers=2,
        cancel=cancel,
    ).run()
    assert set(outcomes.values()) == {Outcome.SKIPPED}
    assert sorted(skipped) == [1, 2]


@settings(max_examples=30, deadline=None)
@given(graphs(), st.sets(st.integers(0, 11)), st.booleans())
def test_jobs_that_are_done_elsewhere_take_part_in_the_order(
    case: tuple[dict[int, list[int]], set[int], set[int]], chosen: set[int], is_cancelled: bool
) -> None:
    depends, bad, _ = case
    elsewhere = chosen & depends.keys()
    cancel = CancelToken()
    placed: set[int] = set()

    def place(key: int, _fetched: str) -> bool:
        assert all(scheduler.outcome(need) is Outcome.DONE for need in depends[key])
        placed.add(key)
        return True

    scheduler: Scheduler[int, str] = Scheduler(
        list(depends),
        depends,
        fetch=str,
        place=place,
        skip=lambda *_: None,
        workers=2,
        cancel=cancel,
        elsewhere=elsewhere,
    )

    def work_elsewhere() -> None:
        if is_cancelled:
            cancel.cancel()
        for key in sorted(elsewhere):
            while any(scheduler.outcome(need) is None for need in depends[key]):
                time.sleep(0.001)
            is_hopeless = any(scheduler.outcome(n) is not Outcome.DONE for n in depends[key])
            failed = Outcome.SKIPPED if is_hopeless else Outcome.FAILED
            scheduler.tell(key, failed if is_hopeless or key in bad else Outcome.DONE)
            while scheduler.outcome(key) is None:
                time.sleep(0.001)

    other = threading.Thread(target=work_elsewhere)
    other.start()
    outcomes = scheduler.run()
    other.join()
    assert outcomes.keys() == depends.keys()
    assert not placed & elsewhere
    for key, outcome in outcomes.items():
        if any(outcomes[need] is not Outcome.DONE for need in depends[key]):
            assert outcome is Outcome.SKIPPED
        elif key in elsewhere:
            assert outcome is (Outcome.FAILED if key in bad else Outcome.DONE)
        else:
            assert outcome is Outcome.DONE or is_cancelled


def test_nothing_is_begun_while_paused_and_what_is_begun_ends() -> None:
    is_paused = threading.Event()
    begun: list[str] = []
    placed: list[str] = []

    def fetch(key: str) -> str:
        begun.append(key)
        is_paused.set()
        return key

    def place(key: str, _: str) -> bool:
        placed.append(key)
        return True

    work = Scheduler(
        ["a", "b", "c"],
        {"b": ["a"]},
        fetch=fetch,
        place=place,
        skip=lambda *_: None,
        workers=1,
        is_paused=is_paused.is_set,
    )
    runner = threading.Thread(target=work.run)
    runner.start()
    while placed != ["a"]:
        time.sleep(0.01)
    time.sleep(0.3)
    assert (begun, placed) == (["a"], ["a"])
    assert runner.is_alive()
    begun.clear()
    is_paused.clear()
    while placed != ["a", "b"]:
        time.sleep(0.01)
    time.sleep(0.3)
    assert begun == ["b"]
    is_paused.clear()
    runner.join(10)
    assert work.outcomes() == dict.fromkeys("abc", Outcome.DONE)


def test_a_cancel_ends_a_pause_at_once() -> None:
    cancel = CancelToken()
    skipped: list[str] = []
    work = Scheduler(
        ["a", "b"],
        {},
        fetch=lambda key: key,
        place=lambda *_: True,
        skip=lambda key, _: skipped.append(key),
        workers=1,
        cancel=cancel,
        is_paused=lambda: True,
    )
    runner = threading.Thread(target=work.run)
    runner.start()
    time.sleep(0.2)
    assert runner.is_alive()
    cancel.cancel()
    runner.join(2)
    assert not runner.is_alive()
    assert skipped == ["a", "b"]
