"""What `squeue` says of jobs.

Asked by a format of its own and not by `--json`: the format is the same in all versions, goes by
the list of jobs, and needs neither accounting nor plugins.
"""

from collections.abc import Mapping

from core.engine.builders.protocol import JobState
from core.model.value import Value

FORMAT = "%i|%T|%B|%r"
"""Id, state, host of the batch script, reason."""

_STATES = {
    "PENDING": JobState.WAITING,
    "CONFIGURING": JobState.WAITING,
    "REQUEUED": JobState.WAITING,
    "REQUEUE_FED": JobState.WAITING,
    "REQUEUE_HOLD": JobState.WAITING,
    "SPECIAL_EXIT": JobState.WAITING,
    "RESV_DEL_HOLD": JobState.WAITING,
    "RUNNING": JobState.RUNNING,
    "SUSPENDED": JobState.RUNNING,
    "STOPPED": JobState.RUNNING,
    "SIGNALING": JobState.RUNNING,
    "STAGE_OUT": JobState.RUNNING,
    "RESIZING": JobState.RUNNING,
    "COMPLETING": JobState.RUNNING,
    "COMPLETED": JobState.DONE,
    "CANCELLED": JobState.CANCELLED,
    "PREEMPTED": JobState.CANCELLED,
    "REVOKED": JobState.CANCELLED,
}
"""By Slurm's name of the state (squeue(1), JOB STATE CODES); all others are failures."""
_SENTENCES = {
    "DependencyNeverSatisfied": "what it needs was not built",
    "TIMEOUT": "the job ran out of its time",
    "OUT_OF_MEMORY": "the job ran out of its memory",
    "NODE_FAIL": "its node failed",
    "BOOT_FAIL": "its node did not start",
    "PREEMPTED": "another job took its place",
    "CANCELLED": "the job was cancelled",
    "DEADLINE": "the job could not end before its deadline",
}
"""What a reason or a state means; others are shown as Slurm says them."""
_NOTHING = frozenset({"", "None", "(null)", "n/a", "N/A"})


class QueuedJob(Value, frozen=True):
    """A job as Slurm sees it."""

    state: JobState
    """How it stands."""
    host: str
    """Where its script runs or ran; empty if not known. Foreign text."""
    reason: str
    """Why it waits or has ended; may be empty. Foreign text."""


def parse_queue(text: str) -> Mapping[str, QueuedJob]:
    """The jobs in what `squeue --noheader --format FORMAT` prints; other lines are left out."""
    jobs: dict[str, QueuedJob] = {}
    for line in text.splitlines():
        match line.strip().split("|", 3):
            case [job, state, host, reason] if job.isascii() and job.isdigit():
                jobs[job] = _job(state, host, reason)
            case _:
                pass
    return jobs


def _job(name: str, host: str, reason: str) -> QueuedJob:
    state = _STATES.get(name, JobState.FAILED)
    host = "" if host in _NOTHING else host
    reason = "" if reason in _NOTHING else reason
    if state is JobState.WAITING:
        return QueuedJob(state, host, reason)
    if state in (JobState.RUNNING, JobState.DONE):
        return QueuedJob(state, host, "")
    said = _SENTENCES.get(reason) or _SENTENCES.get(name) or reason or name
    return QueuedJob(state, host, said)
