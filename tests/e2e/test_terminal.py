"""The real program in a pseudo-terminal of 80 by 24, its screen read by a terminal emulator."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Generator
from pathlib import Path

import pyte

from tests.program import Program

COLUMNS, LINES = 80, 24
PATIENCE = 90


class Terminal:
    """A program in a terminal, and a person at it."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self.screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self.screen)
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.process = subprocess.Popen(
            arguments,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
        )
        os.close(theirs)

    def read(self, seconds: float) -> int:
        """Take in what comes within `seconds`; returns how many bytes came."""
        count = 0
        deadline = time.monotonic() + seconds
        while (rest := deadline - time.monotonic()) > 0:
            if not select.select([self._ours], [], [], rest)[0]:
                break
            try:
                data = os.read(self._ours, 65536)
            except OSError:
                break
            if not data:
                break
            count += len(data)
            self._stream.feed(data)
        return count

    def text(self) -> str:
        return "\n".join(self.screen.display)

    def sees(self, *words: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not all(word in self.text() for word in words):
            assert time.monotonic() < deadline, f"waited in vain for {words}:\n{self.text()}"
            self.read(0.05)

    def misses(self, word: str) -> None:
        """Wait until a word is gone."""
        deadline = time.monotonic() + PATIENCE
        while word in self.text():
            assert time.monotonic() < deadline, f"{word} did not go:\n{self.text()}"
            self.read(0.05)

    def rests(self, seconds: float) -> None:
        """Wait until nothing comes for so long."""
        deadline = time.monotonic() + PATIENCE
        while self.read(seconds):
            assert time.monotonic() < deadline, f"there is no rest:\n{self.text()}"

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._ours)


@contextlib.contextmanager
def terminal(program: Program, *arguments: str, **more: str) -> Generator[Terminal]:
    opened = Terminal(program.arguments(*arguments), {**program.environment, **more})
    try:
        yield opened
    finally:
        opened.close()


def quit_and_wait(opened: Terminal) -> int:
    opened.press("q")
    deadline = time.monotonic() + PATIENCE
    while opened.process.poll() is None:
        assert time.monotonic() < deadline, opened.text()
        opened.read(0.05)
    return opened.process.returncode


def test_a_person_installs_and_runs_a_program(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    with terminal(program) as opened:
        opened.sees("8 of 8 packages", "harbor", "needs 4 packages")
        opened.press("i")
        opened.sees("Install beacon@1.3.0", "Cancel")
        opened.press("y")
        opened.sees("4 of 4 installed", "register")
        opened.press("\x1b")
        opened.sees("■ beacon")
        # Nothing happens, so nothing is sent.
        opened.rests(2.0)
        assert quit_and_wait(opened) == 0
    beacon = program.prefix("beacon") / "bin" / "beacon"
    done = subprocess.run([beacon], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("tide 2.0.1 at")


def test_ascii_where_the_locale_is_c(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    with terminal(program, LC_ALL="C", LANG="C") as opened:
        opened.sees("B beacon", "Packages")
        assert opened.text().isascii(), opened.text()
        assert quit_and_wait(opened) == 0


def test_opening_the_program_again_shows_the_last_install(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    program.good("install", "libtide@1.4.2", "--yes")
    with terminal(program) as opened:
        opened.sees("8 of 8 packages", "needs 4 packages")
        opened.press("L")
        opened.sees("2 of 2 installed", "libtide@1.4.2")
        opened.press("\x1b")
        opened.sees("8 of 8 packages")
        assert quit_and_wait(opened) == 0


def test_a_dumb_terminal_is_refused_with_a_sentence(program: Program) -> None:
    with terminal(program, TERM="dumb") as opened:
        assert opened.process.wait(timeout=PATIENCE) == 2
        opened.read(0.2)
        assert "dumb" in opened.text()


def test_the_demo_opens_on_its_mirror(program: Program) -> None:
    temporary = program.directory / "tmp"
    temporary.mkdir()
    with terminal(program, "demo", TMPDIR=str(temporary)) as opened:
        opened.sees("harbor", "beacon", "needs 4 packages")
        assert quit_and_wait(opened) == 0
    assert list(temporary.iterdir()) == []


def test_what_was_installed_is_taken_back_from_the_history(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    with terminal(program) as opened:
        opened.sees("8 of 8 packages", "harbor", "needs 4 packages")
        opened.press("i")
        opened.sees("Install beacon@1.3.0", "Cancel")
        opened.press("y")
        opened.sees("4 of 4 installed", "register")
        opened.press("\x1b")
        opened.sees("8 of 8 packages", "■ beacon")
        opened.press("H")
        opened.sees("History of the store", "install beacon@1.3.0/", "4 installed")
        opened.press("\r")
        opened.sees("Operation 1: install beacon@1.3.0/", "signed by", "from harbor")
        opened.press("\x1b")
        opened.misses("signed by")
        opened.sees("History of the store")
        opened.press("z")
        opened.sees("Undo operation 1", "To remove        4", "Operation 1 installed it", "Keep")
        opened.press("\r")
        opened.sees("History of the store")
        assert program.prefix("beacon").is_dir()
        opened.press("z")
        opened.sees("To remove        4")
        opened.press("y")
        opened.sees("4 packages removed", "undo 1", "4 installed, undone")
        opened.press("\x1b")
        opened.sees("8 of 8 packages", "● beacon")
        assert quit_and_wait(opened) == 0
    left = {path.name for path in program.store.iterdir()}
    assert left == {".spack-db", ".spackbin", "bin"}
