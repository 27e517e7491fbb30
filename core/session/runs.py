"""Starting the engine, and finding the run that is in progress."""

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

from core.engine.journal import LOCK, LOG, Run, new_run, runs
from core.engine.request import make_request
from core.errors import StoreError, WrongUse
from core.model.mirror import Mirror
from core.model.plan import Plan
from core.settings import Settings

PACKAGES = Path(__file__).parents[2]
"""Where `core` lies: the engine's interpreter looks there first."""


def start(plan: Plan, settings: Settings, mirrors: tuple[Mirror, ...]) -> Run:
    """Start the engine on a plan, in a session of its own.

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
        # The engine inherits the open file and with it the lock: see ADR 3.
        fcntl.flock(lock, fcntl.LOCK_EX)
        with (run.directory / LOG).open("ab") as log:
            engine = subprocess.Popen(
                [sys.executable, "-m", "core.engine", str(run.directory)],
                cwd=PACKAGES,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(lock,),
            )
        # Somebody must take note of its end if it comes before ours.
        threading.Thread(target=engine.wait, name="engine", daemon=True).start()
    finally:
        os.close(lock)
    return run


def current(settings: Settings) -> Run | None:
    """The run in progress on this store, else the last one."""
    known = runs(settings)
    return next((run for run in known if run.is_alive()), known[0] if known else None)
