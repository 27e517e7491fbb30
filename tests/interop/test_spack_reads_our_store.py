"""A real Spack works with the store that we wrote, and we with what it wrote after."""

import json

import pytest
from our_store import REEF, install, packages
from real_spack import RealSpack

from core.model.graph import SpecGraph
from core.store.database import Database
from core.store.paths import StorePaths

pytestmark = pytest.mark.interop


def records_of(store: StorePaths) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads(store.database.read_text())["database"][
        "installs"
    ]
    return found


def test_spack_finds_the_packages(spack: RealSpack, store: StorePaths, graph: SpecGraph) -> None:
    listed = spack.run("find", "--format", "{hash} {name}@{version} {prefix}").stdout
    ours = {f"{spec.hash} {spec.label} {store.prefix_of(spec)}" for spec in packages(graph)}
    externals = {f"{spec.hash} {spec.label} /usr" for spec in graph.nodes.values() if spec.external}
    assert {line.strip() for line in listed.splitlines()} == ours | externals
    assert spack.run("find", "--explicit", "--format", "{hash}").stdout.split() == [REEF]
    missing = spack.run("find", "--only-missing", "--format", "{name}").stdout.split()
    assert sorted(missing) == ["compiler-wrapper", "scaffold"]
    assert "reef@5.0.0" in spack.run("find", "-lvpd").stdout


def test_spack_verifies_the_packages(spack: RealSpack, store: StorePaths, graph: SpecGraph) -> None:
    for spec in packages(graph):
        spack.run("verify", "manifest", f"/{spec.hash}")
    (store.prefix_of(graph[REEF]) / "bin" / "reef").write_text("#!/bin/bash\n")
    assert spack.run("verify", "manifest", f"/{REEF}", check=False).returncode == 1


def test_spack_loads_the_packages(spack: RealSpack, store: StorePaths, graph: SpecGraph) -> None:
    script = spack.run("load", "--sh", f"/{REEF}").stdout
    assert f"{store.prefix_of(graph[REEF])}/bin" in script


def test_spack_writes_the_same_again(spack: RealSpack, store: StorePaths) -> None:
    before = records_of(store)
    script = spack.script(
        "import spack.store\n"
        "with spack.store.STORE.db.write_transaction():\n"
        "    pass\n"
        "spack.store.STORE.db._check_ref_counts()\n"
    )
    verifier = store.verifier.read_text()
    spack.run("python", script)
    assert store.verifier.read_text() != verifier
    assert json.dumps(records_of(store)) == json.dumps(before)


def test_spack_finds_the_same_when_it_looks_at_the_files(
    spack: RealSpack, store: StorePaths
) -> None:
    before = records_of(store)
    spack.run("reindex")
    after = records_of(store)
    for record in (*before.values(), *after.values()):
        if not record["installed"]:
            # Spack forgets where it would install.
            record["path"] = None
    assert after == before


def test_spack_uninstalls_and_we_install_again(
    spack: RealSpack, store: StorePaths, graph: SpecGraph
) -> None:
    libtide = next(spec for spec in graph.nodes.values() if spec.name == "libtide")
    refused = spack.run("uninstall", "-y", f"/{libtide.hash}", check=False)
    assert refused.returncode == 1
    database = Database(store)
    assert database.read().records[REEF].installed
    spack.run("uninstall", "-y", f"/{REEF}")
    assert not store.prefix_of(graph[REEF]).exists()
    assert REEF not in database.read().records
    assert database.read().records[libtide.hash].installed
    install(store, graph[REEF], graph)
    assert REEF in spack.run("find", "--format", "{hash}").stdout.split()
