"""The only file that starts workers.

A request becomes a job: a thread that calls the session, with a cancel token passed down. What it
finds out, errors included, becomes facts. Jobs of one kind run one after the other.
"""

import os
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial, singledispatch
from pathlib import Path

from textual.app import App

from core.cancel import CancelToken
from core.errors import Interrupted, SpackbinError
from core.events import RunFinished
from core.model.ident import MirrorName
from core.session import Session
from tui.messages import JobEnded, Learned, facts, requests

DRAIN_SECONDS = 0.25
"""Between two looks at the journal of a run, and between two reports of progress."""
START_SECONDS = 10.0
"""An engine that has not written its first event after so long is taken for lost."""
EVENTS_AT_ONCE = 2000
"""Events in one fact, so that reading a long journal does not stop the screen."""


@dataclass
class Job:
    """A request being worked on."""

    request: requests.Request
    """What is wanted."""
    session: Session
    """Whom to ask."""
    post: Callable[[facts.Fact], object]
    """Hands a fact to the app; may be called from any thread."""
    token: CancelToken = field(default_factory=CancelToken)
    """Cancelled when nobody wants the answer any more."""

    def tell(self, fact: facts.Fact) -> None:
        """Report a fact, unless nobody wants it any more."""
        if not self.token.is_cancelled:
            self.post(fact)


class Jobs:
    """The jobs at work and those that wait, by kind of request."""

    def __init__(self, app: App[int], session: Session) -> None:
        self._app = app
        self._session = session
        self._queues: dict[type[requests.Request], list[Job]] = defaultdict(list)

    def start(self, request: requests.Request) -> None:
        """Work on a request as soon as those of its kind before it are done."""
        if isinstance(request, requests.GiveUp):
            self._drop(request.kind)
            return
        if request.latest_wins:
            self._drop(type(request))
        queue = self._queues[type(request)]
        queue.append(Job(request, self._session, self._learn))
        if len(queue) == 1:
            self._run(queue[0])

    def ended(self, request: requests.Request) -> None:
        """The thread of a job is done: begin the next of its kind."""
        queue = self._queues[type(request)]
        del queue[0]
        if queue:
            self._run(queue[0])

    def stop(self) -> None:
        """Cancel everything: the program is about to end."""
        for kind in self._queues:
            self._drop(kind)

    def _drop(self, kind: type[requests.Request]) -> None:
        queue = self._queues[kind]
        del queue[1:]
        for job in queue:
            job.token.cancel()

    def _run(self, job: Job) -> None:
        self._app.run_worker(
            partial(self._work, job), thread=True, group=type(job.request).__name__
        )

    def _work(self, job: Job) -> None:
        try:
            perform(job.request, job)
        except SpackbinError as error:
            job.tell(facts.RequestFailed(job.request, error))
        except Exception as error:  # a bug must not take down the screen of a running install
            job.tell(facts.RequestFailed(job.request, _unexpected(error)))
        self._app.post_message(JobEnded(job.request))

    def _learn(self, fact: facts.Fact) -> None:
        self._app.post_message(Learned(fact))


def _unexpected(error: Exception) -> SpackbinError:
    return SpackbinError(
        f"Unexpected {type(error).__name__}: {error}",
        hint="This is a defect of spackbin: report it",
    )


@singledispatch
def perform(request: requests.Request, _: Job) -> None:
    """Do what a request asks for, and tell what came of it."""
    raise TypeError(f"nobody works on {type(request).__name__}")


@perform.register
def _read_host(_: requests.ReadHost, job: Job) -> None:
    job.tell(facts.HostRead(job.session.host(), str(job.session.settings.store)))


@perform.register
def _read_mirrors(_: requests.ReadMirrors, job: Job) -> None:
    job.tell(facts.MirrorsRead(job.session.mirrors()))


@perform.register
def _find_packages(request: requests.FindPackages, job: Job) -> None:
    found = job.session.packages(request.query, all_targets=request.all_targets)
    job.tell(facts.PackagesFound(request, tuple(found)))


@perform.register
def _find_builds(request: requests.FindBuilds, job: Job) -> None:
    found = job.session.builds(request.name, request.query, all_targets=request.all_targets)
    job.tell(facts.BuildsFound(request, tuple(found)))


@perform.register
def _read_details(request: requests.ReadDetails, job: Job) -> None:
    job.tell(facts.DetailsRead(job.session.details(request.hash)))


@perform.register
def _make_plan(request: requests.MakePlan, job: Job) -> None:
    plan = job.session.plan(request.hashes, cancel=job.token)
    job.tell(facts.PlanMade(request, plan, _room(Path(plan.store))))


def _room(store: Path) -> facts.Room | None:
    """What is left where the store is, or will be."""
    while not store.exists() and store != store.parent:
        store = store.parent
    try:
        found = os.statvfs(store)
    except OSError:
        return None
    return facts.Room(found.f_bavail * found.f_frsize, found.f_favail)


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
def _cancel_run(request: requests.CancelRun, _: Job) -> None:
    request.run.cancel()


@perform.register
def _add_mirror(request: requests.AddMirror, job: Job) -> None:
    job.tell(
        facts.MirrorAdded(job.session.add_mirror(request.name, request.url, signed=request.signed))
    )


@perform.register
def _remove_mirror(request: requests.RemoveMirror, job: Job) -> None:
    job.session.remove_mirror(request.name)
    job.tell(facts.MirrorRemoved(request.name))


@perform.register
def _refresh_mirrors(request: requests.RefreshMirrors, job: Job) -> None:
    for name in request.names:
        last = 0.0

        def report(step: str, done: int, total: int, name: MirrorName = name) -> None:
            nonlocal last
            if time.monotonic() - last >= DRAIN_SECONDS:
                last = time.monotonic()
                job.tell(facts.RefreshProgressed(name, step, done, total))

        try:
            job.session.refresh(name, cancel=job.token, progress=report)
        except Interrupted:
            raise
        except SpackbinError as error:
            job.tell(facts.RefreshFailed(name, error))
    job.tell(facts.MirrorsRefreshed(request.names))


@perform.register
def _read_keys(request: requests.ReadKeys, job: Job) -> None:
    job.tell(facts.KeysRead(request.mirror, job.session.keys(request.mirror)))


@perform.register
def _trust_key(request: requests.TrustKey, job: Job) -> None:
    job.tell(facts.KeyTrusted(job.session.trust(request.mirror, request.fingerprint)))


@perform.register
def _distrust_key(request: requests.DistrustKey, job: Job) -> None:
    job.session.distrust(request.mirror, request.fingerprint)
    job.tell(facts.KeyDistrusted(request.mirror, request.fingerprint))
