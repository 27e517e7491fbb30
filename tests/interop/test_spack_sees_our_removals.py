"""What we remove is gone for a real Spack too, and what it removes for us."""

import json
from pathlib import Path

import pytest
from our_store import REEF, packages
from real_spack import RealSpack

from core.model.graph import SpecGraph
from core.planning.removal import plan_uninstall
from core.store.database import Database
from core.store.history import HistoryFile, new_operation
from core.store.paths import StorePaths
from core.store.removal import Removal, remove

pytestmark = pytest.mark.interop

CHECK = """
import spack.store

with spack.store.STORE.db.write_transaction():
    pass
spack.store.STORE.db._check_ref_counts()
"""

# What `spack deprecate` does; the command wants two packages of one name.
DEPRECATE = """
import os
import spack.installer
import spack.store

db = spack.store.STORE.db
spack.installer.deprecate(db.query_one("kelp"), db.query_one("gcc-runtime"), os.symlink)
"""
AFTER_BEACON = ("beacon", "gcc-runtime", "libharbor", "libtide", "reef")
"""Reef, beacon and what only beacon needs to run."""


def uninstall(store: StorePaths, graph: SpecGraph, *names: str, **options: bool) -> Removal:
    asked = [spec.hash for spec in graph.nodes.values() if spec.name in names]
    records = Database(store).read().records
    plan = plan_uninstall(str(store.root), records, asked, size_of=lambda _: 0, **options)
    assert not plan.refused
    return remove(store, plan)


def hashes_found(spack: RealSpack, *options: str) -> set[str]:
    return set(spack.run("find", *options, "--format", "{hash}").stdout.split())


def hashes_of(graph: SpecGraph, *without: str) -> set[str]:
    return {spec.hash for spec in packages(graph) if spec.name not in without}


def externals(graph: SpecGraph) -> set[str]:
    return {spec.hash for spec in graph.nodes.values() if spec.external}


def database_of(store: StorePaths) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads(store.database.read_text())["database"][
        "installs"
    ]
    return found


def test_spack_finds_no_more_what_we_removed(
    spack: RealSpack, store: StorePaths, graph: SpecGraph
) -> None:
    uninstall(store, graph, "kelp", dependents=True)
    left = hashes_of(graph, "kelp", "reef")
    assert hashes_found(spack) == left | externals(graph)
    spack.run("python", spack.script(CHECK))
    assert {path.name for path in store.root.glob("linux-*/*")} == {
        store.prefix_of(graph[hash_]).name for hash_ in map(type(REEF), left)
    }


def test_spack_would_have_left_the_same_records(
    spack: RealSpack, store: StorePaths, graph: SpecGraph, tmp_path: Path
) -> None:
    before = store.database.read_bytes()
    verifier = store.verifier.read_bytes()
    spack.run("uninstall", "-y", "--dependents", "kelp")
    theirs = database_of(store)
    # As it was, but for the prefixes: those that are gone are only forgotten.
    store.database.write_bytes(before)
    store.verifier.write_bytes(verifier)
    uninstall(store, graph, "kelp", dependents=True)
    assert database_of(store) == theirs


def test_spack_uninstalls_what_we_left(
    spack: RealSpack, store: StorePaths, graph: SpecGraph
) -> None:
    uninstall(store, graph, "reef")
    spack.run("uninstall", "-y", "beacon")
    spack.run("gc", "-y")
    # Nobody asked for what is left by name.
    assert hashes_found(spack) & hashes_of(graph) == set()


def test_we_remove_what_is_left_after_spack(
    spack: RealSpack, store: StorePaths, graph: SpecGraph
) -> None:
    spack.run("uninstall", "-y", f"/{REEF}")
    uninstall(store, graph, "beacon", unused=True)
    assert hashes_found(spack) & hashes_of(graph) == hashes_of(graph, *AFTER_BEACON)
    spack.run("python", spack.script(CHECK))


def test_a_deprecated_package_can_be_removed_and_holds_its_stand_in(
    spack: RealSpack, store: StorePaths, graph: SpecGraph
) -> None:
    uninstall(store, graph, "reef")
    spack.run("python", spack.script(DEPRECATE))
    kelp = next(spec for spec in packages(graph) if spec.name == "kelp")
    assert store.prefix_of(kelp).is_symlink()
    records = Database(store).read().records
    assert records[kelp.hash].deprecated_for
    uninstall(store, graph, "kelp")
    assert kelp.hash not in hashes_found(spack, "--deprecated")
    assert not store.prefix_of(kelp).is_symlink()
    stand_in = next(spec for spec in packages(graph) if spec.name == "gcc-runtime")
    assert not list((store.prefix_of(stand_in) / ".spack" / "deprecated").glob("*"))
    spack.run("python", spack.script(CHECK))


def test_spack_does_not_mind_the_history_in_its_root(
    spack: RealSpack, store: StorePaths, graph: SpecGraph
) -> None:
    HistoryFile(store).append(new_operation("install", "run", 1.0))
    (store.root / ".spackbin" / "announced-x.json").write_text("{}")
    everything = hashes_found(spack)
    spack.run("reindex")
    assert hashes_found(spack) == everything
    assert hashes_of(graph) <= everything
    assert len(HistoryFile(store).read().operations) == 1
