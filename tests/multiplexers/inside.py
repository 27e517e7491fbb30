"""A person at a shell that runs in a multiplexer, in a terminal of 80 by 24."""

import fcntl
import os
import shlex
import signal
import struct
import subprocess
import tempfile
import termios
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from tests.e2e.test_terminal import Terminal
from tests.program import Program

SHELL = ("/bin/sh", "-i")
"""What runs in the multiplexer."""
ABOUT_US = ("STY", "TMUX")
"""By these variables a multiplexer says that it is there."""


@contextmanager
def inside(program: Program, starts: Sequence[str], ends: Sequence[str]) -> Generator[Terminal]:
    """A terminal in which `starts` has started a shell; `ends` ends the multiplexer."""
    # The paths of sockets must be short.
    with tempfile.TemporaryDirectory(prefix="m-") as place:
        environment = {**program.environment, "PS1": "ready> ", "ENV": "/dev/null"}
        environment = {key: text for key, text in environment.items() if key not in ABOUT_US}
        environment |= {"SCREENDIR": place, "TMUX_TMPDIR": place}
        opened = Terminal([*starts, *SHELL], environment)
        try:
            opened.sees("ready>")
            yield opened
        finally:
            subprocess.run(ends, env=environment, check=False, capture_output=True, timeout=60)
            opened.close()


def use(opened: Terminal, program: Program) -> None:
    """Open the program, press keys, go to the shell and back."""
    opened.press(shlex.join(program.arguments()) + "\n")
    opened.sees("8 of 8 packages", "needs 4 packages", "Space mark")
    opened.press("\x1b[B")
    opened.sees("gcc-runtime: 2 builds")
    opened.press("?")
    opened.sees("Keys of this screen")
    opened.press("\x1b")
    opened.sees("Packages")
    opened.press("\x1a")
    opened.sees("ready>")
    opened.misses("Packages")
    opened.press("fg\n")
    opened.sees("gcc-runtime: 2 builds", "Space mark")
    opened.misses("ready>")


def be_resized(opened: Terminal) -> None:
    """The window becomes larger, and small again."""
    resize(opened, 30, 100)
    opened.sees("─" * 100, "┘\n Space mark")
    resize(opened, 24, 80)
    opened.sees("gcc-runtime: 2 builds", "┘\n Space mark")


def leave(opened: Terminal) -> None:
    """Leave it: nothing of it stays on the screen, and the shell works."""
    opened.press("q")
    opened.sees("ready>")
    opened.misses("Packages")
    opened.misses("gcc-runtime:")
    opened.press("echo 'all is' well\n")
    opened.sees("all is well")


def resize(opened: Terminal, lines: int, columns: int) -> None:
    """Make the terminal as large as that."""
    opened.screen.resize(lines, columns)
    fcntl.ioctl(opened._ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    # It controls nobody, so that nobody is told.
    os.killpg(opened.process.pid, signal.SIGWINCH)
