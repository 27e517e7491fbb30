"""Runs that unpack what has a binary and have built what has none, in one order."""

import json
import os
import signal
from collections.abc import Generator
from pathlib import Path

import msgspec
import pytest

from core.engine.builders import choice
from core.engine.history import RECORDED, catch_up
from core.engine.journal import new_run
from core.events import (
    BuildQueued,
    BuildStarted,
    BuildStepped,
    BuildWaits,
    NodeFailed,
    NodeFinished,
    NodeSkipped,
    PhaseFinished,
    PhaseStarted,
    RunStarted,
)
from core.store.buildtimes import BuildTimes
from core.store.database import Database
from core.store.history import HistoryFile
from tests.builders import LOG, choose_process_builder
from tests.e2e.building_worlds import (
    DIAMOND,
    HARBOR,
    installed,
    is_running,
    make,
    names,
    order,
    until,
)
from tests.engines import EngineWorld, Zygote, ended, failures, finished, zygote
from tests.simulator.packages import Package


@pytest.fixture(scope="module")
def engines() -> Generator[Zygote]:
    with zygote() as opened:
        yield opened


@pytest.fixture
def world(tmp_path: Path) -> EngineWorld:
    return make(tmp_path, HARBOR)


def test_a_chain_of_built_and_cached(world: EngineWorld, engines: Zygote) -> None:
    run = world.run("heron", "gull")
    assert engines.work(run) == 0
    assert ended(run).installed == 5
    assert installed(world) == {"mud", "reed", "nest", "heron", "gull"}
    done = names(world, run, NodeFinished)
    assert [name for name in done if name != "gull"] == ["mud", "reed", "nest", "heron"]
    # What needs no build is not kept waiting by one.
    assert done.index("gull") < done.index("heron")
    reed = world.store.prefix_of(world.mirror.spec("reed"))
    mud = world.store.prefix_of(world.mirror.spec("mud"))
    assert (reed / "share" / "reed").read_text() == f"{mud}\n"
    records = Database(world.store).read().records.values()
    assert {record.spec.name for record in records if record.explicit} == {"heron", "gull"}


def test_what_is_told_of_a_build(world: EngineWorld, engines: Zygote) -> None:
    run = world.run("heron")
    engines.work(run)
    events = run.history()
    started = next(event for event in events if isinstance(event, RunStarted))
    told = {node.name: node for node in started.nodes}
    assert [name for name, node in told.items() if node.from_source] == ["mud", "nest"]
    assert set(told["nest"].depends_on) == {told["mud"].hash, told["reed"].hash}
    assert told["reed"].depends_on == (told["mud"].hash,)
    about = [event for event in events if getattr(event, "node", None) == told["mud"].hash]
    assert [type(event) for event in about] == [
        BuildQueued,
        BuildStarted,
        PhaseStarted,
        BuildStepped,
        BuildStepped,
        PhaseFinished,
        NodeFinished,
    ]
    queued = about[0]
    assert isinstance(queued, BuildQueued)
    assert queued.builder == "process"
    assert not queued.reattached
    log = Path(queued.log)
    assert log == run.directory / "builds" / told["mud"].hash / LOG
    assert "Executing phase: 'install'" in log.read_text()
    steps = [event.step for event in about if isinstance(event, BuildStepped)]
    assert steps == ["stage", "install"]


def test_how_long_a_build_took_is_noted(world: EngineWorld, engines: Zygote) -> None:
    engines.work(world.run("heron"))
    times = BuildTimes(world.settings.state_dir).of({"mud", "reed", "nest", "heron"})
    assert {time.name: time.hash for time in times} == {
        name: world.mirror.builds[name].hash for name in ("mud", "nest")
    }


