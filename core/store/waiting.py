"""Waiting for a lock: who holds it is told, and nobody waits for ever.

The kernel names the process that holds a lock, if it is of this machine and this container. Spack
notes the holder in the lock file only when it debugs locks, and only the last one of the whole
file, so that is not looked at.
"""

import itertools
import os
import pwd
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from core.cancel import CancelToken
from core.errors import StoreError
from core.model.holder import Holder
from core.model.ident import DagHash
from core.model.value import Value

if TYPE_CHECKING:
    # Who only reads a store waits for nobody.
    from core.events import Lock, Tell

SHOWN_AFTER = 1.0
"""Seconds of waiting that are not worth a word."""
COMMAND_LENGTH = 120
"""Characters of a command line that are shown."""


def holder_of(pid: int | None) -> Holder:
    """What can be found out of a process, on Linux; of `None` nothing."""
    if not pid:
        return Holder()
    about = Path("/proc", str(pid))
    user, command, since = "", "", 0.0
    with suppress(OSError, KeyError):
        user = pwd.getpwuid(about.stat().st_uid).pw_name
    with suppress(OSError):
        words = (about / "cmdline").read_bytes().split(b"\0")
        command = b" ".join(words).decode(errors="replace").strip()[:COMMAND_LENGTH]
    with suppress(OSError, ValueError, IndexError):
        # Behind the name in brackets, which may hold anything: proc(5), field 22.
        ticks = int((about / "stat").read_text().rpartition(")")[2].split()[19])
        since = _booted() + ticks / os.sysconf("SC_CLK_TCK")
    return Holder(pid, os.uname().nodename, user, command, since)


def _booted() -> float:
    lines = Path("/proc/stat").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("btime "))


class Listener(Value, frozen=True):
    """Whom to tell that somebody waits, once it is worth a word."""

    awaited: Callable[[Holder], None]
    """Called with who holds the lock, and again if that is somebody else."""
    obtained: Callable[[float], None]
    """Called at the end of a wait that was told, with the seconds it took."""


def reporting(tell: "Tell", node: DagHash | None, lock: "Lock") -> Listener:
    """Reports the wait of a node, or of all that is done, as events."""
    from core.events import LockAwaited, LockObtained

    def awaited(holder: Holder) -> None:
        tell(LockAwaited(time=time.time(), node=node, lock=lock, holder=holder))

    def obtained(seconds: float) -> None:
        tell(LockObtained(time=time.time(), node=node, lock=lock, seconds=seconds))

    return Listener(awaited, obtained)


class Wait:
    """One wait for one lock, from the first attempt that fails.

    Args:
        what: what is waited for, as the beginning of a sentence.
        where: the lock file.
        asks: process id of who holds the lock now.
        timeout: seconds to wait, `None` for ever.
        listener: whom to tell.
    """

    def __init__(
        self,
        what: str,
        where: Path,
        asks: Callable[[], int | None],
        timeout: float | None,
        listener: Listener | None = None,
    ) -> None:
        self._what = what
        self._where = where
        self._asks = asks
        self._timeout = timeout
        self._listener = listener
        self._began = time.monotonic()
        self._told: Holder | None = None

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return time.monotonic() - self._began

    def check(self) -> None:
        """An attempt failed: tell who holds the lock, or give up.

        Raises:
            StoreError: it did not come free in time.
        """
        if self._timeout is not None and self.seconds >= self._timeout:
            holder = holder_of(self._asks())
            raise StoreError(
                f"{self._what} is in use by {holder.words}",
                f"Waited {self._timeout:g} seconds for {self._where}"
                + (f"; it runs: {holder.command}" if holder.command else ""),
                "Wait until it has finished, then try again",
                retry=True,
            )
        if self._listener and self.seconds >= SHOWN_AFTER:
            pid = self._asks()
            if self._told is None or self._told.pid != (pid or 0):
                self._told = holder_of(pid)
                self._listener.awaited(self._told)

    def over(self) -> None:
        """The lock was obtained."""
        if self._listener and self._told:
            self._listener.obtained(self.seconds)


def pauses() -> Iterator[float]:
    """Seconds between attempts, as Spack's."""
    return itertools.chain(
        itertools.repeat(0.1, 20), itertools.repeat(0.2, 40), itertools.repeat(0.5)
    )


def wait_until(attempt: Callable[[], bool], wait: Wait, cancel: CancelToken | None) -> None:
    """Try again and again until an attempt succeeds.

    Raises:
        StoreError: it did not in time.
        Interrupted: `cancel` was set.
    """
    token = cancel or CancelToken()
    for pause in pauses():
        if attempt():
            wait.over()
            return
        wait.check()
        token.wait(pause)
        token.check()
