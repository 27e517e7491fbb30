"""What is found by numbers is what is found by looking at every spec."""

import json
import sqlite3
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalog import shelf as catalog_shelf
from core.catalog import ways
from core.catalog.shelf import Shelf
from core.catalog.write import write_catalog
from core.errors import WrongUse
from core.model.graph import SpecGraph
from core.model.ident import DagHash, MirrorName
from core.model.spec import spec_from_node
from core.query.parse import parse_query
from core.query.select import select
from tests.core.catalog.golden_index import (
    VERSIONS,
    graph_of,
    index_of,
    index_text,
    made_up_hash,
    record,
    records_of,
)

MORE = (
    "^libtide",
    "%gcc@12",
    "target=x86_64_v3 ^glibc",
    "^[virtuals=wave-api] libtide@2:",
    "^wave-api %c=gcc",
    "os=debian12 +shared",
    "reef ^libharbor ^libtide@2",
    "libharbor %gcc ^libtide ++shared",
    "reef ^libharbor %gcc@12.2",
    "%[deptypes=build] gcc ^libc",
    "/k %gcc",
    "libtide@1.4,2: platform=linux",
)


def shelf_of(index: Path, tmp_path: Path) -> Shelf:
    write_catalog(index, tmp_path / "catalog.sqlite", "00", lambda _: None)
    return Shelf(MirrorName("any"), tmp_path / "catalog.sqlite")


def found_by_numbers(text: str, shelf: Shelf, graph: SpecGraph) -> set[DagHash]:
    """What is selected, and where that has too many, what of it matches."""
    query = parse_query(text)
    selection = select(query, shelf)
    hashes = [shelf.columns.hash_of(spec) for spec in selection.specs]
    assert len(hashes) == len(set(hashes))
    if selection.is_exact:
        return set(hashes)
    return {hash_ for hash_ in hashes if query.matches(graph[hash_], graph)}


