"""What the screen costs on the wire, measured with the real program in a pseudo-terminal.

`python -m bench.terminal` prints bytes and answer times at 80x24; nothing in it is judged here. A
test keeps the byte budget (tests/e2e/test_wire.py).
"""

import argparse
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.contestants import DEMO, Ours

COLUMNS, LINES = 80, 24
QUIET = 0.3
"""Seconds without a byte after which an answer is taken for complete."""


class Recorder:
    """A program in a pseudo-terminal; counts what it sends."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        size = struct.pack("HHHH", LINES, COLUMNS, 0, 0)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=dict(environment),
            start_new_session=True,
        )
        os.close(theirs)

    def listen(self, quiet: float = QUIET, patience: float = 30) -> tuple[int, float, float]:
        """Bytes until nothing comes for `quiet` seconds; seconds to the first and to the last."""
        began = time.perf_counter()
        count, first, last = 0, 0.0, 0.0
        while time.perf_counter() - began < patience:
            if not select.select([self._ours], [], [], quiet)[0]:
                if count or quiet >= patience:
                    break
                continue
            try:
                data = os.read(self._ours, 65536)
            except OSError:
                break
            now = time.perf_counter() - began
            first = first or now
            last = now
            count += len(data)
        return count, first, last

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._ours, keys.encode())

    def close(self) -> None:
        """End the program, and all that it started."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._ours)


@dataclass
class Series:
    """Answers to one kind of key."""

    bytes: list[int] = field(default_factory=list)
    """Bytes of each answer."""
    first: list[float] = field(default_factory=list)
    """Milliseconds to its first byte."""

    def add(self, answer: tuple[int, float, float]) -> None:
        """Note one answer."""
        self.bytes.append(answer[0])
        self.first.append(answer[1] * 1000)

    def line(self, name: str) -> str:
        """For the table."""
        sizes, times = self.bytes, self.first
        return (
            f"  {name:14}{statistics.median(sizes):8.0f}{max(sizes):8.0f}"
            f"{statistics.median(times):10.1f}{max(times):8.1f}"
        )


KEYS = {
    "cursor down": ("j", 30),
    "cursor up": ("k", 30),
    "page down": ("\x1b[6~", 8),
    "page up": ("\x1b[5~", 8),
}


def measure(command: Sequence[str], environment: Mapping[str, str], keys: int) -> None:
    """Print what one program sends."""
    recorder = Recorder(command, environment)
    try:
        size, first, last = recorder.listen(quiet=1.0)
        print(f"  first screen  {size:8} bytes, begun after {first:.2f} s, complete {last:.2f} s")
        print(f"  {'':14}{'median B':>8}{'max B':>8}{'median ms':>10}{'max ms':>8}")
        for name, (key, count) in KEYS.items():
            series = Series()
            for _ in range(min(count, keys)):
                recorder.press(key)
                series.add(recorder.listen(patience=2))
            print(series.line(name))
        idle, _, _ = recorder.listen(quiet=3, patience=3)
        print(f"  idle          {idle:8} bytes in 3 s")
    finally:
        recorder.close()


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--keys", type=int, default=30, help="keys of each kind at most")
    options.add_argument("--mirror", default=str(DEMO.root), help="a mirror to show")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="spackbin-bench-") as name:
        ours = Ours(Path(name))
        ours.say("mirror", "add", "harbor", given.mirror)
        if given.mirror == str(DEMO.root):
            ours.say("key", "trust", "harbor", DEMO.key)
        environment = ours.environment | {"TERM": "xterm-256color", "SPACKBIN_USE_SPACK": "false"}
        print(f"\nTerminal of {COLUMNS}x{LINES}")
        measure([sys.executable, "-m", "tui.cli"], environment, given.keys)


if __name__ == "__main__":
    main()
