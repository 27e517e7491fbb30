"""Starting the engine, and finding the runs that are in progress."""

import fcntl
import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from core.engine.builders.record import JOB
from core.engine.journal import LOCK, LOG, REQUEST, Run, new_run, runs, runs_directory
from core.engine.liveness import take
from core.engine.request import make_request, read_request
from core.errors import NotAvailable, StoreError, WrongUse
from core.events import RunFinished
from core.model.ident import DagHash
from core.model.mirror import Mirror
from core.model.plan import Disposition, Plan
from core.session.standby import Standby
from core.settings import Settings

if TYPE_CHECKING:
    # Loaded by who asks for it.
    from core.model.buildlogs import BuildLog
    from core.model.environment import Environment

STARTING = "starting.lock"
"""Beside the runs of a store: held while one is started, so that nobody starts the same twice."""


class RunDesk:
    """The runs on a store and on the quarantine stores beside it, as far as this user started them.

    Args:
        settings: where things are.
        quarantines: roots of the quarantine stores, as of now.
    """

    def __init__(self, settings: Settings, quarantines: Callable[[], tuple[Path, ...]]) -> None:
        self._settings = settings
        self._quarantines = quarantines

    def in_progress(self) -> tuple[Run, ...]:
        """The runs whose engine lives, newest first."""
        return tuple(run for run in self._all() if run.is_alive())

    def current(self) -> Run | None:
        """The newest run in progress, else the last one, or none."""
        return max(self._all(), key=lambda run: (run.is_alive(), run.id), default=None)

    def find(self, name: str) -> Run:
        """The run of this id, or whose id ends so.

        Raises:
            NotAvailable: there is none.
            WrongUse: there are several.
        """
        found = [run for run in self._all() if run.id.endswith(name)]
        if not found:
            raise NotAvailable(f"There is no run {name!a}", f"Store: {self._settings.store}")
        if len(found) > 1:
            raise WrongUse(f"There are {len(found)} runs whose names end with {name!a}")
        return found[0]

    def asked(self, name: str) -> "tuple[Environment, str]":
        """What a run was asked for, and who was to build what has no binary (empty: nobody).

        Raises:
            NotAvailable: there is no run of this name.
            WrongUse: there are several, or it is in progress.
            StoreError: it is one of another version of spackbin.
        """
        from core.model.environment import Environment, EnvironmentRoot

        run = self.find(name)
        if run.is_alive():
            raise WrongUse(
                f"Run {run.id} is in progress", hint=f"To watch it: spackbin attach {run.id}"
            )
        request = read_request(run.directory / REQUEST)
        graph = request.graph()
        roots = tuple(EnvironmentRoot(hash_, graph[hash_].label) for hash_ in request.roots)
        return Environment(roots, graph), request.builder

    def successor(self, run: Run) -> Run | None:
        """The run in progress that was asked for all that a dead one was asked for, or none."""
        wanted = _roots_of(run)
        others = (other for other in self.in_progress() if wanted and wanted <= _roots_of(other))
        return next(others, None)

    def is_sent(self, run: Run) -> bool:
        """True if the engine of a run is, or was, a job of a cluster."""
        return (run.directory / JOB).exists()

    def build_log(self, text: str = "") -> "BuildLog":
        """The kept output of the newest build that a spec or hash means.

        Without one, that of a failed build of the newest run with builds, or of its last.

        Raises:
            WrongUse: the spec cannot be parsed.
            NotAvailable: there is none.
        """
        from core.session.logs import find_log

        return find_log(sorted(self._all(), key=lambda run: run.id, reverse=True), text)

    def joinable(self, plan: Plan) -> Run | None:
        """The run in progress that does all that a plan would, or none."""
        return joinable(plan, replace(self._settings, store=Path(plan.store)))

    def start(
        self,
        plan: Plan,
        mirrors: tuple[Mirror, ...],
        standby: Standby | None = None,
        on: str = "",
    ) -> Run:
        """Start the engine on a plan, or join the run that does the same already."""
        return start(plan, replace(self._settings, store=Path(plan.store)), mirrors, standby, on)

    def _all(self) -> list[Run]:
        stores = dict.fromkeys((self._settings.store, *self._quarantines()))
        return [run for store in stores for run in _seen(replace(self._settings, store=store))]


