"""Good conduct in many terminals: what is sent to each, and in which state it is left."""

import contextlib
import fcntl
import os
import re
import signal
import struct
import termios
import threading
from collections.abc import Generator
from pathlib import Path

import pyte
import pytest

from tests.e2e.test_terminal import COLUMNS, LINES, Terminal, quit_and_wait, terminal
from tests.program import Program

XTERMS = ("xterm", "xterm-256color", "screen-256color", "tmux-256color")
CONSOLES = ("linux", "vt220")
MOUSE = (b"\x1b[?1000", b"\x1b[?1002", b"\x1b[?1003", b"\x1b[?1006", b"\x1b[?1015", b"\x1b[?1016")
ALTERNATE = b"\x1b[?1049h"
QUESTION = b"\x1b[6n"
BLINKING = re.compile(rb"\x1b\[(\d+;)*[56](;\d+)*m|\x1b\[\?12h")


class Tape:
    """Keeps what a program sends on its way to the emulator."""

    def __init__(self, stream: pyte.ByteStream) -> None:
        self._stream = stream
        self.data = b""

    def feed(self, data: bytes) -> None:
        self.data += data
        # A private report is asked for, which this emulator takes for a mode.
        self._stream.feed(data.replace(b"\x1b[>25u", b"").replace(b"\x1b[<u", b""))


@contextlib.contextmanager
def taped(program: Program, *arguments: str, **more: str) -> Generator[tuple[Terminal, Tape]]:
    with terminal(program, *arguments, **more) as opened:
        tape = Tape(opened._stream)
        opened._stream = tape  # type: ignore[assignment]
        yield opened, tape


def answering(opened: Terminal, seconds: float) -> list[threading.Timer]:
    """Let the emulator answer questions, after so long."""
    timers: list[threading.Timer] = []

    def answer(data: str) -> None:
        timers.append(threading.Timer(seconds, opened.press, [data]))
        timers[-1].start()

    opened.screen.write_process_input = answer  # type: ignore[method-assign]
    return timers


@pytest.mark.parametrize("name", [*XTERMS, *CONSOLES])
def test_every_terminal_shows_it_and_is_left_in_order(
    program: Program, golden: Path, name: str
) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    with taped(program, TERM=name) as (opened, tape):
        modes = termios.tcgetattr(opened._ours)
        opened.sees("8 of 8 packages", "beacon", "needs 4 packages")
        opened.press("j")
        opened.read(0.5)
        assert quit_and_wait(opened) == 0
        opened.read(0.3)
        assert termios.tcgetattr(opened._ours)[3] == modes[3]
    assert (ALTERNATE in tape.data) == (name in XTERMS)
    assert any(code in tape.data for code in MOUSE) == (name in XTERMS)
    assert not BLINKING.search(tape.data)
    assert tape.data.rindex(b"\x1b[?25h") > tape.data.rindex(b"\x1b[?25l")
    if name in CONSOLES:
        assert b"\x1b]" not in tape.data
        assert b"\x1b[>" not in tape.data
        assert opened.text().strip() == ""


