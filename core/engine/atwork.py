"""Notes in the store of who is at work in it, so that others can tell what the dead have left.

A run keeps its journal in the directory of its user, where others may not look. While its engine is
at work there is a note in the store besides, `.spackbin/working-RUN`: its first line is that of the
engine's lock (see `core.engine.liveness`), which is held and touched in the same way, the second
one says in JSON whose it is and which packages it is about.
"""

import fcntl
import os
import threading
import time
from collections.abc import Collection, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from core.engine.liveness import BEAT, beat, is_held, kernel
from core.model.ident import DagHash
from core.store.history import user_name
from core.store.paths import StorePaths
from core.store.shared import DIRECTORY, open_shared, write_all

_NAME = "working-{}"
_START_TIME = 19  # of the fields behind the name in /proc/PID/stat, see proc(5)


class WorkNote(msgspec.Struct, frozen=True):
    """Who is, or was, at work in a store."""

    run: str
    """Id of the run."""
    user: str
    """Login name of who runs it."""
    host: str
    """Machine that it runs on."""
    pid: int
    """Process id of its engine there."""
    started: str
    """When that process was started, as the kernel counts; empty if that is not known."""
    since: float
    """When it began, seconds since the epoch."""
    hashes: tuple[DagHash, ...]
    """The packages that it is to put in place."""

    @property
    def words(self) -> str:
        """`run 2026-1 of alice on node7`."""
        return f"run {self.run} of {self.user} on {self.host}"


class FoundNote(msgspec.Struct, frozen=True):
    """A note that was found in a store."""

    path: Path
    """Its file."""
    uid: int
    """Number of the user whose file it is: nobody can speak for somebody else."""
    note: WorkNote
    """What it says."""
    is_alive: bool
    """False if its engine is known to be dead."""


@contextmanager
def at_work(paths: StorePaths, run: str, hashes: Collection[DagHash]) -> Generator[None]:
    """Have a note in the store; a store that does not take it is no reason to stop.

    Args:
        paths: the store.
        run: id of the run that this process carries out.
        hashes: the packages that it is about.
    """
    path = paths.root / DIRECTORY / _NAME.format(run)
    note = WorkNote(
        run=run,
        user=user_name(os.geteuid()),
        host=os.uname().nodename,
        pid=os.getpid(),
        started=_start_of(os.getpid()),
        since=time.time(),
        hashes=tuple(hashes),
    )
    ended = threading.Event()
    descriptor = -1
    try:
        with suppress(OSError):
            descriptor = open_shared(path, paths.root)
            # Where the file system has no such locks, what it says and when must do.
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            write_all(descriptor, f"{kernel()}\n".encode() + msgspec.json.encode(note) + b"\n")
        threading.Thread(target=_beat, args=[path, ended], name="beat", daemon=True).start()
        yield
    finally:
        ended.set()
        if descriptor >= 0:
            with suppress(OSError):
                path.unlink()
                # An install that came to nothing leaves nothing.
                path.parent.rmdir()
            os.close(descriptor)


def notes_in(paths: StorePaths) -> list[FoundNote]:
    """The notes in a store, those that can be read."""
    found: list[FoundNote] = []
    for path in sorted((paths.root / DIRECTORY).glob(_NAME.format("*"))):
        with suppress(OSError, ValueError):
            _, _, text = path.read_bytes().partition(b"\n")
            note = msgspec.json.decode(text, type=WorkNote)
            found.append(FoundNote(path, path.lstat().st_uid, note, _lives(path, note)))
    return found


def _lives(path: Path, note: WorkNote) -> bool:
    if _runs_here(path, note):
        return True
    try:
        return is_held(path)
    except OSError:
        return True  # nobody can tell


def _runs_here(path: Path, note: WorkNote) -> bool:
    """True if the process of a note runs on this machine, whatever is to be seen of its lock."""
    is_ours = path.read_text(errors="replace").partition("\n")[0] == kernel()
    return is_ours and bool(note.started) and _start_of(note.pid) == note.started


def _start_of(pid: int) -> str:
    try:
        text = Path("/proc", str(pid), "stat").read_text()
    except OSError:
        return ""
    return text.rpartition(")")[2].split()[_START_TIME]


def _beat(path: Path, ended: threading.Event) -> None:
    while not ended.wait(BEAT):
        beat(path)
