"""Runs commands in turns and compares them: ratios of one run, never seconds of another day."""

import ctypes
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER in linux/prctl.h


@dataclass(frozen=True)
class Contestant:
    """One way to do the job."""

    name: str
    """For the table."""
    command: Sequence[str]
    """What is timed, as a whole process."""
    environment: Mapping[str, str]
    """All of its environment."""
    prepare: Callable[[], None]
    """Brings everything into the state before the job; not timed."""


@dataclass
class Figures:
    """What was measured of one contestant, a value per round."""

    wall: list[float] = field(default_factory=list)
    """Seconds on the clock."""
    cpu: list[float] = field(default_factory=list)
    """Seconds of processors, of the process and all that it started."""
    memory: list[float] = field(default_factory=list)
    """Largest resident set of any one of them, in MB."""


def adopt_orphans() -> None:
    """Become the parent of what our children leave running, so that it is measured, too."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def run_once(contestant: Contestant, figures: Figures) -> None:
    """Prepare, run, and note the figures; a failure ends the benchmark."""
    contestant.prepare()
    before = _children()
    began = time.perf_counter()
    process = subprocess.Popen(
        contestant.command,
        env=dict(contestant.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{contestant.name} failed: {said.decode(errors='replace')[-2000:]}")
    usages = [usage, *_usages_of_orphans(before)]
    figures.wall.append(wall)
    figures.cpu.append(sum(found.ru_utime + found.ru_stime for found in usages))
    figures.memory.append(max(found.ru_maxrss for found in usages) / 1024)


def _children() -> set[int]:
    """Process ids of our children, adopted ones as well; empty where the system does not tell."""
    return {
        int(number)
        for found in Path("/proc/self/task").glob("*/children")
        for number in found.read_text().split()
    }


def _usages_of_orphans(before: set[int]) -> list["os._RusageResult"]:
    """Wait for all that the process left running."""
    found: list[os._RusageResult] = []
    while orphans := _children() - before:
        found += [os.wait4(orphan, 0)[2] for orphan in orphans]
    return found


def compare(contestants: Sequence[Contestant], rounds: int) -> dict[str, Figures]:
    """All contestants in turns, `rounds` times, after one round that does not count."""
    figures = {contestant.name: Figures() for contestant in contestants}
    for contestant in contestants:
        run_once(contestant, Figures())
    for _ in range(rounds):
        for contestant in contestants:
            run_once(contestant, figures[contestant.name])
    return figures


def print_table(title: str, figures: Mapping[str, Figures], rounds: int) -> None:
    """Medians in Markdown, and how many times as long as the first contestant each one takes.

    The ratio is that of the medians; its spread comes from the rounds, each compared in itself.
    """
    print(f"\n### {title}\n")
    print(f"| {rounds} rounds | wall s | min .. max | CPU s | peak RSS MB | ratio | min .. max |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    first = next(iter(figures.values())).wall
    for name, found in figures.items():
        ratios = [wall / ours for wall, ours in zip(found.wall, first, strict=True)]
        wall = statistics.median(found.wall)
        cells = (
            name,
            f"{wall:.2f}",
            _spread(found.wall),
            f"{statistics.median(found.cpu):.2f}",
            f"{statistics.median(found.memory):.0f}",
            f"{wall / statistics.median(first):.1f}",
            _spread(ratios),
        )
        print(f"| {' | '.join(cells)} |", flush=True)


def _spread(values: Sequence[float]) -> str:
    return f"{min(values):.2f} .. {max(values):.2f}"
