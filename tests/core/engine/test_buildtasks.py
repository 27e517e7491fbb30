"""What a builder is given, and what is read of a log as it grows."""

import fcntl
import json
import os
from pathlib import Path

import pytest

from core.engine.builders import choice
from core.engine.buildlog import Steps
from core.engine.buildtasks import dead_runs, is_building, spec_document, task_in, write_task
from core.engine.journal import LOCK, Run, new_run
from core.engine.request import REQUEST_VERSION, Request
from core.model.graph import SpecGraph
from core.model.ident import DagHash
from core.model.spec import spec_from_node
from core.settings import Settings
from core.store.database import Database
from core.store.paths import StorePaths
from core.store.records import DatabaseState
from tests.builders import PID, choose_process_builder
from tests.core.catalog.golden_index import graph_of, made_up_hash, record

WRECK = DagHash("ljdpnh43chowa6l3vva5nw3ic2ahrjfq")
GHOST = DagHash("gzb4op2zzxzjjuwajtlv33otwlepxak2")
NOTHING = DatabaseState(8, {})


def nodes_of(
    graph: SpecGraph, root: DagHash, state: DatabaseState = NOTHING
) -> list[dict[str, object]]:
    document = json.loads(spec_document(graph, state, root))
    assert document["spec"]["_meta"] == {"version": 5}
    return document["spec"]["nodes"]


def test_every_node_is_as_the_mirror_has_it(golden: Path) -> None:
    graph = graph_of(golden, WRECK)
    nodes = nodes_of(graph, WRECK)
    assert nodes[0]["hash"] == WRECK
    deptypes = ("build", "link", "run")
    assert {node["hash"] for node in nodes} == graph.closure(WRECK, deptypes)
    assert all(node == graph[DagHash(str(node["hash"]))].node for node in nodes)


def test_nodes_of_an_older_spack_keep_their_hashes(golden: Path) -> None:
    graph = graph_of(golden, "", version="v0.23.1")
    spec = next(spec for spec in graph.nodes.values() if spec.name == "reef")
    nodes = nodes_of(graph, spec.hash)
    assert (nodes[0]["name"], nodes[0]["hash"]) == ("reef", spec.hash)
    assert all("compiler" not in node for node in nodes)


def test_what_the_graph_lacks_is_taken_from_the_store_or_left_out(tmp_path: Path) -> None:
    top = spec_from_node(record("top", 1, (2, 3))["spec"])
    known = spec_from_node(record("p2", 2)["spec"])
    graph = SpecGraph((top.hash,), {top.hash: top})
    paths = StorePaths(tmp_path)
    whole = SpecGraph((), {known.hash: known})
    Database(paths).register(known, paths.prefix_of(known), whole, explicit=False)
    first, *others = nodes_of(graph, top.hash, Database(paths).read())
    assert [node["hash"] for node in others] == [made_up_hash(2)]
    edges = first["dependencies"]
    assert isinstance(edges, list)
    assert [edge["hash"] for edge in edges] == [made_up_hash(2)]


def test_the_phases_come_as_the_log_grows(tmp_path: Path) -> None:
    log = tmp_path / "build.log"
    steps = Steps(log)
    assert list(steps.news()) == []
    with log.open("ab", buffering=0) as stream:
        stream.write(b"==> tide: Executing phase: 'conf")
        assert list(steps.news()) == []
        stream.write(b"igure'\n==> tide: Executing phase: 'configure'\nchecking\n")
        assert list(steps.news()) == ["configure"]
        stream.write(b"\xff\x1b[31m\n==> tide: Executing phase: 'build'\n" + b"x" * 100_000)
        assert list(steps.news()) == ["build"]
        stream.write(b"\n==> tide: Executing phase: 'install'\n")
        assert list(steps.news()) == ["install"]
    assert list(steps.news()) == []


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(choice, "choose_builder", choose_process_builder)
    return Settings(
        store=tmp_path / "store",
        config_dir=tmp_path / "config",
        cache_dir=tmp_path / "cache",
        state_dir=tmp_path / "state",
    )


def a_run(settings: Settings, golden: Path, builder: str = "process") -> Run:
    """One that has ordered ghost."""
    graph = graph_of(golden, GHOST)
    request = Request(
        version=REQUEST_VERSION,
        store=str(settings.store),
        config_dir=str(settings.config_dir),
        cache_dir=str(settings.cache_dir),
        state_dir=str(settings.state_dir),
        jobs=1,
        roots=(GHOST,),
        fetches=(),
        mirrors=(),
        nodes={GHOST: dict(graph[GHOST].node)},
        builds=(GHOST,),
        builder=builder,
        spack="here",
    )
    run = new_run(settings, request)
    write_task(task_in(run, graph[GHOST]), graph, NOTHING)
    return run


def begin(run: Run, golden: Path, pid: int) -> None:
    """As if a process built it."""
    directory = task_in(run, graph_of(golden, GHOST)[GHOST]).directory
    (directory / PID).write_text(str(pid))
    (directory / "after").touch()


def test_a_dead_run_builds_as_long_as_its_job_lives(settings: Settings, golden: Path) -> None:
    run = a_run(settings, golden)
    assert not is_building(settings, run, [GHOST])
    begin(run, golden, os.getpid())
    assert is_building(settings, run, [GHOST])
    begin(run, golden, 2**22 + 1)
    assert not is_building(settings, run, [GHOST])


def test_what_a_living_run_waits_for_is_not_settled_yet(settings: Settings, golden: Path) -> None:
    dead, other = a_run(settings, golden), a_run(settings, golden)
    with (other.directory / LOCK).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert is_building(settings, dead, [GHOST])
    assert not is_building(settings, dead, [GHOST])


def test_jobs_are_looked_for_in_dead_runs_of_the_same_builder(
    settings: Settings, golden: Path
) -> None:
    first, second, current = (a_run(settings, golden) for _ in range(3))
    a_run(settings, golden, builder="slurm")
    assert [run.id for run in dead_runs(settings, "process", current.id)] == [second.id, first.id]
    with (second.directory / LOCK).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert [run.id for run in dead_runs(settings, "process", current.id)] == [first.id]


def test_if_nobody_can_tell_it_may_be_building(settings: Settings, golden: Path) -> None:
    assert is_building(settings, a_run(settings, golden, builder="abacus"), [GHOST])
