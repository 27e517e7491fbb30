"""What was done to the store: history, undo, uninstall."""

import time

from core.errors import Interrupted
from core.events import Event, RemovalDecided
from tui.jobs.job import DRAIN_SECONDS, Job, perform
from tui.messages import facts, requests


@perform.register
def _read_history(_: requests.ReadHistory, job: Job) -> None:
    job.tell(facts.HistoryRead(job.session.history()))


@perform.register
def _plan_uninstall(request: requests.PlanUninstall, job: Job) -> None:
    plan = job.session.removal_plan(
        request.hashes, dependents=request.dependents, unused=request.unused
    )
    job.tell(facts.RemovalPlanned(request, plan))


@perform.register
def _plan_undo(request: requests.PlanUndo, job: Job) -> None:
    job.tell(facts.RemovalPlanned(request, job.session.undo_plan(request.number)))


@perform.register
def _remove(request: requests.Remove, job: Job) -> None:
    # Posted even if it was given up: it may have been too late for that, and what is gone is gone.
    report = _Report(request, job)
    try:
        done = job.session.install_tree.remove(request.plan, job.token, report.take)
    except Interrupted:
        job.post(facts.RemovalGivenUp(request))
    else:
        job.post(facts.Removed(request, done))


class _Report:
    """Hands on the events of a removal, several at once when there are many."""

    def __init__(self, request: requests.Remove, job: Job) -> None:
        self._request = request
        self._job = job
        self._events: list[Event] = []
        self._last = 0.0

    def take(self, event: Event) -> None:
        """Take in the next event."""
        self._events.append(event)
        is_due = time.monotonic() - self._last >= DRAIN_SECONDS
        if is_due or isinstance(event, RemovalDecided):
            self._last = time.monotonic()
            self._job.post(facts.RemovalProgressed(self._request, tuple(self._events)))
            self._events.clear()
