"""The processes of a session: a script and all that it has started."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PROCESSES = Path("/proc")
_POLL = 0.05


def end_sessions(leaders: list[int], are_gone: Callable[[], bool], patience: float) -> None:
    """Ask all processes of these sessions to end; those that do not in time are killed.

    Args:
        leaders: process ids that the sessions have their numbers from.
        are_gone: whether they have ended.
        patience: seconds to wait for that, and as long again once they are killed.
    """
    for sign in (signal.SIGTERM, signal.SIGKILL):
        for leader in leaders:
            _signal(leader, sign)
        end = time.monotonic() + patience
        while not are_gone():
            if time.monotonic() > end:
                break
            time.sleep(_POLL)
        else:
            return


def ticks_of(process: int) -> str:
    """When a process began, in the kernel's own count; empty if it is gone or nobody can tell."""
    fields = _fields(process)
    return fields[19] if fields else ""


def _signal(leader: int, sign: signal.Signals) -> None:
    """Signal the group of the leader, and the groups that it has made of its own."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, sign)
    for process in _members(leader):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process, sign)


def _members(leader: int) -> list[int]:
    """The processes of a session outside of its first group; none where there is no `/proc`."""
    if not PROCESSES.is_dir():
        return []
    processes = [int(name) for name in os.listdir(PROCESSES) if name.isdecimal()]
    found: list[int] = []
    for process in processes:
        fields = _fields(process)
        if fields and fields[3] == str(leader) != fields[2]:
            found.append(process)
    return found


def _fields(process: int) -> list[str]:
    """What `/proc/PID/stat` says after the name: state, parent, group, session and so on."""
    try:
        text = (PROCESSES / str(process) / "stat").read_text(errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()