def test_the_spec_is_handed_over_verbatim(world: EngineWorld, engines: Zygote) -> None:
    run = world.run("heron")
    engines.work(run)
    nest = world.mirror.builds["nest"]
    document = json.loads((run.directory / "builds" / nest.hash / "spec.json").read_text())
    assert document["spec"]["_meta"] == {"version": 5}
    nodes = document["spec"]["nodes"]
    assert nodes[0] == nest.node
    assert {node["name"] for node in nodes} == {"nest", "reed", "mud", "system-libc"}
    assert all(node == world.mirror.builds[node["name"]].node for node in nodes)


def test_a_failed_build_stops_its_dependents_only(world: EngineWorld, engines: Zygote) -> None:
    order(world, mud={"fail": True})
    run = world.run("heron", "gull")
    assert engines.work(run) == 5
    (failure,) = failures(run)
    assert failure.title == "mud@1.0 could not be built on here"
    assert failure.hint == f"Read its log: spackbin log /{failure.node[:7]}"
    assert "no such tide" in Path(failure.log).read_text()
    assert sorted(names(world, run, NodeSkipped)) == ["heron", "nest", "reed"]
    assert installed(world) == {"gull"}


def test_a_build_that_leaves_nothing_has_failed(world: EngineWorld, engines: Zygote) -> None:
    order(world, mud={"forget": True})
    run = world.run("heron")
    assert engines.work(run) == 1
    (failure,) = failures(run)
    assert "the store does not have it" in failure.title
    assert installed(world) == {"gull"}


def test_a_builder_that_cannot_build_it_fails_the_builds_only(
    tmp_path: Path, engines: Zygote
) -> None:
    packages = (Package("huge", is_pushed=False), Package("gull"))
    world = make(tmp_path, packages)
    run = world.run("huge", "gull")
    assert engines.work(run) == 5
    assert [failure.title for failure in failures(run)] == ["huge is too large for this builder"]
    assert installed(world) == {"gull"}


def test_a_builder_that_nobody_knows(world: EngineWorld, engines: Zygote) -> None:
    request = msgspec.structs.replace(world.request("heron", "gull"), builder="abacus")
    run = new_run(world.settings, request)
    assert engines.work(run) == 5
    assert {failure.title for failure in failures(run)} == {"There is no builder 'abacus'"}
    assert installed(world) == {"gull"}


@pytest.mark.parametrize("kind", ["one", "here", "holding"])
def test_a_diamond_in_order(tmp_path: Path, engines: Zygote, kind: str) -> None:
    world = make(tmp_path, DIAMOND, kind)
    order(world, bottom={"seconds": 0.6}, left={"seconds": 0.6}, right={"seconds": 0.6})
    run = world.run("top", "beside")
    assert engines.work(run) == 0
    events = run.history()
    done = names(world, run, NodeFinished)
    assert done.index("bottom") < min(done.index("left"), done.index("right"))
    assert max(done.index("left"), done.index("right")) < done.index("top")
    at: dict[str, int] = {}
    by_hash = {one.hash: one.package.name for one in world.mirror.builds.values()}
    in_flight: set[str] = set()
    for number, event in enumerate(events):
        if isinstance(event, BuildQueued):
            at[by_hash[event.node]] = number
            in_flight.add(event.node)
        if isinstance(event, NodeFinished):
            at[f"{by_hash[event.node]} is done"] = number
            in_flight.remove(event.node)
        assert len(in_flight) <= (1 if kind == "one" else 8)
    if kind == "holding":
        # All are handed over at once: the builder keeps the order.
        assert at["top"] < at["bottom is done"]
        assert {"left", "right", "top"} <= set(names(world, run, BuildWaits))
    else:
        assert at["left is done"] < at["top"]
    if kind == "here":
        assert max(at["left"], at["right"]) < min(at["left is done"], at["right is done"])


def test_those_that_a_builder_holds_are_taken_back_if_what_they_need_fails(
    tmp_path: Path, engines: Zygote
) -> None:
    world = make(tmp_path, DIAMOND, "holding")
    order(world, left={"fail": True})
    run = world.run("top", "beside")
    assert engines.work(run) == 5
    assert names(world, run, NodeFailed) == ["left"]
    assert names(world, run, NodeSkipped) == ["top"]
    assert installed(world) == {"bottom", "right", "beside"}


