"""What the files of a Spack say, what it is offered, and what goes before its configuration."""

import json
import os
from pathlib import Path

import pytest

from core.environment.read import read_environment
from core.model.graph import SpecGraph
from core.spack.facts import configuration_stamp, read_facts
from core.spack.instance import SpackInstance, find_spack
from core.spack.offered import offers_document
from core.spack.overrides import scope_for


@pytest.fixture
def spack(tmp_path: Path) -> SpackInstance:
    prefix = tmp_path / "spack"
    (prefix / "lib/spack/spack").mkdir(parents=True)
    (prefix / "etc/spack/defaults").mkdir(parents=True)
    (prefix / "lib/spack/spack/__init__.py").write_text('x = 1\n__version__ = "1.3.0.dev0"\n')
    environ = {
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "SPACK_USER_CONFIG_PATH": str(tmp_path / "user"),
        "SPACK_SYSTEM_CONFIG_PATH": str(tmp_path / "nowhere"),
    }
    found = find_spack(environ, prefix)
    assert found
    return found


def configure(spack: SpackInstance, scope: str, section: str, text: str) -> None:
    place = spack.prefix / "etc/spack/defaults" if scope == "defaults" else Path(scope)
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{section}.yaml").write_text(text)


def test_files_are_read_as_spack_lays_them_over_each_other(
    spack: SpackInstance, tmp_path: Path
) -> None:
    user = str(tmp_path / "user")
    tree = (
        "config:\n  install_tree:\n    root: $spack/opt\n    projections: {all: '{name}-{hash}'}\n"
    )
    configure(spack, "defaults", "config", tree)
    configure(spack, user, "config", "config:\n  install_tree:\n    padded_length: 128\n")
    configure(spack, user, "upstreams", "upstreams:\n  site: {install_tree: ~/site}\n")
    facts = read_facts(spack)
    assert (facts.prefix, facts.version) == (str(spack.prefix), "1.3.0.dev0")
    assert (facts.install_tree, facts.padding) == (f"{spack.prefix}/opt", 128)
    assert facts.projections == (("all", "{name}-{hash}"),)
    assert facts.upstreams == (("site", f"{tmp_path}/site"),)
    assert facts.scopes == (str(spack.prefix / "etc/spack/defaults"), *facts.scopes[1:])
    assert facts.scopes[-1] == user
    assert facts.notes == ()
    assert facts.python.startswith(("/usr/bin/python3", "/bin/python3")) or facts.python == ""


def test_what_is_odd_is_noted_or_has_a_default(spack: SpackInstance, tmp_path: Path) -> None:
    user = str(tmp_path / "user")
    assert read_facts(spack).install_tree == f"{spack.prefix}/opt/spack"
    configure(spack, user, "config", "config:\n  install_tree: /old/form\n")
    configure(spack, user, "upstreams", "upstreams: [[[\n")
    facts = read_facts(spack)
    assert facts.install_tree == "/old/form"
    assert len(facts.notes) == 1
    assert "upstreams.yaml cannot be read" in facts.notes[0]
    configure(spack, user, "config", "config:\n  install_tree: {padded_length: true}\n")
    assert read_facts(spack).padding == os.pathconf("/", "PC_PATH_MAX") - 300
    (spack.prefix / "lib/spack/spack/__init__.py").unlink()
    assert read_facts(spack).version == ""


def test_paths_are_written_as_spack_would(spack: SpackInstance, tmp_path: Path) -> None:
    user = str(tmp_path / "user")
    configure(spack, user, "config", "config: {install_tree: {root: '$spack/../tree//x/'}}\n")
    configure(spack, user, "upstreams", "upstreams: {a: {install_tree: 'file:///up/../down'}}\n")
    facts = read_facts(spack)
    assert facts.install_tree == f"{tmp_path}/tree/x"
    assert facts.upstreams == (("a", "/down"),)


def test_a_changed_file_changes_the_stamp(spack: SpackInstance, tmp_path: Path) -> None:
    before = configuration_stamp(spack)
    configure(spack, str(tmp_path / "user"), "packages", "packages: {}\n")
    after = configuration_stamp(spack)
    assert before != after
    assert configuration_stamp(spack) == after


def test_one_that_is_named_is_the_only_one_that_counts(
    spack: SpackInstance, tmp_path: Path
) -> None:
    environ = {"SPACK_ROOT": str(spack.prefix), "PATH": ""}
    assert find_spack(environ)
    assert find_spack(environ, tmp_path / "elsewhere") is None


@pytest.fixture
def graph(golden: Path) -> SpecGraph:
    return read_environment(golden / "dev" / "env").graph


def named(graph: SpecGraph, name: str) -> str:
    return next(hash_ for hash_, spec in graph.nodes.items() if spec.name == name)


def offered(document: object) -> set[str]:
    installs = document["database"]["installs"]  # type: ignore[index]
    return {entry["spec"]["name"] for entry in installs.values() if entry["in_buildcache"]}


def test_offers_are_an_index_of_what_is_offered_and_all_that_it_needs(graph: SpecGraph) -> None:
    kelp = named(graph, "kelp")
    document = offers_document(graph, [kelp], "8")  # type: ignore[list-item]
    assert offered(document) == {"kelp"}
    installs = document["database"]["installs"]  # type: ignore[index]
    assert {entry["spec"]["name"] for entry in installs.values()} == {"kelp", "perl"}
    assert installs[kelp]["spec"] == graph.nodes[kelp].node  # type: ignore[index]
    assert document["database"]["version"] == "8"  # type: ignore[index]


def test_what_this_spack_cannot_read_or_is_not_whole_is_not_offered(
    graph: SpecGraph, golden: Path
) -> None:
    old = read_environment(golden / "v0.23.1" / "env").graph
    both = graph.with_nodes(old)
    builds = [*graph.roots, *old.roots]
    assert set(offers_document(both, builds, "8")["database"]["installs"]) == set(graph.nodes)  # type: ignore[index]
    assert set(offers_document(both, builds, "7")["database"]["installs"]) == set(old.nodes)  # type: ignore[index]
    libtide = named(graph, "libtide")
    torn = {hash_: spec for hash_, spec in graph.nodes.items() if hash_ != libtide}
    document = offers_document(SpecGraph((), torn), list(graph.nodes), "8")
    assert offered(document).isdisjoint({"libtide", "libharbor", "beacon", "reef", "wreck"})
    assert "kelp" in offered(document)


def test_our_store_is_spacks_tree_as_soon_as_there_is_something_in_it(tmp_path: Path) -> None:
    store, place = tmp_path / "store", tmp_path / "scopes"
    empty = scope_for(store, place)
    root = json.loads((empty / "config.yaml").read_text())["config"]["install_tree:"]["root"]
    assert not Path(root).exists()
    (store / ".spack-db").mkdir(parents=True)
    (store / ".spack-db/index.json").touch()
    full = scope_for(store, place)
    assert json.loads((full / "config.yaml").read_text()) == {
        "config": {"install_tree:": {"root": str(store)}}
    }
    assert scope_for(store, place) == full != empty
