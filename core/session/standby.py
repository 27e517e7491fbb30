"""An engine process that waits for its run: it loads while the plan is made.

It gets the directory of its run over a socket, and with it the two open files that make it the
engine of that run: the lock and the log. It ends by itself when the socket is closed, so that
none is left behind if nothing is installed, or if its starter is killed.
"""

import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    # Loaded when it is started: what has nothing to install does not need them.
    import socket

PACKAGES = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH120
"""Where `core` lies: the engine's interpreter looks there first."""
_HELD_BACK = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
"""Signals that must not strike between a fork and the end of its being a copy of the command."""


class Process(Protocol):
    """An engine process, however it was started."""

    pid: int
    """Its process id."""

    def wait(self) -> int:
        """Wait for its end; the exit status, negative for a signal."""
        ...

    def kill(self) -> None:
        """End it at once, if it has not ended."""
        ...


class Standby:
    """An engine process without a run, or the intention to start one.

    Args:
        may_fork: whether this process may be copied to become the engine, which then has nearly
            all that it needs in memory already: for a command, not for a program that others use.
    """

    def __init__(self, *, may_fork: bool = False) -> None:
        self._may_fork = may_fork
        self._orders: socket.socket | None = None
        self.process: Process | None = None
        """The process, once it is started."""
        self.has_run = False
        """True once it was given one: it is nobody's to dismiss then."""

    def start(self) -> None:
        """Start it, in a session of its own: it outlives the terminal. Once is enough.

        Raises:
            OSError: there can be no more processes.
        """
        if self.process:
            return
        import socket

        self._orders, theirs = socket.socketpair()
        with theirs:
            is_alone = self._may_fork and _is_single_threaded()
            self.process = _forked(theirs) if is_alone else _started(theirs)

    def expect_run(self) -> None:
        """Start it now if that can be: there is likely to be a run soon."""
        # Whoever orders the run hears why there is none.
        with suppress(OSError):
            self.start()

    def order(self, directory: str, lock: int, log: int) -> None:
        """Let it carry out the run in `directory`; the lock goes on to it with the open file.

        Args:
            directory: of the run.
            lock: descriptor of the lock file, locked.
            log: descriptor of what it says apart from the journal.

        Raises:
            OSError: it is no more, or cannot be started.
        """
        import socket

        self.start()
        assert self._orders
        with self._orders:
            socket.send_fds(self._orders, [os.fsencode(directory)], [lock, log])
        self.has_run = True

    def dismiss(self) -> None:
        """End it, if it still has no run."""
        if self.has_run:
            return
        if self._orders:
            self._orders.close()
        if self.process:
            self.process.kill()
            self.process.wait()


class _Fork:
    """A process forked from this one, with what there is of `subprocess.Popen` for others."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status: int | None = None

    def wait(self) -> int:
        if self._status is None:
            self._status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._status

    def kill(self) -> None:
        # Until somebody has waited for it the number is that of nobody else.
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)


def _forked(theirs: "socket.socket") -> Process:
    """A copy of this process, which has one thread."""
    # Before the fork: the copy is to do nothing but become an engine.
    from core.engine.process import become_engine

    # What is not written yet would be there twice.
    sys.stdout.flush()
    sys.stderr.flush()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_BACK)
    try:
        pid = os.fork()
        if pid == 0:
            become_engine(theirs, before)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return _Fork(pid)


def _started(theirs: "socket.socket") -> Process:
    """A Python of its own."""
    import subprocess

    return subprocess.Popen(
        [sys.executable, "-m", "core.engine"],
        cwd=PACKAGES,
        stdin=theirs.fileno(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _is_single_threaded() -> bool:
    """Whether nobody else is at work in this process; only Linux tells, elsewhere the answer is no.

    A thread that a library keeps counts, too: only what the kernel says is certain.
    """
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False
