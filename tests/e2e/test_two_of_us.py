"""Two users, with caches and journals of their own, install into one store at the same time."""

import os
import time
from collections.abc import Generator
from pathlib import Path

import msgspec
import pytest

from core.engine.journal import Run, new_run
from core.events import (
    LockAwaited,
    LockObtained,
    MarkedExplicit,
    NodeFinished,
    NodeSkipped,
    PhaseStarted,
)
from core.model.ident import DagHash
from core.settings import Settings
from core.store.database import Database
from core.store.fsck import half_done
from core.store.history import HistoryFile
from core.store.locks import database_lock, prefix_lock
from core.store.sbang import install_sbang
from tests.engines import CHAIN, EngineWorld, Zygote, ended, failures, zygote
from tests.simulator.mirror import simulated_mirror
from tests.simulator.packages import Package

PATIENCE = 60


@pytest.fixture(scope="module")
def engines() -> Generator[Zygote]:
    with zygote() as opened:
        yield opened


@pytest.fixture(scope="module")
def others() -> Generator[Zygote]:
    with zygote() as opened:
        yield opened


@pytest.fixture
def world(tmp_path: Path) -> EngineWorld:
    made = EngineWorld(tmp_path / "world", simulated_mirror(tmp_path / "mirror", CHAIN))
    made.clear()
    return made


def run_of(world: EngineWorld, user: str, *roots: str, lock_timeout: float = PATIENCE) -> Run:
    """A run of a user who shares nothing with the others but the store."""
    request = world.request(*roots)
    needed = {spec.hash for root in request.roots for spec in request.graph().order((root,))}
    config, cache, state = (world.directory / user / name for name in ("config", "cache", "state"))
    request = msgspec.structs.replace(
        request,
        fetches=tuple(fetch for fetch in request.fetches if fetch.hash in needed),
        config_dir=str(config),
        cache_dir=str(cache),
        state_dir=str(state),
        lock_timeout=lock_timeout,
    )
    return new_run(Settings(world.settings.store, config, cache, state), request)


def hash_of(world: EngineWorld, name: str) -> DagHash:
    return DagHash(world.mirror.builds[name].hash)


