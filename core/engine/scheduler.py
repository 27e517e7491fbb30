"""Carries two-step jobs through a DAG: fetch ahead of need, place when all dependencies are placed.

A job that cannot be placed yet for other reasons is tried again, and keeps nobody waiting. Jobs
that are done elsewhere, as builds are, take part in the order: others wait for them.

The scheduler knows nothing of packages. A failed job skips its dependents and nothing else. What
is fetched and not placed yet is bounded, and fetched in the given order: the first job that is not
placed never waits for room that its dependents have taken.
"""

import time
from collections import deque
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from enum import Enum
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from core.cancel import CancelToken
from core.model.value import Value

Key = TypeVar("Key", bound=Hashable)
Fetched = TypeVar("Fetched")

POLL = 0.1
"""Seconds between two looks at whether the work was cancelled."""
AGAIN = 0.2
"""Seconds after which a job that could not be placed yet is tried again."""
GRACE = 0.5
"""Seconds that a fetch has to end after the work was cancelled; then it is left to itself."""


class Outcome(Enum):
    """How a job ended."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


_BAD = (Outcome.FAILED, Outcome.SKIPPED)


class Ahead(Value, frozen=True):
    """How much may be fetched, or be on its way, before it is placed. One job always may."""

    count: int = 16
    """Jobs."""
    size: int = 1 << 30
    """The sum of their sizes."""


class Scheduler(Generic[Key, Fetched]):
    """Runs `fetch` and then `place` for every job, a few at a time.

    Args:
        order: the jobs, dependencies before dependents.
        depends_on: for each job, those among the jobs that must be placed before it.
        fetch: first step; returns what `place` needs, or `None` if the job failed.
        place: second step; returns whether it succeeded, or `None` if it cannot be done yet.
        skip: told of a job that is not tried, and which failed job is the cause; `None` if it is
            because the work was cancelled.
        workers: how many jobs are in each step at once.
        sizes: sizes of the jobs, as far as they are known.
        ahead: how much is fetched ahead.
        cancel: once it is cancelled no job is begun.
        is_paused: no job is begun while it says so; those that are begun go on to their end.
        abandon: told of a job whose fetch did not end in time after that; it fails.
        is_light: whether what `fetch` returned takes no room.
        elsewhere: jobs that are neither fetched nor placed here: somebody `tell`s how they ended,
            also after a cancel, and whether they are tried.

    `fetch` and `place` report their own failures and do not raise.
    """

    def __init__(
        self,
        order: Sequence[Key],
        depends_on: Mapping[Key, Sequence[Key]],
        *,
        fetch: Callable[[Key], Fetched | None],
        place: Callable[[Key, Fetched], bool | None],
        skip: Callable[[Key, Key | None], None],
        workers: int,
        sizes: Mapping[Key, int] | None = None,
        ahead: Ahead | None = None,
        cancel: CancelToken | None = None,
        is_paused: Callable[[], bool] = lambda: False,
        abandon: Callable[[Key], None] = lambda _: None,
        is_light: Callable[[Fetched], bool] = lambda _: False,
        elsewhere: Collection[Key] = (),
    ) -> None:
        self._order = order
        self._depends_on = depends_on
        self._fetch = fetch
        self._place = place
        self._skip = skip
        self._workers = workers
        self._sizes = sizes or {}
        self._ahead = ahead or Ahead()
        self._cancel = cancel or CancelToken()
        self._is_paused = is_paused
        self._abandon = abandon
        self._is_light = is_light
        self._elsewhere = frozenset(elsewhere)
        self._open = set(elsewhere)
        self._told: SimpleQueue[tuple[Key, Outcome]] = SimpleQueue()
        self._outcomes: dict[Key, Outcome] = {}
        self._is_held_back = False
        self._to_fetch = deque(key for key in order if key not in self._elsewhere)
        self._fetching: dict[Future[Fetched | None], Key] = {}
        self._fetched: dict[Key, Fetched] = {}
        self._placing: dict[Future[bool | None], tuple[Key, Fetched]] = {}
        self._due: dict[Key, float] = {}
        self._revoked: dict[Key, Outcome] = {}
        self._cancelled_at = 0.0

    def run(self) -> dict[Key, Outcome]:
        """Run all jobs to their end; returns how each ended, as of now."""
        fetchers = ThreadPoolExecutor(self._workers, "fetch")
        placers = ThreadPoolExecutor(self._workers, "place")
        try:
            while True:
                self._begin_fetching(fetchers)
                running: list[Future[Any]] = [*self._fetching, *self._placing]
                if not (running or self._due or self._open or self._is_held_back):
                    break
                done = self._wait(running)
                self._take(done)
                self._hear()
                self._heed_cancel()
                self._skip_hopeless()
                self._begin_placing(placers)
        finally:
            # A fetch that was abandoned may never end: nobody waits for it.
            fetchers.shutdown(wait=False, cancel_futures=True)
            placers.shutdown()
        return self.outcomes()

    def outcomes(self) -> dict[Key, Outcome]:
        """How the jobs have ended."""
        return self._outcomes | self._revoked

    def outcome(self, key: Key) -> Outcome | None:
        """How one job has ended, `None` if it has not. From any thread."""
        return self._revoked.get(key) or self._outcomes.get(key)

    def revoke(self, key: Key, outcome: Outcome = Outcome.FAILED) -> None:
        """What was placed is not there any more: its dependents are skipped. From any thread."""
        self._revoked[key] = outcome

    def tell(self, key: Key, outcome: Outcome) -> None:
        """How a job ended that was done elsewhere. From any thread."""
        self._told.put((key, outcome))

    def _wait(self, running: list[Future[Any]]) -> set[Future[Any]]:
        """Wait for something to happen; which of the steps are done."""
        if not running:
            self._cancel.wait(POLL)
            return set()
        return wait(running, POLL, return_when=FIRST_COMPLETED).done

    def _begin_fetching(self, fetchers: ThreadPoolExecutor) -> None:
        self._is_held_back = False
        while self._to_fetch and len(self._fetching) < self._workers:
            key = self._to_fetch[0]
            if key not in self._outcomes:
                self._is_held_back = self._is_paused()
                if self._is_held_back or not self._has_room(key):
                    return
                self._fetching[fetchers.submit(self._fetch, key)] = key
            self._to_fetch.popleft()

    def _has_room(self, key: Key) -> bool:
        fetched = (*self._fetched.items(), *self._placing.values())
        heavy = (other for other, item in fetched if not self._is_light(item))
        here = [*self._fetching.values(), *heavy]
        size = sum(self._sizes.get(other, 0) for other in (*here, key))
        return not here or (len(here) < self._ahead.count and size <= self._ahead.size)

    def _take(self, done: set[Future[Any]]) -> None:
        for future in [future for future in self._fetching if future in done]:
            key, fetched = self._fetching.pop(future), future.result()
            if fetched is None:
                self._outcomes[key] = Outcome.FAILED
            else:
                self._fetched[key] = fetched
        for future in [future for future in self._placing if future in done]:
            (key, fetched), is_placed = self._placing.pop(future), future.result()
            if is_placed is None:
                self._fetched[key] = fetched
                self._due[key] = time.monotonic() + AGAIN
            else:
                self._outcomes[key] = Outcome.DONE if is_placed else Outcome.FAILED

    def _hear(self) -> None:
        while not self._told.empty():
            key, outcome = self._told.get()
            self._outcomes[key] = outcome
            self._open.discard(key)

    def _heed_cancel(self) -> None:
        if not self._cancel.is_cancelled:
            return
        self._cancelled_at = self._cancelled_at or time.monotonic()
        for key in (*self._fetched, *self._to_fetch):
            if key not in self._outcomes:
                self._outcomes[key] = Outcome.SKIPPED
                self._skip(key, None)
        self._fetched.clear()
        self._due.clear()
        if time.monotonic() - self._cancelled_at > GRACE:
            for key in self._fetching.values():
                self._outcomes[key] = Outcome.FAILED
                self._abandon(key)
            self._fetching.clear()

    def _skip_hopeless(self) -> None:
        bad = {key for key, outcome in self._outcomes.items() if outcome in _BAD}
        bad |= self._revoked.keys()
        if not bad:
            return
        busy = {*self._fetching.values(), *(key for key, _ in self._placing.values())}
        busy |= self._elsewhere
        for key in self._order:
            if key in self._outcomes or key in busy:
                continue
            cause = next((other for other in self._depends_on.get(key, ()) if other in bad), None)
            if cause is not None:
                bad.add(key)
                self._outcomes[key] = Outcome.SKIPPED
                self._fetched.pop(key, None)
                self._due.pop(key, None)
                self._skip(key, cause)

    def _begin_placing(self, placers: ThreadPoolExecutor) -> None:
        ready = [key for key in self._order if key in self._fetched and self._is_ready(key)]
        for key in ready[: self._workers - len(self._placing)]:
            fetched = self._fetched.pop(key)
            self._due.pop(key, None)
            self._placing[placers.submit(self._place, key, fetched)] = (key, fetched)

    def _is_ready(self, key: Key) -> bool:
        return self._due.get(key, 0.0) <= time.monotonic() and all(
            self._outcomes.get(dependency) is Outcome.DONE and dependency not in self._revoked
            for dependency in self._depends_on.get(key, ())
        )
