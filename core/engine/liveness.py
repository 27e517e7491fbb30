"""How others see whether the engine of a run lives, on this machine or another.

The engine holds a lock on a file (`flock`). That dies with it, and is seen by all who share its
kernel; whether other machines see it depends on their file system. Therefore the file also says
which kernel it is, and the engine touches it now and then. A machine whose kernel is another one
takes it for dead once it has not done so for a while.
"""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

BEAT = 10.0
"""Seconds between two touches."""
STALE = 120.0
"""Seconds after which an engine elsewhere counts as dead; clocks may differ by some of them."""
_LONGEST = 256
"""Bytes of the name of a kernel."""


def kernel() -> str:
    """What tells this running kernel from others: the id of its boot, else the machine's name."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return os.uname().nodename


def take(lock: Path) -> int:
    """Become the holder; it lasts as long as the returned descriptor is open.

    Raises:
        OSError: it cannot be opened or locked.
    """
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.truncate(descriptor, 0)
    os.write(descriptor, kernel().encode())
    # At once for others too: until it is closed a network file system may keep what was written.
    os.utime(descriptor)
    return descriptor


def beat(lock: Path) -> None:
    """Say that the holder lives."""
    with suppress(OSError):
        os.utime(lock)


def rest(lock: Path) -> None:
    """Say that the holder has come to its end, or is known to be dead."""
    with suppress(OSError):
        os.utime(lock, (0, 0))


def is_at_rest(lock: Path) -> bool:
    """True if `rest` was said."""
    try:
        return lock.stat().st_mtime == 0
    except OSError:
        return False


def is_held(lock: Path) -> bool:
    """True while the holder lives, on whatever machine, and has not come to its end."""
    # Of most it is known without a lock, for which a file server would be asked several times.
    if is_at_rest(lock):
        return False
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        return _beats_elsewhere(descriptor)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)


def _beats_elsewhere(descriptor: int) -> bool:
    # What stands below the first line is for others.
    holder = os.pread(descriptor, _LONGEST, 0).decode(errors="replace").partition("\n")[0]
    if holder in ("", kernel()):
        return False
    return abs(time.time() - os.fstat(descriptor).st_mtime) < STALE
