"""What is known of a job from the files in the directory of its task, whoever runs it."""

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from core.atomic import write_atomically
from core.model.value import Value

SCRIPT = "build.sh"
"""What the builder runs."""
OUTPUT = "build.log"
"""What Spack says; of all attempts, if there are several."""
STARTED = "started"
"""Written by the script as it begins: host, time, attempt, process id, when that process began."""
EXIT = "exit"
"""Written by the script at its end: exit status, time. The only proof of success."""
JOB = "job"
"""Written by a builder whose jobs have ids of others: its name, the id."""
CANCELLED = "cancelled"
"""Written by us before we end a job."""
HELD = "held"
"""Written by us before we have a job held, and there until it is released."""


class Start(Value, frozen=True):
    """The latest start of a script."""

    host: str
    """Name of the machine. Foreign text."""
    attempt: int
    """1, or more if it was put back into the queue."""
    process: int
    """Its process id there, which is that of its session."""
    ticks: str
    """When that process began, in the kernel's own count; empty where there is no `/proc`."""


def read_start(directory: Path) -> Start | None:
    """The latest start, `None` if there was none yet."""
    lines = _lines(directory / STARTED)
    with suppress(ValueError, IndexError):
        return Start(lines[0], int(lines[2]), int(lines[3]), lines[4])
    return None


def read_exit(directory: Path) -> int | None:
    """The exit status of the script, `None` if it has not ended by itself."""
    with suppress(ValueError, IndexError):
        return int(_lines(directory / EXIT)[0])
    return None


def read_job(directory: Path, builder: str) -> str | None:
    """The id of the job that `builder` has for this task, if it has."""
    match _lines(directory / JOB):
        case [name, job, *_] if name == builder:
            return job
        case _:
            return None


def write_job(directory: Path, builder: str, job: str) -> None:
    """Note the id of a job.

    Raises:
        StoreError: it cannot be written.
    """
    write_atomically(directory / JOB, f"{builder}\n{job}\n".encode())


def forget(directory: Path) -> None:
    """Remove what an earlier job of this task has left, but for its output."""
    for name in (STARTED, EXIT, JOB, CANCELLED, HELD):
        (directory / name).unlink(missing_ok=True)


def note_cancel(directories: Sequence[Path]) -> None:
    """Note that we end these jobs, as far as that can be noted."""
    for directory in directories:
        with suppress(OSError):
            (directory / CANCELLED).write_text(f"{time.time():.0f}\n")


def was_cancelled(directory: Path) -> bool:
    """True if we have ended the job."""
    return (directory / CANCELLED).exists()


def note_held(directories: Sequence[Path]) -> None:
    """Note that we have these jobs held, so that whoever takes them over releases them.

    Raises:
        StoreError: it cannot be written.
    """
    for directory in directories:
        write_atomically(directory / HELD, b"")


def note_released(directories: Sequence[Path]) -> None:
    """Note that these jobs are held no longer, as far as that can be noted."""
    for directory in directories:
        with suppress(OSError):
            (directory / HELD).unlink(missing_ok=True)


def is_held(directory: Path) -> bool:
    """True if we have had the job held, and nobody has released it since."""
    return (directory / HELD).exists()


def _lines(path: Path) -> list[str]:
    # Opened anew each time: network file systems look for a newer file when one is opened.
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []
