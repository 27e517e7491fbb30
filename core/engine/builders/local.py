"""Builds on this machine, as child processes that outlive us."""

import fcntl
import os
import platform
import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from core.engine.builders.environment import build_environment, jobserver
from core.engine.builders.protocol import BuildTask, JobReport, JobState
from core.engine.builders.record import (
    OUTPUT,
    forget,
    note_cancel,
    read_exit,
    read_start,
    was_cancelled,
)
from core.engine.builders.script import write_script
from core.engine.builders.sessions import end_sessions, ticks_of
from core.engine.builders.site import LocalSettings
from core.errors import NotAvailable, StoreError
from core.host.detect import detect_host
from core.host.microarch import present_name
from core.spack.install import InstallCommands

ALIVE = "alive.lock"
"""In the directory of a task: locked as long as a process of its build has it open."""
GRACE = 10.0
"""Seconds that a build has to clean up when it is cancelled."""

MakeCommands = Callable[[BuildTask], InstallCommands]
"""What to run for a task."""


class LocalBuilder:
    """Every build is a session of its own, without a terminal: it survives us and the log-out.

    The script inherits a locked file and its processes keep it open. So a later engine knows
    whether a build lives, whatever has become of process ids since.

    Args:
        commands: what to run for a task.
        settings: what the site says.
        environ: the environment of the user, default our own.
        grace: seconds that a build has to clean up when it is cancelled.
    """

    name = "local"
    holds_dependencies = False

    def __init__(
        self,
        commands: MakeCommands,
        settings: LocalSettings | None = None,
        environ: Mapping[str, str] | None = None,
        grace: float = GRACE,
    ) -> None:
        self._commands = commands
        self._settings = settings or LocalSettings()
        self._environ = os.environ if environ is None else environ
        self._grace = grace
        self._places: dict[str, Path] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self.limit = self._settings.limit

    def check(self, tasks: Collection[BuildTask]) -> tuple[str, ...]:
        """Look whether this machine has the targets; says so if that cannot be found out.

        Raises:
            NotAvailable: it lacks one.
        """
        targets = detect_host().targets
        if not targets:
            return ("It is not known for which processors this machine can build",)
        for task in tasks:
            if present_name(task.target) not in targets:
                raise NotAvailable(
                    f"{task.label} is for {task.target}, and cannot be built on this machine",
                    f"Its processor is {targets[0]}",
                    "Build where there is such a processor, or for another target",
                )
        return ()

    def submit(self, task: BuildTask, after: Sequence[str]) -> str:  # noqa: ARG002
        """Start a build at once; the id of its job is the hash.

        Raises:
            StoreError: its directory cannot be written, or no process started.
        """
        script = write_script(task.directory, self._commands(task), self._settings.setup)
        try:
            self._children[task.hash] = self._start(task.directory, script)
        except OSError as error:
            raise StoreError(
                f"The build of {task.label} cannot be started: {error.strerror or error}",
                str(task.directory),
            ) from error
        self._places[task.hash] = task.directory
        return task.hash

    def poll(self, jobs: Collection[str]) -> Mapping[str, JobReport]:
        """How these jobs stand."""
        return {job: self._report(job) for job in jobs}

    def cancel(self, jobs: Collection[str]) -> None:
        """End all processes of these jobs, the unwilling ones by force."""
        running = [job for job in jobs if self._report(job).state is JobState.RUNNING]
        note_cancel([self._places[job] for job in running])
        leaders = [leader for job in running if (leader := self._leader(job))]
        end_sessions(leaders, lambda: not any(map(self._lives, running)), self._grace)

    def hold(self, jobs: Collection[str]) -> None:
        """Nothing: every job runs as soon as it is submitted."""

    def release(self, jobs: Collection[str]) -> None:
        """Nothing: none is ever held."""

    def by_hand(self, job: str) -> str:
        """The command with which a user ends a job."""
        start = read_start(self._places[job])
        return f"pkill --session {start.process}" if start else f"pkill -f {self._places[job]}"

    def log(self, task: BuildTask) -> Path:
        """Where the output of its build is."""
        return task.directory / OUTPUT

    def reattach(self, task: BuildTask) -> str | None:
        """The job of an earlier engine that still runs."""
        if read_exit(task.directory) is not None or not _is_held(task.directory / ALIVE):
            return None
        self._places[task.hash] = task.directory
        return task.hash

    def _start(self, directory: Path, script: Path) -> subprocess.Popen[bytes]:
        environment = build_environment(self._environ, self._settings.environment)
        descriptors = jobserver(self._environ)
        if descriptors is not None:
            environment["MAKEFLAGS"] = self._environ["MAKEFLAGS"]
        lock = os.open(directory / ALIVE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            forget(directory)
            with (directory / OUTPUT).open("ab") as output:
                child = subprocess.Popen(
                    ["/bin/bash", str(script)],
                    cwd=directory,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    pass_fds=(lock, *(descriptors or ())),
                    start_new_session=True,
                )
        finally:
            os.close(lock)
        # The user's work, and that of others on a login node, comes first.
        nice = max(self._settings.nice, os.getpriority(os.PRIO_PROCESS, 0))
        with suppress(OSError):  # it has ended already
            os.setpriority(os.PRIO_PGRP, child.pid, nice)
        return child

    def _report(self, job: str) -> JobReport:
        place = self._places[job]
        lives = self._lives(job)
        # Read after that: its last act is to write the status.
        status = read_exit(place)
        start = read_start(place)
        host = start.host if start else platform.node()
        if status == 0:
            return JobReport(JobState.DONE, host)
        if status is None and lives:
            return JobReport(JobState.RUNNING, host)
        if was_cancelled(place):
            return JobReport(JobState.CANCELLED, host, "it was cancelled")
        if status is None:
            reason = "its processes were killed before they could say how it went"
        else:
            reason = f"Spack ended with status {status}"
        return JobReport(JobState.FAILED, host, reason)

    def _lives(self, job: str) -> bool:
        child = self._children.get(job)
        lives = _is_held(self._places[job] / ALIVE)
        is_at_its_end = not lives or read_exit(self._places[job]) is not None
        if child and (is_at_its_end or child.poll() is not None):
            child.wait()
            del self._children[job]
        return lives

    def _leader(self, job: str) -> int | None:
        """The process that leads the session of a job, if it is sure to be that one."""
        if job in self._children:
            return self._children[job].pid
        start = read_start(self._places[job])
        # Its number is nobody else's as long as one of its session is left.
        if start and ticks_of(start.process) in (start.ticks, ""):
            return start.process
        return None


def _is_held(lock: Path) -> bool:
    """True while a process has this file open and locked."""
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
