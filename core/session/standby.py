"""An engine process that waits for its run: it loads while the plan is made.

It gets the directory of its run over a socket, and with it the two open files that make it the
engine of that run: the lock and the log. It ends by itself when the socket is closed, so that
none is left behind if nothing is installed, or if its starter is killed.

This module is loaded before all others, and so loads next to nothing itself.
"""

import os
import socket
import subprocess
import sys

PACKAGES = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH120
"""Where `core` lies: the engine's interpreter looks there first."""


class Standby:
    """An engine process without a run."""

    def __init__(self) -> None:
        """Start it, in a session of its own: it outlives the terminal."""
        self._orders, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "core.engine"],
                cwd=PACKAGES,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            """The process."""
        self.has_run = False
        """True once it was given one: it is nobody's to dismiss then."""

    def order(self, directory: str, lock: int, log: int) -> None:
        """Let it carry out the run in `directory`; the lock goes on to it with the open file.

        Args:
            directory: of the run.
            lock: descriptor of the lock file, locked.
            log: descriptor of what it says apart from the journal.

        Raises:
            OSError: it is no more.
        """
        with self._orders:
            socket.send_fds(self._orders, [os.fsencode(directory)], [lock, log])
        self.has_run = True

    def dismiss(self) -> None:
        """End it, if it still has no run."""
        if self.has_run:
            return
        self._orders.close()
        self.process.kill()
        self.process.wait()
