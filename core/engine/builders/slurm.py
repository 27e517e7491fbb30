"""Builds on a cluster: one job of Slurm for each, in the order that Slurm keeps."""

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from core.engine.builders.environment import build_environment
from core.engine.builders.protocol import BuildTask, JobReport, JobState
from core.engine.builders.record import (
    OUTPUT,
    SCRIPT,
    forget,
    is_held,
    note_cancel,
    note_held,
    note_released,
    read_exit,
    read_job,
    read_start,
    was_cancelled,
    write_job,
)
from core.engine.builders.script import write_script
from core.engine.builders.site import SlurmNeeds, SlurmSettings
from core.engine.builders.slurm_client import OURS, SlurmClient
from core.engine.builders.slurm_job import job_options
from core.engine.builders.slurm_nodes import check_target
from core.engine.builders.slurm_queue import QueuedJob
from core.errors import SpackbinError, StoreError
from core.spack.install import InstallCommands

PATIENCE = 60.0
"""Seconds that what a job has written may take to arrive here over a shared file system."""
_ACTIVE = (JobState.WAITING, JobState.RUNNING)
_TERMINATED = 128 + 15

MakeCommands = Callable[[BuildTask, int], InstallCommands]
"""What to run for a task, with so many processes at once (0: as many as Spack takes)."""


