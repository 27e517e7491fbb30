"""A build on the screen costs little, and nothing while it says nothing."""

import fcntl
import os
import random
import threading
import time
from pathlib import Path

import msgspec

from core.engine.journal import LOCK, JournalWriter, new_run
from core.events import Event
from core.settings import Settings
from tests.e2e.test_terminal import Terminal, terminal
from tests.program import Program
from tests.tui.tui_builds import GHOST, half_built
from tests.tui.tui_values import NOW

BYTES_A_SECOND = 4096
SECONDS = 6.0
HOSTILE = "\x1b[2J\x1b]0;owned\x07\x1b[8;1;1t"


def half_built_run(program: Program, log: Path) -> int:
    """A run with a build; its engine lives as long as the descriptor is open."""
    place = program.directory
    settings = Settings(program.store, place / "config", place / "cache", place / "state")
    run = new_run(settings, {})
    engine = os.open(run.directory / LOCK, os.O_RDWR)
    fcntl.flock(engine, fcntl.LOCK_EX)
    writer = JournalWriter(run.directory)
    shift = time.time() - NOW - 6
    for event in half_built(log):
        moved: Event = msgspec.structs.replace(event, time=event.time + shift)
        writer.append(moved)
    writer.close()
    return engine


class Compiler:
    """Writes lines much faster than anybody reads, all of them different."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._is_done = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._is_done.set()
        self._thread.join()

    def _write(self) -> None:
        chance = random.Random(1)
        with self._log.open("a") as stream:
            while not self._is_done.wait(0.01):
                line = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz -/.", k=120))
                stream.write(f"\x1b[32m{line}\x1b[0m{HOSTILE}\n")
                stream.flush()


def rate(opened: Terminal, seconds: float) -> float:
    """Bytes a second that come meanwhile."""
    began, count = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        count += opened.read(0.05)
    return count / seconds


def test_a_build_that_writes_much_costs_little(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    log = program.directory / "ghost.log"
    log.write_text("the first line\n")
    engine = half_built_run(program, log)
    try:
        with terminal(program) as opened:
            opened.sees("8 of 8 packages", "installing 1 of 3")
            opened.press("L")
            opened.sees("1 of 3 installed")
            opened.press("j")
            opened.sees(f"output of {GHOST.name}", "the first line")
            with Compiler(log):
                opened.read(2.0)
                overview = rate(opened, SECONDS)
            assert 50 < overview <= BYTES_A_SECOND
            opened.press("\r")
            opened.sees("following")
            with Compiler(log):
                opened.read(2.0)
                whole = rate(opened, SECONDS)
            assert 500 < whole <= BYTES_A_SECOND
            assert opened.screen.title == ""
            # It writes no more: nothing comes.
            opened.rests(3.0)
    finally:
        os.close(engine)
