"""Carries two-step jobs through a DAG: fetch at any time, place when all dependencies are placed.

The scheduler knows nothing of packages. A failed job skips its dependents and nothing else.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from enum import Enum
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Fetched = TypeVar("Fetched")


class Outcome(Enum):
    """How a job ended."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


class Scheduler(Generic[Key, Fetched]):
    """Runs `fetch` and then `place` for every job, a few at a time.

    Args:
        order: the jobs, dependencies before dependents.
        depends_on: for each job, those among the jobs that must be placed before it.
        fetch: first step; returns what `place` needs, or `None` if the job failed.
        place: second step; returns whether it succeeded.
        skip: told of a job that is not tried, and which failed job is the cause.
        workers: how many jobs are in each step at once.

    `fetch` and `place` report their own failures and do not raise.
    """

    def __init__(
        self,
        order: Sequence[Key],
        depends_on: Mapping[Key, Sequence[Key]],
        *,
        fetch: Callable[[Key], Fetched | None],
        place: Callable[[Key, Fetched], bool],
        skip: Callable[[Key, Key], None],
        workers: int,
    ) -> None:
        self._order = order
        self._depends_on = depends_on
        self._fetch = fetch
        self._place = place
        self._skip = skip
        self._workers = workers
        self._outcomes: dict[Key, Outcome] = {}
        self._fetched: dict[Key, Fetched] = {}
        self._placing: set[Key] = set()
        self._untried: set[Key] = set()

    def run(self) -> dict[Key, Outcome]:
        """Run all jobs to their end; returns how each ended."""
        with (
            ThreadPoolExecutor(self._workers, "fetch") as fetchers,
            ThreadPoolExecutor(self._workers, "place") as placers,
        ):
            fetching: dict[Future[Fetched | None], Key] = {
                fetchers.submit(self._fetch_unless_hopeless, key): key for key in self._order
            }
            placing: dict[Future[bool], Key] = {}
            while fetching or placing:
                running: list[Future[Any]] = [*fetching, *placing]
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in [future for future in fetching if future in done]:
                    self._take_fetched(fetching.pop(future), future.result())
                for future in [future for future in placing if future in done]:
                    ended = Outcome.DONE if future.result() else Outcome.FAILED
                    self._outcomes[placing.pop(future)] = ended
                self._skip_hopeless()
                for key in self._ready():
                    self._placing.add(key)
                    placing[placers.submit(self._place, key, self._fetched.pop(key))] = key
        return self._outcomes

    def _fetch_unless_hopeless(self, key: Key) -> Fetched | None:
        if self._cause(key) is None:
            return self._fetch(key)
        self._untried.add(key)
        return None

    def _take_fetched(self, key: Key, fetched: Fetched | None) -> None:
        if key in self._outcomes:
            return
        if fetched is not None:
            self._fetched[key] = fetched
        elif key not in self._untried:
            self._outcomes[key] = Outcome.FAILED

    def _skip_hopeless(self) -> None:
        for key in self._order:
            cause = self._cause(key)
            if key not in self._outcomes and key not in self._placing and cause is not None:
                self._outcomes[key] = Outcome.SKIPPED
                self._fetched.pop(key, None)
                self._skip(key, cause)

    def _cause(self, key: Key) -> Key | None:
        bad = (Outcome.FAILED, Outcome.SKIPPED)
        for dependency in self._depends_on.get(key, ()):
            if self._outcomes.get(dependency) in bad:
                return dependency
        return None

    def _ready(self) -> list[Key]:
        return [
            key
            for key in self._order
            if key in self._fetched
            and all(
                self._outcomes.get(dependency) is Outcome.DONE
                for dependency in self._depends_on.get(key, ())
            )
        ]