class SlurmBuilder:
    """Submits by `sbatch`, asks by `squeue`, ends by `scancel`; needs no accounting.

    Success is what the script of the job has written, see `script`; Slurm is asked for all else.

    Args:
        commands: what to run for a task.
        settings: what the site says.
        environ: the environment of the user, default our own.
        patience: seconds that the files of a job may take to arrive here.
    """

    name = "slurm"
    holds_dependencies = True

    def __init__(
        self,
        commands: MakeCommands,
        settings: SlurmSettings | None = None,
        environ: Mapping[str, str] | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self._commands = commands
        self._settings = settings or SlurmSettings()
        self._patience = patience
        environ = os.environ if environ is None else environ
        # What sbatch sees is what the job sees, and no more.
        environment = build_environment(environ, (*self._settings.environment, *OURS))
        self._client = SlurmClient(environment)
        self._places: dict[str, Path] = {}
        self._reports: dict[str, JobReport] = {}
        self._missing_since: dict[str, float] = {}
        self.limit = self._settings.limit

    def check(self, tasks: Collection[BuildTask]) -> tuple[str, ...]:
        """Look whether Slurm answers, and the partitions are there and have the targets.

        Raises:
            NotAvailable: they are not, or have not.
            SpackbinError: Slurm does not answer.
        """
        needed = {task.hash: self._needs(task) for task in tasks}
        partitions = {
            name: self._client.partition(name)
            for name in dict.fromkeys(needs.partition for needs in needed.values())
        }
        notes: dict[str, None] = {}
        for task in tasks:
            needs = needed[task.hash]
            name, kinds = partitions[needs.partition]
            declared = self._settings.targets.get(name, "")
            notes[check_target(task, name, kinds, declared, needs.constraint)] = None
        return tuple(filter(None, notes))

    def submit(self, task: BuildTask, after: Sequence[str]) -> str:
        """Put a job into the queue; it waits there for those named in `after`.

        Raises:
            StoreError: the directory cannot be written.
            SpackbinError: Slurm does not take it.
        """
        needs = self._needs(task)
        commands = self._commands(task, needs.cpus)
        script = write_script(task.directory, commands, self._settings.setup)
        try:
            forget(task.directory)
        except OSError as error:
            raise StoreError(f"A file cannot be removed: {error}", str(task.directory)) from error
        # A job that is done may be forgotten by Slurm, which would refuse to wait for it.
        waits_for = [job for job in after if read_exit(self._places[job]) != 0]
        job = self._submitted([*self._options(task, needs, waits_for), str(script)], task)
        self._places[job] = task.directory
        write_job(task.directory, self.name, job)
        return job

    def poll(self, jobs: Collection[str]) -> Mapping[str, JobReport]:
        """How these jobs stand, by one question to Slurm for all that have not ended."""
        asked = self._active(jobs)
        try:
            queue = self._client.queue(asked)
        except SpackbinError as error:
            for job in asked:
                self._reports[job] = self._unanswered(job, error)
        else:
            for job in asked:
                self._reports[job] = self._report(job, queue.get(job))
        return {job: self._last(job) for job in jobs}

    def cancel(self, jobs: Collection[str]) -> None:
        """Take these jobs out of the queue, or end them.

        Raises:
            SpackbinError: Slurm does not answer.
        """
        active = self._active(jobs)
        if active:
            note_cancel([self._places[job] for job in active])
            self._client.cancel(active)

    def hold(self, jobs: Collection[str]) -> None:
        """Begin none of these jobs that wait; those that run go on, and begin no second time.

        Raises:
            StoreError: that they are held cannot be noted.
            SpackbinError: Slurm does not answer.
        """
        active = self._active(jobs)
        if active:
            note_held([self._places[job] for job in active])
            self._client.hold(active)

    def release(self, jobs: Collection[str]) -> None:
        """Let those of these jobs begin that we, or an earlier engine, had held.

        Raises:
            SpackbinError: Slurm does not answer.
        """
        held = [job for job in self._active(jobs) if is_held(self._places[job])]
        if held:
            self._client.release(held)
            note_released([self._places[job] for job in held])

    def by_hand(self, job: str) -> str:
        """The command with which a user ends a job."""
        return f"scancel {job}"

    def log(self, task: BuildTask) -> Path:
        """Where the output of its build is."""
        return task.directory / OUTPUT

    def reattach(self, task: BuildTask) -> str | None:
        """The job of an earlier engine that is still in the queue.

        Raises:
            SpackbinError: Slurm does not answer.
        """
        if read_exit(task.directory) == 0 or not (task.directory / SCRIPT).exists():
            return None
        # Whoever was killed just after it had submitted a job could not note which.
        job = read_job(task.directory, self.name) or self._client.find(_comment(task))
        seen = self._client.queue([job]).get(job) if job else None
        if job is None or seen is None or seen.state not in _ACTIVE:
            return None
        self._places[job] = task.directory
        return job

    def _submitted(self, arguments: Sequence[str], task: BuildTask) -> str:
        try:
            return self._client.submit(arguments)
        except SpackbinError:
            # A busy controller may have taken it, and have said so too late for sbatch.
            with suppress(SpackbinError):
                if job := self._client.find(_comment(task)):
                    return job
            raise

    def _needs(self, task: BuildTask) -> SlurmNeeds:
        return self._settings.needs(task.label.partition("@")[0])

    def _options(self, task: BuildTask, needs: SlurmNeeds, after: Sequence[str]) -> list[str]:
        options = job_options(
            self._settings,
            needs,
            name=task.label,
            comment=_comment(task),
            output=str(task.directory / OUTPUT),
        )
        return [
            *options,
            "--requeue",
            "--kill-on-invalid-dep=yes",
            *([f"--dependency=afterok:{':'.join(after)}"] if after else []),
            *self._settings.options,
        ]

    def _active(self, jobs: Collection[str]) -> list[str]:
        return [job for job in jobs if self._last(job).state in _ACTIVE]

    def _last(self, job: str) -> JobReport:
        return self._reports.get(job, JobReport(JobState.WAITING))

    def _unanswered(self, job: str, error: SpackbinError) -> JobReport:
        last = self._last(job)
        if read_exit(self._places[job]) == 0:
            return JobReport(JobState.DONE, last.host)
        return JobReport(last.state, last.host, error.title)

    def _report(self, job: str, seen: QueuedJob | None) -> JobReport:
        place = self._places[job]
        status = read_exit(place)
        start = read_start(place)
        host = (seen.host if seen else "") or (start.host if start else "")
        if status == 0:
            return JobReport(JobState.DONE, host)
        if seen and seen.state in _ACTIVE:
            # Whatever an attempt before this one has written.
            self._missing_since.pop(job, None)
            return JobReport(seen.state, host, seen.reason)
        return self._ended(job, host, seen, status, began=start is not None)

    def _ended(
        self, job: str, host: str, seen: QueuedJob | None, status: int | None, *, began: bool
    ) -> JobReport:
        """A job that neither waits nor runs, and has not succeeded."""
        if was_cancelled(self._places[job]):
            return JobReport(JobState.CANCELLED, host, "it was cancelled")
        if seen and seen.state is not JobState.DONE and not _is_plain_failure(seen, status):
            return JobReport(seen.state, host, seen.reason)
        if status == _TERMINATED:
            return JobReport(JobState.CANCELLED, host, "the job was ended from outside")
        if status is not None:
            return JobReport(JobState.FAILED, host, f"Spack ended with status {status}")
        return self._missing(job, host, was_done=seen is not None, began=began)

    def _missing(self, job: str, host: str, *, was_done: bool, began: bool) -> JobReport:
        """A job that is not in the queue any more, and whose exit status is not here."""
        place = self._places[job]
        since = self._missing_since.setdefault(job, time.monotonic())
        if time.monotonic() - since < self._patience:
            state = self._last(job).state
            return JobReport(state, host, "it has left the queue; its files may be on their way")
        if was_done:
            reason = f"nothing arrived from the node: is {place} on a file system that it has too?"
            return JobReport(JobState.FAILED, host, reason)
        if began:
            reason = "the job left the queue and did not say how it ended"
            return JobReport(JobState.FAILED, host, reason)
        return JobReport(JobState.CANCELLED, host, "the job left the queue before it began")


def _is_plain_failure(seen: QueuedJob, status: int | None) -> bool:
    """True if the exit status says more than Slurm does."""
    return seen.reason == "NonZeroExitCode" and status is not None


def _comment(task: BuildTask) -> str:
    """By which the job of a directory is found if its id is not known."""
    return f"spackbin {task.directory}"
