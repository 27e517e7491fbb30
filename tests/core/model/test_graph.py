"""Graphs of specs, and specs out of nodes."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import WrongUse
from core.model.graph import SpecGraph
from core.model.ident import DagHash
from core.model.spec import spec_from_node
from tests.core.catalog.golden_index import graph_of, made_up_hash, record, records_of

ALL = ("build", "link", "run", "test")


@pytest.fixture(scope="module")
def harbor(golden: Path) -> SpecGraph:
    return graph_of(golden, "pgxfx3b")


def named(graph: SpecGraph, start: str) -> DagHash:
    return next(hash_ for hash_ in graph.nodes if hash_.startswith(start))


def graph_from(needs: dict[int, tuple[int, ...]], roots: tuple[int, ...] = (0,)) -> SpecGraph:
    specs = [
        spec_from_node(record(f"p{number}", number, children)["spec"])
        for number, children in needs.items()
    ]
    return SpecGraph(tuple(map(made_up_hash, roots)), {spec.hash: spec for spec in specs})


def test_dependencies_come_first(harbor: SpecGraph) -> None:
    order = [spec.name for spec in harbor.order()]
    assert order == [
        "glibc",
        "gcc-runtime",
        "libtide",
        "libharbor",
        "beacon",
        "perl",
        "kelp",
        "reef",
    ]


def test_build_dependencies_belong_to_other_closures(harbor: SpecGraph) -> None:
    (root,) = harbor.roots
    names = {harbor[hash_].name for hash_ in harbor.closure(root, ALL)}
    assert names - {harbor[hash_].name for hash_ in harbor.closure(root)} == {
        "scaffold",
        "gcc",
        "compiler-wrapper",
    }


def test_children_and_dependents(harbor: SpecGraph) -> None:
    libtide = named(harbor, "puk55bh")
    assert [spec.name for spec in harbor.children(libtide)] == ["gcc-runtime", "glibc"]
    assert [spec.name for spec in harbor.children(libtide, ("build",))] == [
        "compiler-wrapper",
        "gcc",
    ]
    assert sorted(spec.label for spec in harbor.dependents(libtide)) == [
        "beacon@1.2.9",
        "beacon@1.3.0",
        "libharbor@0.9.3",
        "wreck@1.1",
    ]
    assert harbor.dependents(named(harbor, "pgxfx3b")) == []


def test_compilers(harbor: SpecGraph) -> None:
    assert harbor.compiler_of(harbor[named(harbor, "puk55bh")]) == "gcc@12.2.0"
    assert harbor.compiler_of(harbor[named(harbor, "ekyn")]) == "gcc@12.2.0"
    assert harbor.compiler_of(harbor[named(harbor, "6sbf")]) == ""


def test_holes_are_known() -> None:
    graph = graph_from({0: (1, 2), 1: (3,)})
    assert graph.missing() == {made_up_hash(2), made_up_hash(3)}
    assert graph.missing(("run",)) == frozenset()
    assert [spec.name for spec in graph.order()] == ["p1", "p0"]
    assert made_up_hash(2) not in graph
    assert graph_from({1: ()}).order() == []


def test_a_long_chain_does_not_exhaust_the_stack() -> None:
    graph = graph_from({n: (n + 1,) for n in range(5000)})
    assert [spec.name for spec in graph.order()][-1] == "p0"
    assert len(graph.order()) == 5000


NEEDS = st.dictionaries(
    st.integers(0, 12), st.lists(st.integers(0, 14), max_size=4).map(tuple), min_size=1
)


@given(NEEDS, st.lists(st.integers(0, 14), max_size=3))
def test_every_node_comes_once_and_after_what_it_needs(
    needs: dict[int, tuple[int, ...]], roots: list[int]
) -> None:
    # Edges lead upwards only, so that there are no circles.
    upwards = {one: tuple(n for n in many if n > one) for one, many in needs.items()}
    graph = graph_from(upwards, tuple(roots))
    order = graph.order()
    place = {spec.hash: number for number, spec in enumerate(order)}
    assert len(place) == len(order)
    for spec in order:
        assert all(place[child.hash] < place[spec.hash] for child in graph.children(spec.hash))
    assert set(place) == set().union(
        *(graph.closure(root) for root in graph.roots if root in graph), set()
    )


@given(NEEDS)
def test_circles_end_and_lose_nothing(needs: dict[int, tuple[int, ...]]) -> None:
    graph = graph_from(needs, tuple(needs))
    assert {spec.hash for spec in graph.order()} == set(graph.nodes)


def test_every_golden_node_is_read(golden: Path) -> None:
    for hash_, item in records_of(golden).items():
        spec = spec_from_node(item["spec"])
        assert spec.hash == hash_
        assert spec.node is item["spec"]
        assert (spec.external is None) is ("external" not in item["spec"])


def test_a_spec_has_what_its_node_says(golden: Path) -> None:
    text = (golden / "dev" / "specs" / "s3kxcgbu6276zparm3dxk5vyhkvme2t2.json").read_text()
    spec = spec_from_node(json.loads(text)["spec"]["nodes"][0])
    assert (spec.name, spec.version, spec.label) == ("libtide", "1.4.2", "libtide@1.4.2")
    assert (spec.platform, spec.os, spec.target) == ("linux", "debian12", "x86_64_v3")
    assert spec.variants == {
        "build_system": "generic",
        "gauge": "metric",
        "pic": True,
        "shared": False,
    }
    assert spec.flags == {"cflags": ("-O1", "-g0")}
    assert [(edge.name, sorted(edge.deptypes), edge.virtuals) for edge in spec.dependencies] == [
        ("compiler-wrapper", ["build"], ()),
        ("gcc", ["build"], ("c",)),
        ("gcc-runtime", ["link"], ()),
        ("glibc", ["link"], ("libc",)),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "a/b"},
        {"version": "a b"},
        {"hash": "short"},
        {"arch": None},
        {"arch": {"platform": "linux", "platform_os": "debian12", "target": {}}},
        {"parameters": {"x": 1}},
        {"parameters": {"cflags": "-O2"}},
        {"dependencies": [{"name": "p2", "hash": made_up_hash(2), "type": "link"}]},
        {"dependencies": [[]]},
        {"external": "here"},
        {"external": {"path": 1}},
    ],
)
def test_a_node_that_is_no_spec_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(WrongUse):
        spec_from_node(record("p1", 1, **change)["spec"])


def test_older_nodes_are_read() -> None:
    old = record(
        "p1",
        1,
        compiler={"name": "gcc", "version": "9.4"},
        dependencies=[{"name": "p2", "hash": made_up_hash(2), "type": ["link"]}],
        external={"path": None, "module": False},
    )["spec"]
    spec = spec_from_node(old)
    assert spec.compiler == "gcc@9.4"
    assert spec.dependencies[0].deptypes == {"link"}
    assert spec.external is not None
    assert spec.external.modules == ()
    noted = spec_from_node(record("p1", 1, annotations={"compiler": "gcc@=9.4"})["spec"])
    assert noted.compiler == "gcc@9.4"
