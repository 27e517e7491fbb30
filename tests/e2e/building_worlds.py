"""Runs of the engine alone in which a builder of `tests.builders` builds."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from core.engine.journal import Run
from core.events import (
    BuildQueued,
    BuildStarted,
    BuildWaits,
    NodeFailed,
    NodeFinished,
    NodeSkipped,
)
from core.store.database import Database
from tests.engines import EngineWorld
from tests.simulator.mirror import simulated_mirror
from tests.simulator.packages import Package

PATIENCE = 60

HARBOR = (
    Package("system-libc", "2.36", external="/usr"),
    Package("mud", is_pushed=False, depends_on=("system-libc",)),
    Package("reed", depends_on=("mud",), files={"share/reed": b"@PREFIX:mud@\n"}),
    Package("nest", is_pushed=False, depends_on=("reed", "mud")),
    Package("heron", depends_on=("nest",), files={"share/heron": b"@PREFIX:nest@\n"}),
    Package("gull", files={"share/gull": b"cry\n" * 500}),
)
"""A chain in which what is built and what is cached alternate, and one cached beside it."""

DIAMOND = (
    Package("bottom", is_pushed=False),
    Package("left", is_pushed=False, depends_on=("bottom",)),
    Package("right", is_pushed=False, depends_on=("bottom",)),
    Package("top", is_pushed=False, depends_on=("left", "right")),
    Package("beside", is_pushed=False),
)


def make(tmp_path: Path, packages: tuple[Package, ...], builder: str = "here") -> EngineWorld:
    made = EngineWorld(tmp_path / "world", simulated_mirror(tmp_path / "mirror", packages))
    made.builder = builder
    made.clear()
    order(made)
    return made


def order(world: EngineWorld, **packages: object) -> None:
    (world.directory / "orders.json").write_text(json.dumps(packages))


About = BuildQueued | BuildStarted | BuildWaits | NodeFailed | NodeFinished | NodeSkipped


def names(world: EngineWorld, run: Run, kind: type[About]) -> list[str]:
    """Of which packages there are such events, in their order."""
    by_hash = {one.hash: str(one.package.name) for one in world.mirror.builds.values()}
    return [by_hash[event.node] for event in run.history() if isinstance(event, kind)]


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def installed(world: EngineWorld) -> set[str]:
    records = Database(world.store).read().records.values()
    return {str(record.spec.name) for record in records if record.installed} - {"system-libc"}


def is_running(job: Path) -> bool:
    try:
        os.kill(int((job / "pid").read_text()), 0)
    except ProcessLookupError:
        return False
    return (job / "status").exists() is False
