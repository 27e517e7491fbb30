"""Programs that start within milliseconds: copies of a process that has loaded them."""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).parents[1]
PATIENCE = 120
"""Seconds that a command may take."""


class Starter:
    """A process that has spackbin loaded and becomes one for each order: that is much quicker."""

    def __init__(self) -> None:
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("starter.py")), str(theirs.fileno())],
                env={**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )

    def run(
        self, arguments: Sequence[str], environment: Mapping[str, str], directory: Path
    ) -> subprocess.CompletedProcess[str]:
        """As `subprocess.run` of `python -m tui.cli` would; nobody is at the terminal."""
        order = {
            "arguments": arguments,
            "environment": dict(environment),
            "directory": str(directory),
        }
        answer, theirs = socket.socketpair()
        with answer, _said() as output, _said() as errors:
            with theirs:
                descriptors = [theirs.fileno(), output.fileno(), errors.fileno()]
                socket.send_fds(self._orders, [json.dumps(order).encode()], descriptors)
            status = _status(answer, arguments)
            output.seek(0)
            errors.seek(0)
            return subprocess.CompletedProcess(arguments, status, output.read(), errors.read())

    def close(self) -> None:
        self._orders.close()
        self._process.wait()


def _said() -> TextIO:
    """A file for what a program says."""
    return tempfile.TemporaryFile("w+", encoding="utf-8")


def _status(answer: socket.socket, arguments: Sequence[str]) -> int:
    """The exit status of a program, from the answer to an order."""
    answer.settimeout(PATIENCE)
    with answer.makefile() as lines:
        pid = int(lines.readline())
        try:
            return int(lines.readline())
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(arguments, PATIENCE) from None


@cache
def starter() -> Starter:
    """That of this process, until its end."""
    started = Starter()
    atexit.register(started.close)
    return started
