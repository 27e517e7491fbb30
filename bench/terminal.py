"""What the screen costs on the wire, and how fast it answers, with the real program in a pty.

`python -m bench.terminal` prints bytes and answer times at 80x24 with a large catalog; nothing in
it is judged here. A test keeps the byte budget (tests/e2e/test_wire.py).
"""

import argparse
import fcntl
import hashlib
import json
import os
import pty
import re
import select
import shutil
import signal
import statistics
import struct
import subprocess
import tempfile
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyte

from bench.catalog import made_up
from bench.contestants import DEMO, LARGE, LARGE_CLOSURE, Ours, made_mirror

COLUMNS, LINES = 80, 24
QUIET = 0.25
"""Seconds without a byte after which an answer is taken for complete."""
FIRST_FRAME = 1000
"""Bytes that are more than the modes of the terminal: a frame has begun to appear."""
SPECS = 200_000
"""Builds of the made-up index."""
SAME_NAME = 200
"""Builds of it that are of one package."""


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
        self._said = bytearray()

    def listen(self, quiet: float = QUIET, patience: float = 30) -> list[tuple[float, int]]:
        """Seconds and bytes of what comes, until nothing comes for `quiet` seconds."""
        began = time.perf_counter()
        found: list[tuple[float, int]] = []
        while time.perf_counter() - began < patience:
            if not select.select([self._ours], [], [], quiet)[0]:
                if found or quiet >= patience:
                    break
                continue
            try:
                data = os.read(self._ours, 65536)
            except OSError:
                break
            self._said += data
            found.append((time.perf_counter() - began, len(data)))
        return found

    def wait_for(self, words: str, patience: float = 60) -> None:
        """Listen until words are on the screen; `TimeoutError` if they never come."""
        began = time.perf_counter()
        while words not in self.text():
            if time.perf_counter() - began > patience:
                raise TimeoutError(f"no {words} on the screen:\n{self.text()}")
            self.listen(patience=QUIET)

    def text(self) -> str:
        """What the screen shows."""
        screen = pyte.Screen(COLUMNS, LINES)
        pyte.ByteStream(screen).feed(bytes(self._said))
        return "\n".join(screen.display)

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._ours, keys.encode())

    def cpu(self) -> float:
        """Seconds of processor that the program took, where the system tells (Linux)."""
        try:
            # The clock of a process, as linux/posix-timers.h numbers it.
            return time.clock_gettime((~self.process.pid << 3) | 2)
        except OSError:
            return float("nan")

    def answer(self, key: str) -> tuple[float, float, int]:
        """Press a key: seconds to the first frame, of processor until then, bytes of all frames.

        The processor counts until the frame is seen here: what the program does next is in it, if
        this process has to wait.
        """
        before, began = self.cpu(), time.perf_counter()
        self.press(key)
        select.select([self._ours], [], [], 1)
        seconds, cpu = time.perf_counter() - began, self.cpu() - before
        return seconds, cpu, sum(count for _, count in self.listen(patience=1))

    def close(self) -> None:
        """End the program, and all that it started."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._ours)


@dataclass
class Series:
    """Answers to one kind of key."""

    bytes: list[int] = field(default_factory=list)
    """Bytes of each answer, until there is silence."""
    first: list[float] = field(default_factory=list)
    """Milliseconds to the first frame, which for most keys is not yet all of the answer."""
    first_cpu: list[float] = field(default_factory=list)
    """Milliseconds of processor until then: what is left of the others if nobody else works."""
    cpu: float = 0.0
    """Seconds of processor for all of them."""

    def add(self, seconds: float, cpu: float, size: int) -> None:
        """Note one answer; a key without any leaves no time."""
        self.bytes.append(size)
        if size:
            self.first.append(seconds * 1000)
            self.first_cpu.append(cpu * 1000)

    def line(self, name: str) -> str:
        """For the table."""
        sizes, times, cpu = self.bytes, self.first or [0.0], self.first_cpu or [0.0]
        cells = (
            name,
            f"{len(sizes)}",
            f"{statistics.median(sizes):.0f}",
            f"{max(sizes)}",
            f"{statistics.median(times):.1f}",
            f"{max(times):.1f}",
            f"{statistics.median(cpu):.1f}",
            f"{max(cpu):.1f}",
            f"{self.cpu * 1000 / len(sizes):.0f}",
        )
        return f"| {' | '.join(cells)} |"


KEYS: dict[str, Sequence[str]] = {
    "cursor down": "j" * 60,
    "cursor up": "k" * 20,
    "page down": ["\x1b[6~"] * 15,
    "page up": ["\x1b[5~"] * 15,
    "first, last": "GgGg",
    "typing a name": ["/", *"tide", *["\x7f"] * 4, *"reef-1", "\x1b"] * 2,
    "typing a spec": ["/", *"reef-1@2:+x", "\x1b"] * 2,
    "all targets": "a" * 6,
    "pane of builds": ["\r", *"j" * 20, *"k" * 5, "h"],
}
"""About 200 keys, each followed by silence."""


def measure(recorder: Recorder) -> None:
    """Print what a program sends and how fast it answers; it is over then."""
    try:
        first = recorder.listen(quiet=1.0)
        total, shown = 0, 0.0
        for seconds, count in first:
            total += count
            shown = shown or (seconds if total >= FIRST_FRAME else 0.0)
        print(f"\nFirst screen: {total} bytes, begun after {shown:.2f} s, complete after", end=" ")
        print(f"{first[-1][0]:.2f} s, {recorder.cpu():.2f} s of CPU.\n")
        print("| key | times | median B | max B | median ms | max ms |", end=" ")
        print("median CPU ms | max CPU ms | CPU ms of all frames |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
        everything = Series()
        for name, keys in KEYS.items():
            series, before = Series(), recorder.cpu()
            for key in keys:
                series.add(*recorder.answer(key))
            series.cpu = recorder.cpu() - before
            everything.bytes += series.bytes
            everything.first += series.first
            everything.first_cpu += series.first_cpu
            everything.cpu += series.cpu
            print(series.line(name), flush=True)
        print(everything.line("all"))
        idle = recorder.listen(quiet=3, patience=3)
        print(f"\nIdle: {sum(count for _, count in idle)} bytes in 3 s.")
    finally:
        recorder.close()


def measure_install(place: Path, option: str) -> None:
    """Print what an install of many small packages sends while it runs."""
    ours = Ours(place)
    ours.use(made_mirror(place / "mirror"))
    recorder = Recorder(ours.command(option), ours.environment | {"TERM": "xterm-256color"})
    try:
        recorder.wait_for("needs")
        recorder.press(f"/{LARGE}\r")
        recorder.wait_for(f"{LARGE}: 1 build")
        recorder.press("i")
        recorder.wait_for(f"Install {LARGE}")
        recorder.press("y")
        sent = recorder.listen(quiet=3.0, patience=300)
        recorder.wait_for(f"{LARGE_CLOSURE} of {LARGE_CLOSURE} installed")
        size, seconds = sum(count for _, count in sent), sent[-1][0]
        first = sum(count for at, count in sent if at < 1)
        print(f"\nAn install of {LARGE_CLOSURE} packages ({option}): {size} bytes", end=" ")
        print(f"in {seconds:.1f} s, {size / seconds:.0f} a second;", end=" ")
        print(f"{first} in the first second, in which a new screen is shown.")
    finally:
        recorder.close()


def large_index(count: int) -> Iterator[str]:
    """A made-up index with so many specs, of many packages."""
    names = {record["spec"]["name"] for record in DEMO.index().values()}
    quoted = re.compile("|".join(f'(?<="){re.escape(name)}(?=")' for name in names))
    for at, piece in enumerate(made_up(count)):
        yield quoted.sub(lambda found, at=at: f"{found[0]}-{at // SAME_NAME}", piece)


def mirror_of(index: Path, root: Path) -> Path:
    """A mirror that has this index and nothing else."""
    checksum = hashlib.sha256()
    with index.open("rb") as stream:
        while data := stream.read(1 << 20):
            checksum.update(data)
    digest = checksum.hexdigest()
    blob = root / "blobs" / "sha256" / digest[:2] / digest
    blob.parent.mkdir(parents=True)
    shutil.copyfile(index, blob)
    manifests = root / "v3" / "manifests" / "index"
    manifests.mkdir(parents=True)
    entry = {
        "contentLength": blob.stat().st_size,
        "mediaType": "application/vnd.spack.db.v8+json",
        "compression": "none",
        "checksumAlgorithm": "sha256",
        "checksum": digest,
    }
    (manifests / "index.manifest.json").write_text(json.dumps({"version": 3, "data": [entry]}))
    (root / "v3" / "layout.json").write_text(json.dumps({"signing": "gpg"}))
    return root


def run(place: Path, index: Path | None = None, specs: int = SPECS) -> None:
    """Measure and print all of it, below a directory."""
    if index is None:
        index = place / "index.json"
        with index.open("w") as stream:
            stream.writelines(large_index(specs))
    ours = Ours(place / "ours")
    ours.say("mirror", "add", "bench", str(mirror_of(index, place / "large")))
    environment = ours.environment | {"TERM": "xterm-256color"}
    print(f"\n### The screen at {COLUMNS}x{LINES}, an index of", end=" ")
    print(f"{index.stat().st_size / 1e6:.0f} MB", flush=True)
    measure(Recorder(ours.command(), environment))
    for option in ("--no-slow", "--slow"):
        measure_install(place / option.strip("-"), option)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--index", type=Path, help="an index document to show")
    options.add_argument("--specs", type=int, default=SPECS, help="size of the made-up index")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="spackbin-bench-") as name:
        run(Path(name), given.index, given.specs)


if __name__ == "__main__":
    main()
