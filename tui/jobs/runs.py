"""Installs: start, find, follow, pause, cancel."""

import time

from core.events import RunFinished
from tui.jobs.job import DRAIN_SECONDS, Job, perform
from tui.messages import facts, requests

START_SECONDS = 10.0
"""An engine that has not written its first event after so long is taken for lost."""
EVENTS_AT_ONCE = 2000
"""Events in one fact, so that reading a long journal does not stop the screen."""


@perform.register
def _start_install(request: requests.StartInstall, job: Job) -> None:
    job.tell(facts.InstallStarted(job.session.start_install(request.plan)))


@perform.register
def _find_run(request: requests.FindRun, job: Job) -> None:
    run = job.session.current_run()
    job.tell(facts.RunFound(request, run, run is not None and run.is_alive()))


@perform.register
def _follow_run(request: requests.FollowRun, job: Job) -> None:
    run = request.run
    patience = time.monotonic() + START_SECONDS
    while not job.token.is_cancelled:
        # In this order, so that the last words of an engine that ends right now are not missed.
        is_alive = run.is_alive()
        events = run.events()
        for first in range(0, len(events), EVENTS_AT_ONCE):
            job.tell(facts.EventsArrived(run, tuple(events[first : first + EVENTS_AT_ONCE])))
        if events and isinstance(events[-1], RunFinished):
            return
        if events:
            patience = time.monotonic()
        elif not is_alive and time.monotonic() > patience:
            job.tell(facts.EngineLost(run, run.last_words()))
            return
        job.token.wait(DRAIN_SECONDS)


@perform.register
def _pause_run(request: requests.PauseRun, _: Job) -> None:
    if request.run.is_paused():
        request.run.resume()
    else:
        request.run.pause()


@perform.register
def _cancel_run(request: requests.CancelRun, _: Job) -> None:
    request.run.cancel()
