"""A run that is paused finishes what is begun and begins nothing new, until somebody says so."""

import time
from collections.abc import Generator
from pathlib import Path

import pytest

from core.engine.journal import Run, runs
from core.events import (
    BuildQueued,
    BuildStarted,
    Event,
    NodeFinished,
    PhaseStarted,
    RunPaused,
    RunResumed,
)
from core.settings import Settings
from tests.e2e.building_worlds import DIAMOND, installed, make, names, order, until
from tests.engines import CHAIN, Zygote, ended, zygote
from tests.program import Program
from tests.simulator.fixtures import Serve
from tests.simulator.mirror import SimulatedMirror
from tests.simulator.server import Fault

A_WHILE = 0.5
"""Seconds in which something would have begun."""


@pytest.fixture(scope="module")
def engines() -> Generator[Zygote]:
    with zygote() as opened:
        yield opened


def events(run: Run, kind: type[Event]) -> list[Event]:
    return [event for event in run.history() if isinstance(event, kind)]


def test_one_thing_at_a_time_ends_and_the_next_waits(
    tmp_path: Path, engines: Zygote, serving: Serve
) -> None:
    world = make(tmp_path, CHAIN)
    world.jobs = 1
    server = serving(world.mirror.root)
    world.mirrors = [world.mirror.mirror(url=server.url)]
    path = str(world.mirror.archive_path("sand").relative_to(world.mirror.root))
    server.fail(path, Fault(stall=2))
    run = world.run("crab", "gull")
    pid = engines.start(run)
    until(lambda: events(run, PhaseStarted))
    run.pause()
    until(lambda: names(world, run, NodeFinished) == ["sand"])
    time.sleep(A_WHILE)
    assert {event.node for event in events(run, PhaseStarted)} == {world.fetch("sand").hash}
    # It is not only in place: who pauses for long has it in the database.
    assert installed(world) == {"sand"}
    run.resume()
    assert engines.wait(pid) == 0
    assert installed(world) == {"sand", "rock", "crab", "gull"}
    told = [type(event) for event in run.history() if isinstance(event, RunPaused | RunResumed)]
    assert told == [RunPaused, RunResumed]


def test_a_run_that_is_paused_ends_at_once_when_it_is_cancelled(
    tmp_path: Path, engines: Zygote
) -> None:
    world = make(tmp_path, CHAIN)
    run = world.run("crab", "gull")
    run.pause()
    pid = engines.start(run)
    until(lambda: events(run, RunPaused))
    time.sleep(A_WHILE)
    assert not events(run, PhaseStarted)
    began = time.monotonic()
    run.cancel()
    assert engines.wait(pid) == 130
    assert time.monotonic() - began < 3
    assert ended(run).skipped == 4
    assert installed(world) == set()


@pytest.mark.parametrize("kind", ["here", "holding"])
def test_no_build_is_handed_over_meanwhile(tmp_path: Path, engines: Zygote, kind: str) -> None:
    world = make(tmp_path, DIAMOND, kind)
    run = world.run("top", "beside")
    run.pause()
    pid = engines.start(run)
    until(lambda: events(run, RunPaused))
    time.sleep(A_WHILE)
    assert not events(run, BuildQueued)
    run.resume()
    assert engines.wait(pid) == 0
    assert installed(world) == {"bottom", "left", "right", "top", "beside"}


def test_a_build_that_runs_goes_on(tmp_path: Path, engines: Zygote) -> None:
    world = make(tmp_path, DIAMOND)
    order(world, bottom={"seconds": 1})
    run = world.run("top")
    pid = engines.start(run)
    until(lambda: "bottom" in names(world, run, BuildStarted))
    run.pause()
    until(lambda: "bottom" in names(world, run, NodeFinished))
    time.sleep(A_WHILE)
    assert not {"left", "right"} & set(names(world, run, BuildQueued))
    run.cancel()
    assert engines.wait(pid) == 130
    assert "bottom" in installed(world)


def test_builds_in_a_queue_are_held(tmp_path: Path, engines: Zygote) -> None:
    world = make(tmp_path, DIAMOND, "holding")
    gate = tmp_path / "gate"
    order(world, bottom={"after": str(gate)}, beside={"fail": True})
    run = world.run("top", "beside")
    pid = engines.start(run)
    until(lambda: len(names(world, run, BuildQueued)) == 5)
    until(lambda: "bottom" in names(world, run, BuildStarted))
    run.pause()
    until(lambda: len(list(run.directory.glob("builds/*/held"))) >= 4)
    gate.touch()
    until(lambda: "bottom" in names(world, run, NodeFinished))
    time.sleep(A_WHILE)
    assert not {"left", "right", "top"} & set(names(world, run, BuildStarted))
    run.resume()
    assert engines.wait(pid) == 5  # because of the one beside
    assert installed(world) == {"bottom", "left", "right", "top"}


def test_by_command(
    program: Program, simulated: SimulatedMirror, serving: Serve, tmp_path: Path
) -> None:
    server = serving(simulated.root)
    program.trusting(server.url, simulated.fingerprint)
    for command in ("pause", "resume"):
        assert "No install is" in program.refused(4, command)
    path = simulated.archive_path("boat").relative_to(simulated.root)
    server.fail(str(path), Fault(stall=3))
    program.good("install", "boat", "--yes", "--detach")
    (run,) = runs(_settings(program))
    assert f"Run {run.id} is paused" in program.good("pause")
    until(lambda: events(run, RunPaused))
    # The command that said so has ended: the run stays paused.
    assert run.is_paused()
    assert f"Run {run.id} goes on" in program.good("resume", run.id[-4:])
    said = program.run("attach").stderr
    assert "Paused: what is begun is finished" in said
    assert "2 packages installed" in said
    assert "has ended" in program.refused(4, "pause", run.id)


def _settings(program: Program) -> Settings:
    world = program.directory
    return Settings(program.store, world / "config", world / "cache", world / "state")
