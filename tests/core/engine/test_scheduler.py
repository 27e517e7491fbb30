"""The scheduler carries jobs through a DAG."""

import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from core.engine.scheduler import Outcome, Scheduler


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

    def skip(key: int, cause: int) -> None:
        assert key not in skipped
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
    both_running = threading.Barrier(2, timeout=10)

    def fetch(key: str) -> str:
        both_running.wait()
        return key

    outcomes = Scheduler(
        ["a", "b"], {}, fetch=fetch, place=lambda *_: True, skip=lambda *_: None, workers=2
    ).run()
    assert outcomes == {"a": Outcome.DONE, "b": Outcome.DONE}