def start(
    plan: Plan,
    settings: Settings,
    mirrors: tuple[Mirror, ...],
    standby: Standby | None = None,
    on: str = "",
) -> Run:
    """Start the engine on a plan, in a session of its own, or join a run that does it already.

    Other installs into the store may be in progress, of whomever: the engines share the work, see
    docs/adr/0016.

    Args:
        plan: what to install.
        settings: where things are.
        mirrors: those that the plan may name.
        standby: an engine that waits for a run; one is started if there is none.
        on: empty for this machine; `slurm` for a node of the cluster.

    Raises:
        WrongUse: the plan is not ready, there is nothing to do, or it cannot be done `on` that.
        StoreError: the run cannot be recorded.
        SpackbinError: the cluster does not take it.
    """
    if not plan.has_work:
        raise WrongUse("There is nothing to install")
    if on and plan.having(Disposition.BUILD):
        raise WrongUse(
            "Only what has a binary is installed by a job",
            hint="Let each build be a job of its own: --builder slurm",
        )
    request = make_request(plan, settings, mirrors)
    with _starting(settings):
        joined = joinable(plan, settings)
        if joined:
            return joined
        run = new_run(settings, request)
        if on:
            from core.session.sent import send

            return send(run, settings, mirrors)
        _begin(run, standby)
    return run


def _begin(run: Run, standby: Standby | None) -> None:
    lock = take(run.directory / LOCK)
    try:
        # The engine gets the open file and with it the lock: see ADR 3.
        with (run.directory / LOG).open("ab") as log:
            engine = _ordered(standby, str(run.directory), lock, log.fileno())
        assert engine.process
        # Somebody must take note of its end if it comes before ours.
        threading.Thread(target=engine.process.wait, name="engine", daemon=True).start()
    finally:
        os.close(lock)


def _seen(settings: Settings) -> list[Run]:
    """All runs of the store, newest first, each as what it is."""
    return [_as_sent(run) if (run.directory / JOB).exists() else run for run in runs(settings)]


def _as_sent(run: Run) -> Run:
    from core.session.sent import SentRun

    return SentRun(run.directory)


def _roots_of(run: Run) -> frozenset[DagHash]:
    """What a run was asked for; nothing if it is one of another version of spackbin."""
    try:
        return frozenset(read_request(run.directory / REQUEST).roots)
    except StoreError:
        return frozenset()


def joinable(plan: Plan, settings: Settings) -> Run | None:
    """The run in progress on the store of `settings` that does all that a plan would, or none."""
    return next((run for run in _seen(settings) if run.is_alive() and _does(run, plan)), None)


def _does(run: Run, plan: Plan) -> bool:
    """True if a run installs the same archives, has the same built, and was asked for the same."""
    if run.is_cancelled():
        return False
    try:
        request = read_request(run.directory / REQUEST)
    except StoreError:
        return False  # of another version of spackbin
    if any(isinstance(event, RunFinished) for event in run.history()):
        return False  # it has ended but for its process
    fetches = {(fetch.hash, fetch.archive_sha256) for fetch in request.fetches}
    wanted = {
        (node.spec.hash, node.source.archive_sha256)
        for node in plan.having(Disposition.CACHED)
        if node.source
    }
    builds = {node.spec.hash for node in plan.having(Disposition.BUILD)}
    return (
        wanted <= fetches
        and builds <= set(request.builds)
        and set(plan.roots) <= set(request.roots)
    )


@contextmanager
def _starting(settings: Settings) -> Generator[None]:
    directory = runs_directory(settings)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(directory / STARTING, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(
            f"The run cannot be recorded: {error.strerror}",
            str(directory),
            "Free some space, or name another place with SPACKBIN_STATE_DIR",
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _ordered(standby: Standby | None, directory: str, lock: int, log: int) -> Standby:
    """The engine that has taken the run."""
    if standby is not None:
        try:
            standby.order(directory, lock, log)
        except OSError:
            # Somebody ended it while it waited.
            standby.dismiss()
        else:
            return standby
    engine = Standby()
    engine.order(directory, lock, log)
    return engine
