"""The byte budget of the screen at 80x24: what a slow line has to carry."""

import os
import signal
import statistics
import time
from pathlib import Path

import pyte

from tests.e2e.test_terminal import COLUMNS, LINES, PATIENCE, Terminal, terminal
from tests.e2e.varied_mirror import PACKAGES, make_varied_mirror
from tests.program import Program

FIRST_SCREEN = 12_000
CURSOR_KEY = 600
PAGE_DOWN = 5_000


def answer(opened: Terminal, key: str) -> int:
    """Bytes that come for a key, until there is silence."""
    opened.press(key)
    deadline = time.monotonic() + PATIENCE
    while not (count := opened.read(0.05)):
        assert time.monotonic() < deadline, f"{key!r} has no answer"
    while more := opened.read(0.3):
        count += more
    return count


def test_keys_cost_little(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    with terminal(program) as opened:
        first = 0
        while "needs 4 packages" not in opened.text():
            first += opened.read(0.05)
        first += opened.read(0.5)
        assert 0 < first <= FIRST_SCREEN
        costs = [answer(opened, key) for key in "jjjjjkkkk"]
        assert min(costs) > 0
        assert statistics.median(costs) <= CURSOR_KEY, costs
        assert answer(opened, "\x1b[6~") <= PAGE_DOWN
        opened.rests(2.0)


def test_keys_cost_little_where_all_packages_differ(program: Program, tmp_path: Path) -> None:
    program.good("mirror", "add", "varied", str(make_varied_mirror(tmp_path / "varied")))
    with terminal(program) as opened:
        opened.sees(f"of {PACKAGES} packages", "needs no other package")
        opened.rests(0.5)
        # So many that the list scrolls, which is dear and therefore rare.
        down = [answer(opened, "j") for _ in range(30)]
        up = [answer(opened, "k") for _ in range(20)]
        assert min(down + up) > 0
        assert statistics.median(down) <= CURSOR_KEY, down
        assert statistics.median(up) <= CURSOR_KEY, up
        pages = [answer(opened, key) for key in ("\x1b[6~", "\x1b[6~", "\x1b[5~", "G", "g")]
        assert max(pages) <= PAGE_DOWN, pages


def test_after_a_stop_and_fg_the_screen_is_whole(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    with terminal(program) as opened:
        opened.sees("8 of 8 packages", "needs 4 packages")
        before = opened.text()
        opened.press("\x1a")
        while not os.WIFSTOPPED(os.waitpid(opened.process.pid, os.WUNTRACED)[1]):
            opened.read(0.05)
        opened.read(0.2)
        opened.screen = pyte.Screen(COLUMNS, LINES)
        opened._stream = pyte.ByteStream(opened.screen)
        os.kill(opened.process.pid, signal.SIGCONT)
        opened.sees(before)


def test_a_key_paints_over_what_others_wrote(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    with terminal(program) as opened:
        opened.sees("8 of 8 packages", "needs 4 packages")
        before = opened.text()
        opened._stream.feed(b"\x1b[3;3HBroadcast message from the operator")
        assert opened.text() != before
        opened.press("\x0c")
        opened.sees(before)
