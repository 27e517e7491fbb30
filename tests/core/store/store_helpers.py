"""What the tests of the store share: golden specs, packages on disk, an ordinary user."""

import json
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from core.model.artifact import StagedTree
from core.model.graph import SpecGraph
from core.model.ident import DagHash
from core.model.installed import InstalledRecord
from core.model.spec import ConcreteSpec, spec_from_node
from core.store.database import Database
from core.store.manifest import write_manifest
from core.store.paths import StorePaths
from core.store.stage import commit, new_stage
from tests.permissions import set_permissions

REEF = DagHash("pgxfx3bbzwipmvo4y66vtatgkp4tlmhq")
LIBTIDE = DagHash("puk55bhxijb6dqgneqwgu7ft6zxmgwe6")
KELP = DagHash("6sbfuoppgn7dvzn6eqvmrevoymxdwvxs")
GLIBC = DagHash("qggmgd43aeio7nlqwjdua7qykkygiboj")
NOBODY = 65534


def golden_graph(golden: Path) -> SpecGraph:
    """All nodes of the spec documents that real Spack wrote."""
    nodes: dict[DagHash, ConcreteSpec] = {}
    roots: list[DagHash] = []
    for document in sorted((golden / "dev" / "specs").glob("*.json")):
        found = [spec_from_node(node) for node in json.loads(document.read_text())["spec"]["nodes"]]
        roots.append(found[0].hash)
        nodes.update({spec.hash: spec for spec in found})
    return SpecGraph(tuple(roots), nodes)


def make_tree(tree: Path, spec: ConcreteSpec) -> None:
    """A small package in `tree`: a program, a text and its metadata."""
    for directory in (".spack", "bin", "share"):
        (tree / directory).mkdir()
    (tree / "bin" / "hello").write_text("#!/bin/sh\necho hello\n")
    (tree / "bin" / "hello").chmod(0o755)
    (tree / "share" / "note.txt").write_text("a note\n")
    (tree / ".spack" / "spec.json").write_text(
        json.dumps({"spec": {"_meta": {"version": 5}, "nodes": [spec.node]}})
    )


def stage_package(paths: StorePaths, spec: ConcreteSpec) -> StagedTree:
    """A complete stage for `spec`."""
    paths.database_dir.mkdir(parents=True, exist_ok=True)
    prefix = paths.prefix_of(spec)
    stage = new_stage(prefix)
    make_tree(stage, spec)
    set_permissions(stage)
    write_manifest(stage, prefix)
    return StagedTree(spec, stage, prefix, files=7)


def install(
    paths: StorePaths, spec: ConcreteSpec, graph: SpecGraph, *, explicit: bool = False
) -> InstalledRecord:
    """A small package in the place of `spec`, registered."""
    staged = stage_package(paths, spec)
    commit(staged)
    return Database(paths).register(spec, staged.prefix, graph, explicit=explicit)


def register(
    store: StorePaths, graph: SpecGraph, hash_: DagHash, *, explicit: bool = False
) -> None:
    """Register a package where it would be, whether it is there or not."""
    spec = graph[hash_]
    Database(store).register(spec, store.prefix_of(spec), graph, explicit=explicit)


def everything_below(root: Path) -> list[str]:
    """Paths of all entries, relative to `root`."""
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def packages(store: StorePaths) -> list[str]:
    """All that is to be seen where packages are."""
    return sorted(path.name for path in store.root.glob("*/*") if path.parts[-2][0] != ".")


def is_installed(store: StorePaths, hash_: DagHash) -> bool:
    """True if the database says so."""
    record = Database(store).read().records.get(hash_)
    return record is not None and record.installed


@contextmanager
def ordinary_user() -> Generator[Path]:
    """A directory of a user to whom modes apply, and this process as that user."""
    is_root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        if is_root:
            os.chown(place, NOBODY, NOBODY)
            os.setegid(NOBODY)
            os.seteuid(NOBODY)
        try:
            yield place
        finally:
            if is_root:
                os.seteuid(0)
                os.setegid(0)
