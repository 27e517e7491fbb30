"""A small store that we write by the doors of `core.store`."""

import json
from pathlib import Path

from core.model.artifact import StagedTree
from core.model.graph import ALL_DEPTYPES, SpecGraph
from core.model.ident import DagHash
from core.model.spec import ConcreteSpec, spec_from_node
from core.store.database import Database
from core.store.locks import prefix_lock
from core.store.manifest import write_manifest
from core.store.paths import StorePaths
from core.store.stage import commit, new_stage
from tests.permissions import set_permissions

REEF = DagHash("pgxfx3bbzwipmvo4y66vtatgkp4tlmhq")


def reef_graph(golden: Path) -> SpecGraph:
    """Reef and all that it depends on, as real Spack wrote it down."""
    document = json.loads((golden / "dev" / "specs" / f"{REEF}.json").read_text())
    specs = [spec_from_node(node) for node in document["spec"]["nodes"]]
    return SpecGraph((REEF,), {spec.hash: spec for spec in specs})


def packages(graph: SpecGraph) -> list[ConcreteSpec]:
    """What is to be installed, dependencies first."""
    return [spec for spec in graph.order() if not spec.external]


def install(paths: StorePaths, spec: ConcreteSpec, graph: SpecGraph) -> None:
    """A script called like the package, in its prefix and registered."""
    with prefix_lock(paths, spec.hash):
        prefix = paths.prefix_of(spec)
        stage = new_stage(prefix)
        (stage / "bin").mkdir()
        (stage / "bin" / spec.name).write_text("#!/bin/sh\n")
        (stage / "bin" / spec.name).chmod(0o755)
        (stage / ".spack").mkdir()
        nodes = [item.node for item in reversed(graph.order((spec.hash,), ALL_DEPTYPES))]
        document = {"spec": {"_meta": {"version": 5}, "nodes": nodes}}
        (stage / ".spack" / "spec.json").write_text(json.dumps(document))
        set_permissions(stage)
        write_manifest(stage, prefix)
        commit(StagedTree(spec, stage, prefix, files=5))
        Database(paths).register(spec, prefix, graph, explicit=spec.hash in graph.roots)