def found_one_by_one(text: str, records: Mapping[str, Any], graph: SpecGraph) -> set[DagHash]:
    query = parse_query(text)
    return {
        DagHash(hash_)
        for hash_, item in records.items()
        if item["in_buildcache"] and not item["spec"].get("external")
        if query.matches(graph[DagHash(hash_)], graph)
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_golden_indices_answer_alike(version: str, golden: Path, tmp_path: Path) -> None:
    records = records_of(golden, version=version)
    graph = graph_of(golden, version=version)
    shelf = shelf_of(index_of(golden, version=version), tmp_path)
    texts = [*json.loads((golden / version / "queries.json").read_text())["queries"], *MORE]
    answered = 0
    for text in texts:
        try:
            wanted = found_one_by_one(text, records, graph)
        except WrongUse:
            with pytest.raises(WrongUse):
                found_by_numbers(text, shelf, graph)
            continue
        assert found_by_numbers(text, shelf, graph) == wanted, text
        answered += bool(wanted)
    assert answered > 10


def test_only_the_first_edge_to_a_spec_counts(golden: Path, tmp_path: Path) -> None:
    # beacon links to libtide itself, and to libharbor, for which libtide is the wave-api.
    graph, shelf = graph_of(golden), shelf_of(index_of(golden), tmp_path)
    assert found_by_numbers("beacon ^libtide@2:", shelf, graph)
    assert not found_by_numbers("beacon ^[virtuals=wave-api] libtide@2:", shelf, graph)


def test_a_plain_question_needs_no_second_look(golden: Path, tmp_path: Path) -> None:
    shelf = shelf_of(index_of(golden), tmp_path)
    for text in ("reef", "%gcc@12", "libtide+shared ^glibc", "/k", "^wave-api"):
        assert select(parse_query(text), shelf).is_exact, text
    for text in ("libtide ++shared", "reef ^libharbor %gcc", "libharbor ^wave-api@2"):
        assert not select(parse_query(text), shelf).is_exact, text
    every = select(parse_query("glibc"), shelf, only_builds=False)
    assert not select(parse_query("glibc"), shelf).specs
    assert len(every.specs) == 2


def test_what_no_record_describes_calls_for_a_second_look(tmp_path: Path) -> None:
    index = tmp_path / "index.json"
    index.write_text(index_text({made_up_hash(1): record("p1", 1, (2,))}))
    shelf = shelf_of(index, tmp_path)
    assert not shelf.is_closed
    assert not select(parse_query("p1 ^p2"), shelf).is_exact
    (spec,) = select(parse_query("p1 ^p2"), shelf).specs
    assert shelf.columns.hash_of(spec) == made_up_hash(1)
    assert select(parse_query("p1"), shelf).is_exact


def test_edges_that_lead_nowhere_find_nothing(golden: Path, tmp_path: Path) -> None:
    write_catalog(index_of(golden), tmp_path / "catalog.sqlite", "00", lambda _: None)
    connection = sqlite3.connect(tmp_path / "catalog.sqlite")
    for table in ("children", "parents"):
        for number, edges in connection.execute(f"SELECT id, edges FROM {table}").fetchall():
            # The kinds of edges are as before.
            pairs = array("I", edges)
            pairs[::2] = array("I", [10**6] * (len(pairs) // 2))
            sql = f"UPDATE {table} SET edges = ? WHERE id = ?"
            connection.execute(sql, (pairs.tobytes(), number))
    connection.commit()
    connection.close()
    shelf = Shelf(MirrorName("any"), tmp_path / "catalog.sqlite")
    for text in ("%gcc@12", "^libtide", "reef ^libtide", "reef ^libharbor ^libtide@2"):
        assert not select(parse_query(text), shelf).specs, text
    (reef, *_) = shelf.columns.hashes_of(select(parse_query("reef"), shelf).specs)
    assert shelf.dependents(reef) == []


def test_what_cannot_be_reached_is_not_looked_for(golden: Path, tmp_path: Path) -> None:
    shelf = shelf_of(index_of(golden), tmp_path)
    named = {kind.id for kind in shelf.edge_kinds_named("libtide")}
    onward = shelf.onward(named)
    graph = graph_of(golden)
    needy = {
        spec.name
        for spec in graph.nodes.values()
        if any(node.name == "libtide" for node in graph.order((spec.hash,), ("link", "run"))[:-1])
    }
    leading = {kind.id for kind in shelf.edge_kinds if kind.name in needy} & shelf.linked
    assert leading
    assert leading <= onward
    assert named.isdisjoint(onward)
    assert shelf.onward(named) == onward
    assert shelf.onward(set()) == set()


def needs(child: int, name: str) -> dict[str, Any]:
    parameters = {"deptypes": ["link"], "virtuals": []}
    return {"name": name, "hash": made_up_hash(child), "parameters": parameters}


def test_what_reaches_a_build_of_its_own_package_is_told_apart(tmp_path: Path) -> None:
    # 1 links to 2, which is of the same package and needs no b; 3 does.
    records: dict[str, Any] = {
        made_up_hash(1): record("a", 1, dependencies=[needs(2, "a")]),
        made_up_hash(2): record("a", 2),
        made_up_hash(3): record("a", 3, dependencies=[needs(4, "m")]),
        made_up_hash(4): record("m", 4, dependencies=[needs(5, "b")]),
        made_up_hash(5): record("b", 5),
        made_up_hash(6): record("a", 6, dependencies=[needs(3, "a")]),
    }
    index = tmp_path / "index.json"
    index.write_text(index_text(records))
    shelf = shelf_of(index, tmp_path)
    found = shelf.columns.hashes_of(select(parse_query("a ^b"), shelf).specs)
    assert sorted(found) == sorted((made_up_hash(3), made_up_hash(6)))


def test_ways_that_are_not_kept_are_looked_for_again(
    golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = shelf_of(index_of(golden), tmp_path)
    graph = graph_of(golden)
    wanted = {text: found_by_numbers(text, shelf, graph) for text in MORE}
    assert all(found_by_numbers(text, shelf, graph) == wanted[text] for text in MORE)
    fresh = Shelf(MirrorName("any"), tmp_path / "catalog.sqlite")
    monkeypatch.setattr(ways, "KEPT", 1)
    monkeypatch.setattr(catalog_shelf, "KEPT", 1)
    for _ in range(2):
        assert all(found_by_numbers(text, fresh, graph) == wanted[text] for text in MORE)


COUNT = 8
EDGES = st.lists(
    st.tuples(
        st.integers(0, COUNT - 1),
        st.sampled_from((("build",), ("link",), ("run",), ("build", "link"), ("test",))),
        st.sampled_from(((), ("mpi",), ("c", "cxx"), ("libc",))),
    ),
    max_size=3,
)
NODES = st.tuples(
    st.sampled_from(("a", "b", "c")),
    st.sampled_from(("1.0", "1.2", "2.0")),
    st.sampled_from(("x86_64", "x86_64_v3", "zen4")),
    st.booleans(),
    st.booleans(),
    EDGES,
    st.sampled_from((None, {"name": "gcc", "version": "12.1"}, {"name": "clang", "version": "9"})),
)
PARTS = (
    ("", "a", "b@1", "c+x", "a target=x86_64_v3:", "@2:", "~x", "target=zen4", "namespace=made.up"),
    ("", "^a", "^b@2", "^mpi", "%c", "^[virtuals=mpi] b", "%gcc", "%gcc@12:", "^c+x target=zen4",
     "^[deptypes=run] a", "%clang", "^a ^b", "^@1.0", "^mpi %c", "%llvm@9"),
)  # fmt: skip


def made(nodes: Sequence[Any]) -> dict[str, Any]:
    """Records of made-up nodes; edges lead to later ones, so that there are no circles."""
    records: dict[str, Any] = {}
    for at, (name, version, target, has_x, is_build, edges, compiler) in enumerate(nodes):
        later = {child: edge for child, *edge in edges if at < child < len(nodes)}
        needs = [
            {
                "name": nodes[child][0],
                "hash": made_up_hash(child),
                "parameters": {"deptypes": deptypes, "virtuals": virtuals},
            }
            for child, (deptypes, virtuals) in later.items()
        ]
        arch = {"platform": "linux", "platform_os": "debian12", "target": target}
        made_record = record(
            name, at, version=version, arch=arch, dependencies=needs, parameters={"x": has_x}
        )
        if compiler:
            made_record["spec"]["compiler"] = compiler
        records[made_up_hash(at)] = {**made_record, "in_buildcache": is_build}
    return records


@settings(max_examples=60, deadline=None)
@given(
    nodes=st.lists(NODES, min_size=1, max_size=COUNT),
    texts=st.lists(st.tuples(*map(st.sampled_from, PARTS)), min_size=1, max_size=12),
)
def test_made_up_indices_answer_alike(
    nodes: Sequence[Any], texts: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("made")
    records = made(nodes)
    index = directory / "index.json"
    index.write_text(index_text(records))
    shelf = shelf_of(index, directory)
    specs = {DagHash(key): spec_from_node(item["spec"]) for key, item in records.items()}
    graph = SpecGraph((), specs)
    for text in filter(None, (" ".join(filter(None, words)) for words in texts)):
        wanted = found_one_by_one(text, records, graph)
        assert found_by_numbers(text, shelf, graph) == wanted, text
