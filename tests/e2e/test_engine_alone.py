"""The engine alone: few writes of the database, mirrors opened when needed, a quick end."""

import os
import signal
import threading
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.engine.journal import Run
from core.events import NodeSkipped, PhaseFinished
from core.model.ident import MirrorName
from core.model.mirror import Mirror
from core.store.database import Database
from core.store.fsck import half_done
from core.store.locks import database_lock
from core.store.sbang import install_sbang
from tests.engines import CHAIN, EngineWorld, Zygote, ended, failures, finished, zygote
from tests.simulator.fixtures import Serve
from tests.simulator.mirror import SimulatedMirror, simulated_mirror
from tests.simulator.packages import Package
from tests.simulator.server import Fault

PATIENCE = 60


@pytest.fixture(scope="module")
def engines() -> Generator[Zygote]:
    with zygote() as opened:
        yield opened


@pytest.fixture
def world(tmp_path: Path) -> EngineWorld:
    made = EngineWorld(tmp_path / "world", simulated_mirror(tmp_path / "mirror", CHAIN))
    made.clear()
    return made


def until_says(run: Run, kind: type[object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not any(isinstance(event, kind) for event in run.history()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def writes_while(world: EngineWorld, engines: Zygote, run: Run) -> int:
    """How often the database was written by a run that succeeds."""
    pid = engines.start(run)
    seen: set[bytes] = set()
    ended_ = threading.Event()

    def watch() -> None:
        while not ended_.wait(0.002):
            if world.store.verifier.exists():
                seen.add(
                    world.store.database.read_bytes() if world.store.database.exists() else b""
                )

    watcher = threading.Thread(target=watch)
    watcher.start()
    status = engines.wait(pid)
    ended_.set()
    watcher.join()
    assert status == 0, run.history()
    return len(seen - {b""})


def test_sixty_packages_take_few_writes(tmp_path: Path, engines: Zygote) -> None:
    """A chain of sixty: each needs the one before, and none waits for its record."""
    names = [f"link{number:02}" for number in range(60)]
    chain = [
        Package(name, depends_on=(names[number - 1],) if number else ())
        for number, name in enumerate(names)
    ]
    mirror = simulated_mirror(tmp_path / "mirror", chain)
    world = EngineWorld(tmp_path / "world", mirror)
    world.clear()
    run = world.run(names[-1])
    began = time.monotonic()
    writes = writes_while(world, engines, run)
    # At most four a second, and those at the beginning and the end.
    assert writes <= 3 + 4 * (time.monotonic() - began)
    assert writes < 40
    assert ended(run).installed == 60
    order = [mirror.builds[name].hash for name in names]
    assert finished(run.history()) == order
    assert half_done(world.store.root) == ()


def test_a_node_is_finished_when_its_record_is_there(world: EngineWorld, engines: Zygote) -> None:
    """Somebody holds the database: all is in place, nothing is finished; then all is."""
    install_sbang(world.store.sbang)
    run = world.run("crab", "gull")
    with database_lock(world.store, write=False):
        pid = engines.start(run)
        deadline = time.monotonic() + PATIENCE
        while len(list(world.store.root.glob("*/*-1.0-*"))) < 4:
            assert time.monotonic() < deadline, run.history()
            time.sleep(0.02)
        assert finished(run.history()) == []
        assert half_done(world.store.root) == ()
    assert engines.wait(pid) == 0
    assert len(finished(run.history())) == 4


def test_cancelled_while_it_waits_for_the_database(world: EngineWorld, engines: Zygote) -> None:
    install_sbang(world.store.sbang)
    run = world.run("crab", "gull")
    with database_lock(world.store, write=False):
        pid = engines.start(run)
        deadline = time.monotonic() + PATIENCE
        while not list(world.store.root.glob("*/*-1.0-*")):
            assert time.monotonic() < deadline, run.history()
            time.sleep(0.02)
        began = time.monotonic()
        run.cancel()
        assert engines.wait(pid) == 130
        assert time.monotonic() - began < 20
    assert half_done(world.store.root) == ()
    assert Database(world.store).read().records == {}
    assert not list(world.store.root.glob("*/*-1.0-*"))


@pytest.mark.parametrize("what", ["headers", "body"])
def test_a_silent_server_does_not_delay_the_end(
    world: EngineWorld, engines: Zygote, serving: Serve, what: str
) -> None:
    server = serving(world.mirror.root)
    world.mirrors = [world.mirror.mirror(url=server.url)]
    path = str(world.mirror.archive_path("gull").relative_to(world.mirror.root))
    size = world.fetch("gull").archive_size or 0
    # Less comes than is announced: the rest is waited for.
    cut = Fault(stall=60) if what == "headers" else Fault(drip=60)
    server.fail(path, cut)
    run = world.run("crab", "gull")
    pid = engines.start(run)
    deadline = time.monotonic() + PATIENCE
    while not server.asked(path):
        assert time.monotonic() < deadline, run.history()
        time.sleep(0.02)
    time.sleep(0.2)
    began = time.monotonic()
    run.cancel()
    assert engines.wait(pid) == 130
    assert time.monotonic() - began < 20
    assert size > 0
    assert ended(run).exit_status == 130
    assert half_done(world.store.root) == ()
    server.heal()
    assert engines.work(world.run("crab", "gull")) == 0


def test_terminated_is_cancelled(world: EngineWorld, engines: Zygote, serving: Serve) -> None:
    server = serving(world.mirror.root)
    world.mirrors = [world.mirror.mirror(url=server.url)]
    path = str(world.mirror.archive_path("sand").relative_to(world.mirror.root))
    server.fail(path, Fault(stall=60))
    run = world.run("crab", "gull")
    pid = engines.start(run)
    until_says(run, PhaseFinished)
    os.kill(pid, signal.SIGTERM)
    assert engines.wait(pid) == 130
    skipped = [event.reason for event in run.history() if isinstance(event, NodeSkipped)]
    assert set(skipped) <= {"the run was cancelled", "it needs sand@1.0, which was not installed"}


def test_a_mirror_that_cannot_be_opened_fails_its_own_packages(
    world: EngineWorld, engines: Zygote, tmp_path: Path
) -> None:
    gone = Mirror(MirrorName("gone"), f"file://{tmp_path}/gone", signed=False)
    world.mirrors = [gone, world.mirror.mirror()]
    fetches = [
        world.fetch(name, "gone" if name == "gull" else "simulated")
        for name in ("sand", "rock", "crab", "gull")
    ]
    run = world.run("crab", "gull", fetches=fetches)
    assert engines.work(run) == 5
    (failure,) = failures(run)
    assert failure.node == world.mirror.builds["gull"].hash
    assert "There is no directory" in failure.title
    assert ended(run).installed == 3


def test_one_that_may_not_be_registered_takes_no_other_along(
    world: EngineWorld, engines: Zygote
) -> None:
    """A package of another name is registered where `rock` would be: that and `crab` are lost."""
    mirror: SimulatedMirror = world.mirror
    rock = world.request().graph()[world.fetch("rock").hash]
    other = replace(rock, hash=mirror.spec("gull").hash)
    prefix = world.store.prefix_of(rock)
    Database(world.store).register(other, prefix, world.request().graph(), explicit=True)
    fetches = [world.fetch(name) for name in ("sand", "rock", "crab")]
    run = world.run("crab", fetches=fetches)
    assert engines.work(run) != 0
    (failure,) = failures(run)
    assert "is registered in" in failure.title
    assert ended(run).installed == 1
    assert ended(run).skipped == 1
    assert not list(world.store.root.glob("*/rock-*"))
    assert not list(world.store.root.glob("*/crab-*"))


def test_two_engines_at_once_share_the_work(world: EngineWorld, engines: Zygote) -> None:
    first, second = world.run("crab", "gull"), world.run("gull", "crab")
    pids = [engines.start(first), engines.start(second)]
    assert [engines.wait(pid) for pid in pids] == [0, 0]
    assert half_done(world.store.root) == ()
    assert len(finished(first.history())) == len(finished(second.history())) == 4
    records = Database(world.store).read().records
    assert sum(record.explicit for record in records.values()) == 2