def test_without_the_mouse_no_word_is_said_of_it(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    with taped(program, "--no-mouse") as (opened, tape):
        opened.sees("needs 4 packages")
        assert quit_and_wait(opened) == 0
        opened.read(0.3)
    assert not any(code in tape.data for code in MOUSE)


def test_a_terminal_that_does_not_answer_is_not_disturbed(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    with taped(program) as (opened, tape):
        opened.sees("needs 4 packages")
        opened.read(1.5)
        assert "slow line" not in opened.text()
        assert quit_and_wait(opened) == 0
    assert tape.data.count(QUESTION) == 1


def test_a_far_terminal_is_found_out(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    with taped(program) as (opened, tape):
        timers = answering(opened, 0.4)
        opened.sees("needs 4 packages", "slow line")
        assert tape.data.count(QUESTION) == 3
        # Answers are no keys.
        assert opened.text().splitlines()[3].strip().startswith("/ filter")
        opened.press("?G")
        opened.sees("Slow line (the terminal answers after")
        opened.press("\x1b")
        opened.sees("needs 4 packages")
        assert quit_and_wait(opened) == 0
        for timer in timers:
            timer.join()


@pytest.mark.parametrize(("option", "is_slow"), [("--slow", True), ("--no-slow", False)])
def test_an_option_decides_and_nothing_is_asked(
    program: Program, golden: Path, option: str, is_slow: bool
) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    with taped(program, option) as (opened, tape):
        opened.sees("needs 4 packages")
        assert ("slow line" in opened.text()) == is_slow
        assert quit_and_wait(opened) == 0
    assert QUESTION not in tape.data


def test_synchronized_frames_where_they_are_offered(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    with taped(program) as (opened, tape):
        opened.press("\x1b[?2026;2$y")
        opened.sees("needs 4 packages")
        opened.rests(0.5)
        tape.data = b""
        opened.press("j")
        while not tape.data:
            opened.read(0.05)
        opened.rests(0.5)
        assert tape.data.startswith(b"\x1b[?2026h")
        assert tape.data.endswith(b"\x1b[?2026l")
        tape.data = b""
        # A key that changes nothing sends nothing.
        opened.press("g")
        opened.rests(1.0)
        opened.press("g")
        tape.data = b""
        opened.read(1.0)
        assert tape.data == b""


def test_a_storm_of_sizes_ends_in_a_whole_screen(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    with terminal(program) as opened:
        opened.sees("8 of 8 packages", "needs 4 packages")
        opened.rests(0.5)
        before = opened.text()
        for step in range(300):
            size = (10 + step * 7 % 50, 20 + step * 13 % 160)
            resize(opened, *(size if step < 299 else (LINES, COLUMNS)))
            if step % 10 == 0:
                opened.read(0.01)
        opened.sees(before)
        assert quit_and_wait(opened) == 0


def resize(opened: Terminal, lines: int, columns: int) -> None:
    fcntl.ioctl(opened._ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    os.kill(opened.process.pid, signal.SIGWINCH)


def test_the_shell_gets_its_terminal_back_while_the_program_is_stopped(
    program: Program, golden: Path
) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    with taped(program) as (opened, tape):
        modes = termios.tcgetattr(opened._ours)[3]
        opened.sees("8 of 8 packages", "needs 4 packages")
        assert termios.tcgetattr(opened._ours)[3] != modes
        tape.data = b""
        opened.press("\x1a")
        while not os.WIFSTOPPED(os.waitpid(opened.process.pid, os.WUNTRACED)[1]):
            opened.read(0.05)
        opened.read(0.3)
        assert termios.tcgetattr(opened._ours)[3] == modes
        for said in (b"\x1b[?1000l", b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?2004l"):
            assert said in tape.data
        os.kill(opened.process.pid, signal.SIGCONT)
        while termios.tcgetattr(opened._ours)[3] == modes:
            opened.read(0.05)
        opened.sees("8 of 8 packages", "needs 4 packages")
        assert quit_and_wait(opened) == 0


def test_bytes_that_are_no_text_do_no_harm(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    with terminal(program) as opened:
        opened.sees("needs 4 packages")
        opened.press("/")
        opened.read(0.5)
        os.write(opened._ours, b"\xe9\xff\xfe\x80")
        opened.sees("does not belong in a spec")
        opened.press("\x1b")
        # Before that, the next key would be one of Alt.
        opened.misses("does not belong in a spec")
        assert quit_and_wait(opened) == 0


def test_a_held_key_costs_a_slow_line_few_frames(program: Program, golden: Path) -> None:
    """Bytes for the same keys, with and without `--slow`."""
    program.trusting(golden / "dev" / "mirror-signed")
    sent: dict[str, int] = {}
    for option in ("--slow", "--no-slow"):
        with terminal(program, option) as opened:
            opened.sees("needs 4 packages")
            opened.read(1.0)
            count = 0
            for key in "jk" * 25:
                opened.press(key)
                count += opened.read(0.03)
            sent[option] = count
            opened.read(1.5)
    assert 0 < sent["--slow"] < sent["--no-slow"] * 0.75, sent


def test_it_ends_when_its_terminal_goes_although_nobody_says_so(
    program: Program, golden: Path
) -> None:
    """The terminal is not the controlling one, so that the kernel sends no signal."""
    program.trusting(golden / "dev" / "mirror-signed")
    with terminal(program) as opened:
        opened.sees("8 of 8 packages")
        with Path(os.devnull).open() as nothing:
            os.dup2(nothing.fileno(), opened._ours)
        assert opened.process.wait(90) == -signal.SIGHUP
