"""What a run did gets into the history of its store, even if it was killed before it could say."""

import json
import os
import time
from collections.abc import Collection
from pathlib import Path

import pytest
from msgspec import structs

from core.engine.history import RECORDED, catch_up, record_run
from core.engine.journal import JournalWriter, Run, new_run
from core.events import (
    BuildQueued,
    Event,
    NodeFinished,
    NodeVerified,
    PhaseStarted,
    RunFinished,
    RunNode,
    RunStarted,
)
from core.model.graph import SpecGraph
from core.model.ident import DagHash, MirrorName, Sha256
from core.model.installed import InstalledRecord
from core.model.spec import ConcreteSpec, spec_from_node
from core.settings import Settings
from core.store.database import Database
from core.store.history import HistoryFile, user_name
from core.store.paths import StorePaths

KELP = DagHash("6sbfuoppgn7dvzn6eqvmrevoymxdwvxs")
REEF = DagHash("pgxfx3bbzwipmvo4y66vtatgkp4tlmhq")
SIGNER = "559EE7965466D9E9E4AAD601E7B01DEF7EE06A2A"
DIGEST = Sha256("a" * 64)


@pytest.fixture(scope="module")
def graph(golden: Path) -> SpecGraph:
    """Reef and all that it depends on."""
    document = json.loads((golden / "dev" / "specs" / f"{REEF}.json").read_text())
    specs = [spec_from_node(node) for node in document["spec"]["nodes"]]
    return SpecGraph((REEF,), {spec.hash: spec for spec in specs})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(*(tmp_path / name for name in ("store", "config", "cache", "state")))


@pytest.fixture
def paths(settings: Settings) -> StorePaths:
    return StorePaths(settings.store)


def write(run: Run, *events: Event) -> None:
    writer = JournalWriter(run.directory)
    for event in events:
        writer.append(event)
    writer.close()


def node(spec: ConcreteSpec) -> RunNode:
    return RunNode(spec.hash, spec.name, spec.version, 1, ())


def started(run: Run, paths: StorePaths, *specs: ConcreteSpec) -> RunStarted:
    return RunStarted(
        time=10.0,
        run=run.id,
        store=str(paths.root),
        roots=(specs[-1].hash,),
        nodes=tuple(map(node, specs)),
        pid=1,
        host="node7",
    )


def verified(hash_: DagHash, *, exception: str = "") -> NodeVerified:
    return NodeVerified(
        time=11.0,
        node=hash_,
        mirror=MirrorName("harbor"),
        archive_sha256=DIGEST,
        signer="" if exception else SIGNER,
        signer_name="" if exception else "Harbor Master",
        exception=exception,
    )


def registering(hash_: DagHash, when: float = 12.0) -> PhaseStarted:
    return PhaseStarted(time=when, node=hash_, phase="register", total=0)


def finished(hash_: DagHash, *, already: bool = False) -> NodeFinished:
    return NodeFinished(time=13.0, node=hash_, prefix="/p", already=already)


def ended(status: int = 0) -> RunFinished:
    return RunFinished(time=14.0, installed=1, failed=0, skipped=0, seconds=4.0, exit_status=status)


def register(paths: StorePaths, graph: SpecGraph, hash_: DagHash) -> InstalledRecord:
    spec = graph[hash_]
    return Database(paths).register(spec, paths.prefix_of(spec), graph, explicit=False)


def test_all_that_the_journal_says_is_kept(
    settings: Settings, paths: StorePaths, graph: SpecGraph
) -> None:
    paths.root.mkdir()
    run = new_run(settings, {})
    write(
        run,
        started(run, paths, graph[KELP], graph[REEF]),
        verified(KELP),
        verified(REEF, exception="Mirror harbor may be unsigned"),
        finished(KELP),
        finished(REEF),
        ended(5),
    )
    done = record_run(run, paths)
    assert done is not None
    assert (done.number, done.kind, done.id, done.exit_status) == (1, "install", run.id, 5)
    assert (done.host, done.uid, done.user) == ("node7", os.getuid(), user_name(os.getuid()))
    assert (done.started, done.ended, done.roots) == (10.0, 14.0, (REEF,))
    kelp, reef = done.added
    assert (kelp.hash, kelp.name, kelp.prefix) == (KELP, "kelp", "/p")
    assert (kelp.mirror, kelp.archive_sha256) == ("harbor", DIGEST)
    assert (kelp.signer, kelp.signer_name, kelp.exception) == (SIGNER, "Harbor Master", "")
    assert (reef.signer, reef.exception) == ("", "Mirror harbor may be unsigned")
    assert [item.hash for item in done.explicit] == [REEF]
    assert record_run(run, paths) == done
    assert HistoryFile(paths).read().operations == (done,)


