"""What a builder is: somebody who runs the builds of a run, here or on a cluster."""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from core.model.ident import DagHash
from core.model.value import Value


class JobState(StrEnum):
    """How a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    """Spack ended with status 0."""
    FAILED = "failed"
    """Spack ended with another status, or never began."""
    CANCELLED = "cancelled"
    """Somebody took the job away, us or others."""


class BuildTask(Value, frozen=True):
    """One node to build."""

    hash: DagHash
    """DAG hash."""
    label: str
    """`name@version`, for the name of the job."""
    target: str
    """Microarchitecture that the code is for: where it is built must have it."""
    directory: Path
    """The task's own directory, on a file system that every builder's machine sees: the concrete
    spec in `spec.json`, and whatever the builder keeps there (script, log, exit status)."""


class JobReport(Value, frozen=True):
    """What is known of a job."""

    state: JobState
    """How it stands."""
    host: str = ""
    """Machine that it runs or ran on; empty if not known. Foreign text."""
    reason: str = ""
    """Why it waits, failed or was cancelled; may be empty. Foreign text."""


class Builder(Protocol):
    """Runs builds. Its methods block shortly and may be called from one thread only."""

    name: str
    """`local` or `slurm`."""
    limit: int
    """How many jobs it takes at once."""
    holds_dependencies: bool
    """True if it waits itself for the jobs named in `after`; then a task may be submitted while
    those it needs are still being built. False if it starts whatever it gets."""

    def check(self, tasks: Collection[BuildTask]) -> tuple[str, ...]:
        """Look whether it could build these, before anything is submitted.

        Returns:
            What could not be found out and the user should know, as sentences.

        Raises:
            SpackbinError: it cannot, e.g. its machines lack the target; title and hint say why.
        """
        ...

    def submit(self, task: BuildTask, after: Sequence[str]) -> str:
        """Hand over a task; returns the id of its job, which it also keeps in the directory.

        Args:
            task: what to build.
            after: ids of jobs that must be done before; empty unless `holds_dependencies`.

        Raises:
            SpackbinError: it was not taken.
        """
        ...

    def poll(self, jobs: Collection[str]) -> Mapping[str, JobReport]:
        """How these jobs stand; every one of them is in the answer.

        Ids are those that `submit` or `reattach` of this builder returned. If the one who knows
        does not answer at the moment, a job stands as it did, and the reason says so.
        """
        ...

    def cancel(self, jobs: Collection[str]) -> None:
        """End these jobs; those that have ended already are no error.

        Raises:
            SpackbinError: the one who could end them does not answer.
        """
        ...

    def hold(self, jobs: Collection[str]) -> None:
        """Begin none of these jobs that wait until they are released; those that run go on.

        Raises:
            SpackbinError: the one who could hold them does not answer.
        """
        ...

    def release(self, jobs: Collection[str]) -> None:
        """Let those of these jobs begin that were held by us, or by an earlier engine.

        Raises:
            SpackbinError: the one who could release them does not answer.
        """
        ...

    def by_hand(self, job: str) -> str:
        """The command with which a user ends a job, if we do not."""
        ...

    def log(self, task: BuildTask) -> Path:
        """Where the output of its build is, or will be."""
        ...

    def reattach(self, task: BuildTask) -> str | None:
        """The id of the job that an earlier engine submitted for this directory and that waits or
        runs, or `None`: there is none, or it has ended.

        Raises:
            SpackbinError: nobody can tell at the moment.
        """
        ...
