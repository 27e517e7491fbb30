"""`python -m core.engine`: the engine process; standard input is a socket (`core.session.standby`).

It loads, then waits for the directory of its run, and ends if none comes.
"""

import contextlib
import gc
import importlib
import os
import socket
import sys

_LONGEST_PATH = 1 << 16


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


def _load() -> None:
    # What goes wrong here goes wrong again below, where it gets into the log.
    with contextlib.suppress(Exception):
        importlib.import_module("core.engine.worker")
        # For the build info of every package; here, so that what is forked later has it, too.
        importlib.import_module("yaml")


def main() -> int:
    """Load, wait, work; returns the exit status."""
    gc.disable()
    _load()
    # What is loaded is no garbage, and need not be looked through again and again.
    gc.freeze()
    gc.enable()
    directory = _orders()
    if not directory:
        return 0
    from core.engine.worker import main as work

    return work(directory)


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # All is written and closed; what is left in memory needs no tidying, and threads that wait for
    # a silent server are not waited for.
    os._exit(status)