def test_a_run_that_changed_nothing_leaves_no_trace_in_the_store(
    settings: Settings, paths: StorePaths, graph: SpecGraph
) -> None:
    run = new_run(settings, {})
    write(run, started(run, paths, graph[KELP]), finished(KELP, already=True), ended(1))
    catch_up(settings, paths)
    assert not paths.root.exists()
    assert (run.directory / RECORDED).exists()


def test_what_was_registered_and_not_said_any_more_is_found(
    settings: Settings, paths: StorePaths, graph: SpecGraph
) -> None:
    run = new_run(settings, {})
    write(
        run,
        started(run, paths, graph[KELP], graph[REEF]),
        verified(KELP),
        registering(KELP, time.time() - 1),
        registering(REEF, time.time() - 1),
    )
    record = register(paths, graph, KELP)
    catch_up(settings, paths)
    # What it owes the store is settled first: only then it is known what it did.
    assert HistoryFile(paths).read().operations == ()
    run.settle()
    catch_up(settings, paths)
    catch_up(settings, paths)
    (done,) = HistoryFile(paths).read().operations
    assert [(item.hash, item.signer) for item in done.added] == [(KELP, SIGNER)]
    assert (done.exit_status, done.ended) == (1, record.installation_time)


def test_what_somebody_else_had_registered_is_not_its_doing(
    settings: Settings, paths: StorePaths, graph: SpecGraph
) -> None:
    record = register(paths, graph, KELP)
    run = new_run(settings, {})
    write(
        run,
        started(run, paths, graph[KELP]),
        registering(KELP, record.installation_time + 1),
    )
    run.settle()
    assert record_run(run, paths) is None
    assert HistoryFile(paths).read().operations == ()


def test_what_is_in_the_history_of_another_is_not_its_doing(
    settings: Settings, paths: StorePaths, graph: SpecGraph
) -> None:
    dead, other = new_run(settings, {}), new_run(settings, {})
    write(dead, started(dead, paths, graph[KELP]), registering(KELP))
    dead.settle()
    register(paths, graph, KELP)
    write(other, started(other, paths, graph[KELP]), registering(KELP), finished(KELP), ended())
    assert record_run(other, paths) is not None
    assert record_run(dead, paths) is None


def test_a_run_that_is_alive_is_left_alone(
    settings: Settings, paths: StorePaths, graph: SpecGraph
) -> None:
    import fcntl

    paths.root.mkdir()
    run = new_run(settings, {})
    write(run, started(run, paths, graph[KELP]), finished(KELP))
    with (run.directory / "engine.lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        catch_up(settings, paths)
        assert HistoryFile(paths).read().operations == ()
    catch_up(settings, paths)
    assert len(HistoryFile(paths).read().operations) == 1


def test_a_history_that_cannot_be_written_is_tried_again(
    settings: Settings, paths: StorePaths, graph: SpecGraph
) -> None:
    paths.root.mkdir()
    run = new_run(settings, {})
    write(run, started(run, paths, graph[KELP]), finished(KELP), ended())
    obstacle = paths.root / ".spackbin"
    obstacle.write_text("in the way")
    catch_up(settings, paths)
    assert not (run.directory / RECORDED).exists()
    obstacle.unlink()
    catch_up(settings, paths)
    assert len(HistoryFile(paths).read().operations) == 1


@pytest.mark.parametrize("is_said", [True, False])
def test_what_was_built_after_a_death_belongs_to_the_run(
    settings: Settings, paths: StorePaths, graph: SpecGraph, is_said: bool
) -> None:
    run = new_run(settings, {})
    built = RunNode(KELP, "kelp", "2024.1", 0, (), from_source=True)
    other = RunNode(REEF, "reef", "5.0.0", 0, (), from_source=True)
    begun = structs.replace(
        started(run, paths, graph[KELP]), nodes=(built, other), time=time.time()
    )
    queued = BuildQueued(time=time.time(), node=KELP, builder="local", job="1", log="/l")
    write(run, begun, *([queued] if is_said else []))
    (run.directory / "builds" / KELP).mkdir(parents=True)
    asked: list[set[DagHash]] = []

    def is_building(_run: Run, hashes: Collection[DagHash]) -> bool:
        asked.append(set(hashes))
        return len(asked) == 1

    register(paths, graph, REEF)  # somebody else did that
    assert record_run(run, paths, is_building=is_building) is None
    assert not (run.directory / RECORDED).exists()
    register(paths, graph, KELP)
    done = record_run(run, paths, is_building=is_building)
    assert done is not None
    assert [item.hash for item in done.added] == [KELP]
    assert asked == [{KELP}, {KELP}]
