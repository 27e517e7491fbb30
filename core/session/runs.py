"""Starting the engine, and finding the run that is in progress."""

import fcntl
import os
import threading

from core.engine.journal import LOCK, LOG, Run, new_run, runs
from core.engine.request import make_request
from core.errors import StoreError, WrongUse
from core.model.mirror import Mirror
from core.model.plan import Plan
from core.session.standby import Standby
from core.settings import Settings


def start(
    plan: Plan, settings: Settings, mirrors: tuple[Mirror, ...], standby: Standby | None = None
) -> Run:
    """Start the engine on a plan, in a session of its own.

    Args:
        plan: what to install.
        settings: where things are.
        mirrors: those that the plan may name.
        standby: an engine that waits for a run; one is started if there is none.

    Raises:
        WrongUse: the plan is not ready, or there is nothing to do.
        StoreError: an install into this store is in progress, or the run cannot be recorded.
    """
    if not plan.has_work:
        raise WrongUse("There is nothing to install")
    running = current(settings)
    if running is not None and running.is_alive():
        raise StoreError(
            "An install into this store is in progress",
            f"Run {running.id}",
            "Watch it (spackbin attach), and start this one when it has ended",
        )
    run = new_run(settings, make_request(plan, settings, mirrors))
    lock = os.open(run.directory / LOCK, os.O_RDWR | os.O_CLOEXEC)
    try:
        # The engine gets the open file and with it the lock: see ADR 3.
        fcntl.flock(lock, fcntl.LOCK_EX)
        with (run.directory / LOG).open("ab") as log:
            engine = _ordered(standby, str(run.directory), lock, log.fileno())
        # Somebody must take note of its end if it comes before ours.
        threading.Thread(target=engine.process.wait, name="engine", daemon=True).start()
    finally:
        os.close(lock)
    return run


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


def current(settings: Settings) -> Run | None:
    """The run in progress on this store, else the last one."""
    known = runs(settings)
    return next((run for run in known if run.is_alive()), known[0] if known else None)
