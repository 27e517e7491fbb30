"""What a builder is given for one node, and where that is found again by a later run.

A task is a directory `builds/HASH` of the run that made it. It stays with the run: the log of the
build is there, and what the builder needs to know its job again.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import msgspec

from core.atomic import write_atomically
from core.engine.builders import choice
from core.engine.builders.protocol import Builder, BuildTask
from core.engine.journal import BUILDS, REQUEST, Run, runs
from core.engine.request import read_request
from core.errors import SpackbinError, StoreError
from core.model.graph import ALL_DEPTYPES, SpecGraph
from core.model.ident import DagHash
from core.model.installed import InstalledSpecs
from core.model.nodes import NEWEST_SPEC_FORMAT
from core.model.spec import ConcreteSpec
from core.settings import Settings
from core.store.records import DatabaseState, new_record

SPEC = "spec.json"
"""In the directory of a task: what to build."""


def task_in(run: Run, spec: ConcreteSpec) -> BuildTask:
    """The task of a run for one node, whether its directory is there or not."""
    return BuildTask(spec.hash, spec.label, spec.target, run.directory / BUILDS / spec.hash)


def write_task(task: BuildTask, graph: SpecGraph, state: DatabaseState) -> None:
    """Make the directory of a task, with the concrete spec.

    Args:
        task: which.
        graph: where the spec and its dependencies are.
        state: where dependencies are that the graph lacks.

    Raises:
        StoreError: it cannot be written.
    """
    write_atomically(task.directory / SPEC, spec_document(graph, state, task.hash))


def spec_document(graph: SpecGraph, state: DatabaseState, root: DagHash) -> bytes:
    """A node and all that it depends on, as `spack install FILE` reads them (Spack 1.x `spec.py`).

    Every node keeps its hash. Edges to what nobody describes are left out: only the dependencies
    that built a dependency long ago may be unknown, and nobody builds that again.
    """
    whole = SpecGraph((root,), InstalledSpecs(state.records, graph.nodes))
    specs = reversed(whole.order(deptypes=ALL_DEPTYPES))
    nodes = [_node(spec, whole.nodes) for spec in specs]
    return msgspec.json.encode({"spec": {"_meta": {"version": NEWEST_SPEC_FORMAT}, "nodes": nodes}})


def _node(spec: ConcreteSpec, known: Collection[DagHash]) -> dict[str, Any]:
    """A node in the newest format, which is that of the database."""
    record = new_record(spec, None, installed=False, explicit=False, time=0.0)
    node: dict[str, Any] = record["spec"]
    edges: list[Mapping[str, Any]] = node.get("dependencies") or []
    kept = [edge for edge in edges if edge["hash"] in known]
    return node if len(kept) == len(edges) else {**node, "dependencies": kept}


def earlier_job(
    builder: Builder, spec: ConcreteSpec, dead: Collection[Run]
) -> tuple[BuildTask, str] | None:
    """The task and job of a dead run that still builds a node, or none."""
    for run in dead:
        task = task_in(run, spec)
        job = builder.reattach(task) if task.directory.is_dir() else None
        if job is not None:
            return task, job
    return None


def dead_runs(settings: Settings, builder: str, current: str = "") -> list[Run]:
    """The runs on the store, newest first, whose engine is gone and that ordered builds."""
    found = (
        run for run in runs(settings) if run.id != current and (run.directory / BUILDS).is_dir()
    )
    return [run for run in found if not run.is_alive() and _builder_of(run) == builder]


def is_building(settings: Settings, run: Run, hashes: Collection[DagHash]) -> bool:
    """True if what a dead run has ordered is still being built, or another run waits for it."""
    try:
        request = read_request(run.directory / REQUEST)
    except StoreError:
        return False  # of another version of spackbin
    if any(set(_builds_of(other)) & set(hashes) for other in runs(settings) if other.is_alive()):
        return True
    try:
        builder = choice.choose_builder(settings, request.builder, Path(request.spack))
        graph = request.graph()
        return any(earlier_job(builder, graph[hash_], (run,)) for hash_ in hashes)
    except SpackbinError:
        return True  # nobody can tell


def _builder_of(run: Run) -> str:
    try:
        return read_request(run.directory / REQUEST).builder
    except StoreError:
        return ""


def _builds_of(run: Run) -> tuple[DagHash, ...]:
    try:
        return read_request(run.directory / REQUEST).builds
    except StoreError:
        return ()
