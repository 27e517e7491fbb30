"""An engine that is killed at any moment leaves nothing half done, and the next one completes.

Killed after each event, before each rename, and at random times (`make test-slow`: two hundred of
them); also the one that tidies up.
"""

import os
import random
import signal
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.engine.journal import Run
from core.events import LogWritten
from core.store.fsck import Kind, half_done
from core.store.verify import changes
from tests.engines import CHAIN, EngineWorld, Zygote, ended, zygote
from tests.simulator.mirror import simulated_mirror

PARTS = 8
"""Each family of moments is spread over so many tests, to be run side by side."""
TIMES = int(os.environ.get("SPACKBIN_TEST_KILLS", "40")) // PARTS
"""Random times in each."""


@dataclass
class Stage:
    """A world, what an undisturbed run makes of it, and how long that takes."""

    world: EngineWorld
    engines: Zygote
    tree: dict[str, Any]
    records: dict[str, Any]
    events: int
    seconds: float

    def start_over(self) -> Run:
        self.world.clear()
        return self.world.run("crab", "gull")

    def check_after_death(self) -> set[Path]:
        """Nothing visible is half done; returns what is complete and not registered."""
        found = half_done(self.world.store.root)
        assert [item for item in found if item.kind is Kind.RECORD] == []
        complete = {item.path for item in found if item.kind is Kind.PREFIX}
        for prefix in complete:
            assert changes(prefix) == ()
        return complete

    def check_next(self) -> None:
        """The next run finishes what is there, says so, and completes the rest."""
        complete = self.check_after_death()
        run = self.world.run("crab", "gull")
        assert self.engines.work(run) == 0, run.history()
        assert half_done(self.world.store.root) == ()
        assert self.world.tree() == self.tree
        assert self.world.records() == self.records
        said = [event.text for event in run.history() if isinstance(event, LogWritten)]
        for prefix in complete:
            assert any(str(prefix) in line and line.startswith("registered") for line in said)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stage]:
    place = tmp_path_factory.mktemp("killed")
    world = EngineWorld(place / "world", simulated_mirror(place / "mirror", CHAIN))
    with zygote() as engines:
        opened = Stage(world, engines, {}, {}, 0, 0.0)
        for _ in range(2):  # the second time nothing has to be loaded
            run = opened.start_over()
            began = time.monotonic()
            assert engines.work(run) == 0, run.history()
            opened.seconds = time.monotonic() - began
        assert ended(run).installed == 4
        opened.tree, opened.records = world.tree(), world.records()
        opened.events = len(run.history())
        yield opened


@pytest.mark.parametrize("part", range(PARTS))
def test_after_every_event(stage: Stage, part: int) -> None:
    for number in range(1 + part, stage.events + 1, PARTS):
        assert stage.engines.work(stage.start_over(), f"event:{number}") in (0, -signal.SIGKILL)
        stage.check_next()


def test_before_every_rename(stage: Stage) -> None:
    number, status = 0, -signal.SIGKILL
    while status == -signal.SIGKILL:
        number += 1
        status = stage.engines.work(stage.start_over(), f"rename:{number}")
        stage.check_next()
    # Four stages become prefixes, and the database is replaced at least once.
    assert number > 5


@pytest.mark.parametrize("part", range(PARTS))
def test_at_random_times(stage: Stage, part: int) -> None:
    chance = random.Random(part)
    for number in range(TIMES):
        run = stage.start_over()
        for _ in range(1 + number % 2):
            kill_within(stage, run, chance.random())
            stage.check_after_death()
            run = stage.world.run("crab", "gull")
        stage.check_next()


def kill_within(stage: Stage, run: Run, part: float) -> None:
    pid = stage.engines.start(run)
    time.sleep(part * stage.seconds)
    os.kill(pid, signal.SIGKILL)
    stage.engines.wait(pid)


@pytest.mark.parametrize("kind", ["event", "rename"])
def test_while_it_tidies_up(stage: Stage, kind: str) -> None:
    """What is in place is not registered when the first dies; the second dies of it, too."""
    for number in range(1, 10):
        run = stage.start_over()
        assert stage.engines.work(run, "register:1") == -signal.SIGKILL
        assert stage.check_after_death()
        stage.engines.work(stage.world.run("crab", "gull"), f"{kind}:{number}")
        stage.check_next()
