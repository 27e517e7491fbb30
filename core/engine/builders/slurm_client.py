"""Slurm's own programs: `sbatch`, `squeue`, `scancel`, `scontrol`, `sinfo`."""

import os
import re
import subprocess
from collections.abc import Collection, Mapping, Sequence

from core.engine.builders.slurm_queue import FORMAT, QueuedJob, parse_queue
from core.errors import NotAvailable, SpackbinError

ANSWER = 30.0
"""Seconds in which Slurm must answer."""
OURS = (
    "SLURM_CONF",
    *("SBATCH_ACCOUNT", "SBATCH_PARTITION", "SBATCH_QOS", "SBATCH_RESERVATION", "SBATCH_TIMELIMIT"),
)
"""Variables for these programs. All others of such names are those of a job around us."""
PARTITION_FORMAT = "%P|%a|%f"
"""Partition, with a star if it is the default one; whether it is up; features of its nodes."""
_GONE = "Invalid job id"
_OVER = (_GONE, "already finished", "no longer pending")
_JOB = re.compile(r"(\d+)(?:;.*)?")


class SlurmClient:
    """Runs them and reads what they say.

    Args:
        environment: what they see; `sbatch` gives all of it to the job.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def submit(self, arguments: Sequence[str]) -> str:
        """`sbatch`; returns the id of the job.

        Raises:
            SpackbinError: Slurm does not take it.
        """
        done = self._run("sbatch", "--parsable", *arguments)
        ids = [found[1] for line in done.stdout.splitlines() if (found := _JOB.fullmatch(line))]
        if done.returncode != 0 or not ids:
            raise SpackbinError(
                f"Slurm does not take a job: {_said(done)}",
                hint="Look at the table [slurm] of config.toml; docs/building.md explains it",
            )
        return ids[-1]

    def queue(self, jobs: Collection[str]) -> Mapping[str, QueuedJob]:
        """What `squeue` knows of these jobs, also of those that ended a while ago (`MinJobAge`).

        Raises:
            SpackbinError: Slurm does not answer.
        """
        if not jobs:
            return {}
        listed = ",".join(jobs)
        return parse_queue(self._squeue(f"--format={FORMAT}", "--states=all", f"--jobs={listed}"))

    def find(self, comment: str) -> str | None:
        """The id of our job with this comment that waits or runs, or none.

        Raises:
            SpackbinError: Slurm does not answer.
        """
        lines = self._squeue("--format=%i|%k", f"--user={os.getuid()}").splitlines()
        found = (line.strip().partition("|") for line in lines)
        return next((job for job, _, said in found if said == comment), None)

    def cancel(self, jobs: Sequence[str]) -> None:
        """`scancel`; jobs that have ended are no error.

        Raises:
            SpackbinError: Slurm does not answer.
        """
        done = self._run("scancel", *jobs)
        if done.returncode != 0 and _GONE not in done.stderr:
            raise _no_answer(done)

    def withdraw(self, job: str) -> None:
        """`scancel` for a job that waits; one that runs goes on.

        Raises:
            SpackbinError: Slurm does not answer.
        """
        done = self._run("scancel", "--state=PENDING", job)
        if done.returncode != 0 and _GONE not in done.stderr:
            raise _no_answer(done)

    def hold(self, jobs: Sequence[str]) -> None:
        """`scontrol uhold`: jobs that wait are not begun; those that run go on.

        Raises:
            SpackbinError: Slurm does not answer.
        """
        self._control("uhold", jobs)

    def release(self, jobs: Sequence[str]) -> None:
        """`scontrol release`, after `hold`.

        Raises:
            SpackbinError: Slurm does not answer.
        """
        self._control("release", jobs)

    def partition(self, name: str) -> tuple[str, tuple[frozenset[str], ...]]:
        """Name of a partition, the default one if `name` is empty, and its nodes' features.

        Of nodes with the same features there is one entry; none at all if there is no default.

        Raises:
            NotAvailable: there is no such partition, or it takes no jobs.
            SpackbinError: Slurm does not answer.
        """
        done = self._run("sinfo", "--noheader", f"--format={PARTITION_FORMAT}")
        if done.returncode != 0:
            raise _no_answer(done)
        rows = [line.strip().split("|", 2) for line in done.stdout.splitlines()]
        rows = [row for row in rows if len(row) == 3 and _is_meant(row[0], name)]
        if (name and not rows) or any(state != "up" for _, state, _ in rows):
            raise NotAvailable(
                f"Slurm has no partition {name!a} that takes jobs",
                hint="Name another in the table [slurm] of config.toml; `sinfo` lists them",
            )
        found = rows[0][0].removesuffix("*") if rows else ""
        return found, tuple(_features(text) for _, _, text in rows)

    def _control(self, order: str, jobs: Sequence[str]) -> None:
        """`scontrol` for jobs; that some of them have ended is no error."""
        done = self._run("scontrol", order, ",".join(jobs))
        is_over = all(any(over in line for over in _OVER) for line in done.stderr.splitlines())
        if done.returncode != 0 and not (done.stderr and is_over):
            raise _no_answer(done)

    def _squeue(self, *arguments: str) -> str:
        done = self._run("squeue", "--noheader", *arguments)
        if done.returncode != 0 and _GONE not in done.stderr:
            raise _no_answer(done)
        return done.stdout

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=ANSWER,
                check=False,
            )
        except FileNotFoundError as error:
            raise NotAvailable(
                f"Slurm's {command[0]} is not here",
                hint="Go to a machine of the cluster, or use the builder `local`",
            ) from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SpackbinError(f"Slurm's {command[0]} fails: {error}", retry=True) from error


def _is_meant(partition: str, name: str) -> bool:
    return partition.removesuffix("*") == name if name else partition.endswith("*")


def _features(text: str) -> frozenset[str]:
    return frozenset(text.replace("(null)", "").split(",")) - {""}


def _said(done: subprocess.CompletedProcess[str]) -> str:
    """The last line that a program said, without its own name."""
    last = done.stderr.strip().rpartition("\n")[2]
    return last.removeprefix(f"{done.args[0]}: ").removeprefix("error: ") or "it does not say why"


def _no_answer(done: subprocess.CompletedProcess[str]) -> SpackbinError:
    return SpackbinError(
        f"Slurm does not answer: {_said(done)}", hint="Try again in a while", retry=True
    )
