"""The engine process: it loads, waits for its run, carries it out and ends.

It begins as a Python of its own (`python -m core.engine`), or as a fork of the command that expects
to need it, see `core.session.standby`. In both, standard input is a socket: over it come the
directory of the run and two open files, the lock and the log. It ends if none come. In a job of a
cluster it is told the directory at once.
"""

import contextlib
import gc
import importlib
import os
import signal
import socket
import sys
import traceback
from collections.abc import Collection
from pathlib import Path
from typing import NoReturn

NAME = "spackbin-engine"
"""What a forked engine is called in lists of processes; Linux keeps 15 letters."""
COLLECTION = (700, 10, 10)
"""Python's own thresholds of the search for garbage; commands have others."""

_LONGEST_PATH = 1 << 16
_FIRST_OF_OURS = 3  # file descriptors below are standard input, output and error


def serve(directory: str = "") -> NoReturn:
    """Load, wait, work, and end this process; standard input is the socket.

    Args:
        directory: of a run that was made for us, which is not waited for then: we are a job of a
            cluster.
    """
    gc.disable()
    _load()
    # What is loaded is no garbage, and need not be looked through again and again.
    gc.freeze()
    gc.enable()
    directory = _taken(directory) if directory else _orders()
    status = _work(directory) if directory else 0
    sys.stdout.flush()
    sys.stderr.flush()
    # All is written and closed; what is left in memory needs no tidying, and threads that wait for
    # a silent server are not waited for.
    os._exit(status)


def become_engine(orders: socket.socket, mask: Collection[int]) -> NoReturn:
    """Make an engine of this process, which was forked a moment ago. Does not return.

    Whatever the command had open stays with the command: of its memory nothing is ever tidied up
    here, as that could close a file or a connection that both know.

    Args:
        orders: its end of the socket.
        mask: signals to hold back once it has left the terminal; until then more of them are.
    """
    try:
        gc.freeze()
        gc.set_threshold(*COLLECTION)
        os.setsid()
        _take_standard_files(orders.fileno())
        close_all_but()
        os.chdir("/")
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        _take_name()
        serve()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def close_all_but(*kept: int) -> None:
    """Close all descriptors but these and the three standard ones."""
    for name in os.listdir("/dev/fd"):
        if int(name) >= _FIRST_OF_OURS and int(name) not in kept:
            # One of them was for the list itself.
            with contextlib.suppress(OSError):
                os.close(int(name))


def _take_standard_files(orders: int) -> None:
    """The socket as standard input, and nothing yet for the others, with nothing left in them."""
    os.dup2(orders, 0)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    sys.stdin = None
    sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115


def _take_name() -> None:
    # Only for people who look at processes.
    with contextlib.suppress(OSError), open("/proc/self/comm", "w") as file:  # noqa: PTH123
        file.write(NAME)


def _load() -> None:
    # What goes wrong here goes wrong again below, where it gets into the log.
    with contextlib.suppress(Exception):
        importlib.import_module("core.engine.worker")


def _orders() -> str:
    """Wait for the run; its open files become ours. Empty if there will be none."""
    with socket.socket(fileno=os.dup(0)) as orders:
        data, descriptors, _, _ = socket.recv_fds(orders, _LONGEST_PATH, 2)
    if data:
        # The lock is held as long as its descriptor is open: until this process ends.
        lock, log = descriptors
        os.set_inheritable(lock, False)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return os.fsdecode(data)


def _taken(directory: str) -> str:
    """Become the engine of a run; its lock is held until this process ends."""
    from core.engine.journal import LOCK
    from core.engine.liveness import take

    take(Path(directory) / LOCK)
    return directory


def _work(directory: str) -> int:
    from core.engine.worker import main

    return main(directory)
