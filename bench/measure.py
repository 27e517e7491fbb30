"""Runs commands in turns and compares them: ratios of one run, never seconds of another day."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


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
    """Seconds of processors, of the process and all that it waited for."""
    memory: list[float] = field(default_factory=list)
    """Largest resident set of one process, in MB."""


def run_once(contestant: Contestant, figures: Figures) -> None:
    """Prepare, run, and note the figures; a failure ends the benchmark."""
    contestant.prepare()
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
    figures.wall.append(wall)
    figures.cpu.append(usage.ru_utime + usage.ru_stime)
    figures.memory.append(usage.ru_maxrss / 1024)


def compare(contestants: Sequence[Contestant], rounds: int) -> dict[str, Figures]:
    """All contestants in turns, `rounds` times, after one round that does not count."""
    figures = {contestant.name: Figures() for contestant in contestants}
    for contestant in contestants:
        run_once(contestant, Figures())
    for _ in range(rounds):
        for contestant in contestants:
            run_once(contestant, figures[contestant.name])
    return figures


def print_table(title: str, figures: Mapping[str, Figures]) -> None:
    """Medians with their spread, and the ratio to the first contestant."""
    print(f"\n{title}")
    print(f"  {'':24}{'wall':>9}{'min .. max':>18}{'cpu':>9}{'MB':>7}{'ratio':>9}")
    first = statistics.median(next(iter(figures.values())).wall)
    for name, found in figures.items():
        wall = statistics.median(found.wall)
        spread = f"{min(found.wall):.2f} .. {max(found.wall):.2f}"
        cpu, memory = statistics.median(found.cpu), statistics.median(found.memory)
        print(f"  {name:24}{wall:8.2f}s{spread:>18}{cpu:8.2f}s{memory:7.0f}{wall / first:8.1f}x")