@pytest.mark.parametrize("kind", ["here", "holding"])
def test_a_cancel_ends_the_builds(tmp_path: Path, engines: Zygote, kind: str) -> None:
    world = make(tmp_path, DIAMOND, kind)
    order(world, bottom={"seconds": 60}, beside={"seconds": 60})
    run = world.run("top", "beside")
    pid = engines.start(run)
    until(lambda: set(names(world, run, BuildStarted)) == {"bottom", "beside"})
    jobs = [Path(event.job) for event in run.history() if isinstance(event, BuildQueued)]
    run.cancel()
    assert engines.wait(pid) == 130
    gone = {*names(world, run, NodeFailed), *names(world, run, NodeSkipped)}
    assert gone == {"bottom", "left", "right", "top", "beside"}
    assert all(failure.exit_status == 130 for failure in failures(run))
    assert not any(is_running(job) for job in jobs)
    assert installed(world) == set()


def test_one_that_others_cancel_fails(tmp_path: Path, engines: Zygote) -> None:
    world = make(tmp_path, DIAMOND)
    order(world, bottom={"seconds": 60})
    run = world.run("top", "beside")
    pid = engines.start(run)
    until(lambda: "bottom" in names(world, run, BuildStarted))
    job = next(event.job for event in run.history() if isinstance(event, BuildQueued))
    os.killpg(int((Path(job) / "pid").read_text()), signal.SIGKILL)
    assert engines.wait(pid) == 5
    (failure,) = failures(run)
    assert failure.title == "The build of bottom@1.0 on here was cancelled by somebody else"
    assert installed(world) == {"beside"}


def test_a_killed_run_is_taken_over(tmp_path: Path, engines: Zygote) -> None:
    world = make(tmp_path, HARBOR[:-1])
    order(world, mud={"seconds": 3})
    dead = world.run("heron")
    pid = engines.start(dead)
    until(lambda: names(world, dead, BuildStarted))
    os.kill(pid, signal.SIGKILL)
    engines.wait(pid)
    run = world.run("heron")
    assert engines.work(run) == 0
    queued = [event for event in run.history() if isinstance(event, BuildQueued)]
    assert [event.reattached for event in queued] == [True, False]
    assert queued[0].job == str(dead.directory / "builds" / queued[0].node)
    # One process built it.
    assert Path(queued[0].log).read_text().count("Executing phase: 'install'") == 1
    assert not (run.directory / "builds" / queued[0].node).exists()
    catch_up(world.settings, world.store)
    (operation,) = HistoryFile(world.store).read().operations
    assert operation.id == run.id
    assert {item.name for item in operation.added} == {"mud", "reed", "nest", "heron"}


def test_what_is_built_after_a_death_gets_into_the_history(
    tmp_path: Path, engines: Zygote, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make(tmp_path, HARBOR[:-1])
    monkeypatch.setattr(choice, "choose_builder", choose_process_builder)
    order(world, mud={"seconds": 2})
    dead = world.run("mud")
    pid = engines.start(dead)
    until(lambda: names(world, dead, BuildStarted))
    os.kill(pid, signal.SIGKILL)
    engines.wait(pid)
    job = Path(next(event.job for event in dead.history() if isinstance(event, BuildQueued)))
    catch_up(world.settings, world.store)
    # As long as it is built it is not known what the run will have done.
    assert not (dead.directory / RECORDED).exists()
    until(lambda: not is_running(job))
    catch_up(world.settings, world.store)
    (operation,) = HistoryFile(world.store).read().operations
    assert (operation.id, [item.name for item in operation.added]) == (dead.id, ["mud"])
    # The next run finds it there.
    run = world.run("heron")
    assert engines.work(run) == 0
    first = next(event for event in run.history() if isinstance(event, NodeFinished))
    assert first.already
    assert len(finished(run.history())) == 4