def until_says(run: Run, kind: type[object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not any(isinstance(event, kind) for event in run.history()):
        assert time.monotonic() < deadline, (run.history(), run.last_words())
        time.sleep(0.01)


def phases(run: Run, phase: str) -> list[DagHash]:
    return [
        event.node
        for event in run.history()
        if isinstance(event, PhaseStarted) and event.phase == phase
    ]


def made_by(run: Run) -> set[DagHash]:
    found = (event for event in run.history() if isinstance(event, NodeFinished))
    return {event.node for event in found if not event.already}


def test_nothing_is_fetched_or_unpacked_twice(
    tmp_path: Path, engines: Zygote, others: Zygote
) -> None:
    """Two closures that share a layer of thirty packages, started together, three times."""
    shared = [Package(f"common{number:02}") for number in range(30)]
    tops = [
        Package(top, depends_on=tuple(package.name for package in shared))
        for top in ("alpha", "beta")
    ]
    mirror = simulated_mirror(tmp_path / "mirror", [*shared, *tops])
    for number in range(3):
        world = EngineWorld(tmp_path / f"world{number}", mirror)
        world.clear()
        mine = run_of(world, "mine", "alpha")
        yours = run_of(world, "yours", "beta")
        pids = engines.start(mine), others.start(yours)
        assert (engines.wait(pids[0]), others.wait(pids[1])) == (0, 0)
        for phase in ("fetch", "extract", "register"):
            done = [*phases(mine, phase), *phases(yours, phase)]
            assert len(done) == len(set(done)) == 32, phase
        assert not made_by(mine) & made_by(yours)
        assert ended(mine).installed == ended(yours).installed == 31
        records = Database(world.store).read().records
        assert all(record.installed for record in records.values())
        asked = {record.spec.name for record in records.values() if record.explicit}
        assert (len(records), asked) == (32, {"alpha", "beta"})
        assert half_done(world.store.root) == ()
        operations = HistoryFile(world.store).read().operations
        assert sum(len(operation.added) for operation in operations) == 32


def test_the_same_install_twice_is_done_once(
    world: EngineWorld, engines: Zygote, others: Zygote
) -> None:
    mine, yours = run_of(world, "mine", "crab"), run_of(world, "yours", "crab")
    pids = engines.start(mine), others.start(yours)
    assert (engines.wait(pids[0]), others.wait(pids[1])) == (0, 0)
    fetched = [*phases(mine, "fetch"), *phases(yours, "fetch")]
    assert len(fetched) == len(set(fetched)) == 3


def test_who_holds_a_package_is_told(world: EngineWorld, engines: Zygote) -> None:
    run = run_of(world, "mine", "crab", lock_timeout=PATIENCE)
    sand = hash_of(world, "sand")
    with prefix_lock(world.store, sand):
        pid = engines.start(run)
        until_says(run, LockAwaited)
    assert engines.wait(pid) == 0
    (told,) = (event for event in run.history() if isinstance(event, LockAwaited))
    assert (told.node, told.lock) == (sand, "prefix")
    assert (told.holder.pid, told.holder.host) == (os.getpid(), os.uname().nodename)
    assert time.time() - 24 * 3600 < told.holder.since <= time.time()
    assert "pytest" in told.holder.command or "python" in told.holder.command
    (obtained,) = (event for event in run.history() if isinstance(event, LockObtained))
    assert obtained.seconds >= 1
    # Nothing was fetched for it while somebody else had it.
    order = [event for event in run.history() if getattr(event, "node", None) == sand]
    assert isinstance(order[0], LockAwaited)


def test_others_go_on_while_one_waits(world: EngineWorld, engines: Zygote) -> None:
    """With one worker: who waits keeps it from nobody."""
    world.jobs = 1
    run = run_of(world, "mine", "crab", "gull")
    with prefix_lock(world.store, hash_of(world, "sand")):
        pid = engines.start(run)
        until_says(run, NodeFinished)
        until_says(run, LockAwaited)
        assert made_by(run) == {hash_of(world, "gull")}
    assert engines.wait(pid) == 0


def test_nobody_waits_for_ever(world: EngineWorld, engines: Zygote) -> None:
    run = run_of(world, "mine", "crab", "gull", lock_timeout=1.5)
    with prefix_lock(world.store, hash_of(world, "sand")):
        assert engines.work(run) == 5
    (failed,) = failures(run)
    assert f"sand@1.0 is in use by process {os.getpid()}" in failed.title
    assert "Waited 1.5 seconds" in failed.detail
    assert ended(run).skipped == 2
    assert engines.work(run_of(world, "mine", "crab")) == 0


def test_cancelled_while_it_waits(world: EngineWorld, engines: Zygote) -> None:
    run = run_of(world, "mine", "crab")
    with prefix_lock(world.store, hash_of(world, "sand")):
        pid = engines.start(run)
        until_says(run, LockAwaited)
        began = time.monotonic()
        run.cancel()
        assert engines.wait(pid) == 130
        assert time.monotonic() - began < PATIENCE / 2
    assert {type(event) for event in run.history()} >= {NodeSkipped}
    assert half_done(world.store.root) == ()


def test_who_holds_the_database_is_told(world: EngineWorld, engines: Zygote) -> None:
    install_sbang(world.store.sbang)
    run = run_of(world, "mine", "gull")
    with database_lock(world.store, write=False):
        pid = engines.start(run)
        until_says(run, LockAwaited)
    assert engines.wait(pid) == 0
    (told,) = (event for event in run.history() if isinstance(event, LockAwaited))
    assert (told.node, told.lock, told.holder.pid) == (None, "database", os.getpid())


def test_one_that_dies_leaves_its_share_to_the_other(
    world: EngineWorld, engines: Zygote, others: Zygote
) -> None:
    mine, yours = run_of(world, "mine", "crab"), run_of(world, "yours", "crab", "gull")
    dies = engines.start(mine, "event:6")
    until_says(mine, PhaseStarted)
    goes_on = others.start(yours)
    assert engines.wait(dies) == -9
    assert others.wait(goes_on) == 0
    assert half_done(world.store.root) == ()
    records = Database(world.store).read().records.values()
    assert {record.spec.name for record in records if record.explicit} == {"crab", "gull"}


def test_a_root_that_was_there_before_is_asked_for_by_name_since(
    world: EngineWorld, engines: Zygote
) -> None:
    """`rock` came as a dependency; then a run that installs something else is asked for it."""
    assert engines.work(run_of(world, "mine", "crab")) == 0
    rock, gull = hash_of(world, "rock"), hash_of(world, "gull")
    database = Database(world.store)
    assert not database.read().records[rock].explicit
    request = world.request("rock", "gull")
    run = world.run("rock", "gull", fetches=[f for f in request.fetches if f.hash == gull])
    assert engines.work(run) == 0
    assert database.read().records[rock].explicit
    (marked,) = (event for event in run.history() if isinstance(event, MarkedExplicit))
    assert (marked.node, marked.name) == (rock, "rock")
    operation = HistoryFile(world.store).read().operations[-1]
    assert [item.name for item in operation.added] == ["gull"]
    assert {item.name for item in operation.explicit} == {"gull", "rock"}
    # Once more changes nothing.
    again = world.run("rock", "gull")
    assert engines.work(again) == 0
    assert not [event for event in again.history() if isinstance(event, MarkedExplicit)]
