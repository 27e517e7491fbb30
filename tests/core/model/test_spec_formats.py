"""Nodes of every format become the same values."""

from collections import Counter
from pathlib import Path

import pytest

from core.errors import WrongUse
from core.model.graph import SpecGraph
from core.model.nodes import check_spec_format, with_dag_hashes
from core.model.spec import BuildSpec, spec_from_node, spec_from_nodes
from tests.core.catalog.golden_index import VERSIONS, graph_of, made_up_hash, record
from tests.core.model.golden_specs import documents, nodes_of


@pytest.mark.parametrize("version", VERSIONS)
def test_every_golden_node_becomes_a_spec(golden: Path, version: str) -> None:
    names: Counter[str] = Counter()
    for path, document in documents(golden / version):
        specs = [spec_from_node(node) for node in nodes_of(document)]
        assert [spec.hash for spec in specs] == [node["hash"] for node in nodes_of(document)]
        graph = SpecGraph((), {spec.hash: spec for spec in specs})
        if "database" not in document:
            every = ("build", "link", "run", "test")
            assert graph.missing(every) == frozenset(), path
        names.update(spec.name for spec in specs)
    assert names["reef"] >= 2


@pytest.mark.parametrize("version", VERSIONS)
def test_the_compiler_shows_the_same_way(golden: Path, version: str) -> None:
    graph = graph_of(golden, version=version)
    compiled = [spec for spec in graph.nodes.values() if spec.name in ("libtide", "libharbor")]
    assert {graph.compiler_of(spec) for spec in compiled} == {"gcc@12.2.0"}


@pytest.mark.parametrize("version", ["dev", "v0.23.1", "v0.18.1"])
def test_the_same_package_reads_the_same(golden: Path, version: str) -> None:
    graph = graph_of(golden, version=version)
    spec = next(
        spec
        for spec in graph.nodes.values()
        if spec.label == "libtide@1.4.2" and not spec.variants["shared"]
    )
    assert (spec.platform, spec.os, spec.target) == ("linux", "debian12", "x86_64_v3")
    assert spec.namespace == "harbor"
    assert {key: spec.variants[key] for key in ("gauge", "pic", "shared")} == {
        "gauge": "metric",
        "pic": True,
        "shared": False,
    }
    assert spec.flags == {"cflags": ("-O1", "-g0")}
    reef = next(spec for spec in graph.nodes.values() if spec.name == "reef")
    edges = {edge.name: edge.deptypes for edge in reef.dependencies}
    assert edges["beacon"] == {"build", "run"}
    assert edges["scaffold"] == {"build"}
    perl = next(spec for spec in graph.nodes.values() if spec.name == "perl")
    assert perl.external is not None
    assert (perl.external.path, perl.external.modules) == ("/usr", ())


def test_a_target_with_its_properties_is_known_by_name(golden: Path) -> None:
    graph = graph_of(golden, version="v0.18.1")
    assert {spec.target for spec in graph.nodes.values() if spec.os == "amzn2"} == {
        "graviton2",
        "aarch64",
    }


def test_everything_is_kept() -> None:
    node = record(
        "p1",
        1,
        build_spec={"name": "p0", "hash": made_up_hash(9)},
        patches=["b" * 64, "a" * 64],
        propagate=["shared"],
        external={"path": None, "module": ["cray-mpich/8"], "extra_attributes": {"x": 1.5}},
    )["spec"]
    spec = spec_from_node(node)
    assert spec.build_spec == BuildSpec(
        spec_from_node(record("p0", 9)["spec"]).name, made_up_hash(9)
    )
    assert spec.patches == ("b" * 64, "a" * 64)
    assert spec.propagated == ("shared",)
    assert spec.external is not None
    assert spec.external.modules == ("cray-mpich/8",)
    assert spec.node is node


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"arch": None}, "spec of p1: arch: Expected `object`, got `null`"),
        ({"patches": [1]}, "spec of p1: patches[0]: Expected `str`, got `int`"),
        ({"build_spec": {"name": "p0"}}, "build_spec: Object missing required field `hash`"),
        ({"build_spec": {"name": "p0", "hash": "x"}}, "'x' is not a DAG hash"),
        ({"external": {"path": "/usr", "module": True}}, "external module is not a list"),
        ({"annotations": {"original_specfile_version": "5"}}, "original_specfile_version"),
        ({"hash": None}, "spec of p1: hash"),
    ],
)
def test_a_damaged_node_says_where(change: dict[str, object], why: str) -> None:
    with pytest.raises(WrongUse) as caught:
        spec_from_node(record("p1", 1, **change)["spec"])
    assert why in caught.value.title


def test_a_deep_node_is_refused() -> None:
    deep: object = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(WrongUse):
        spec_from_node(record("p1", 1, version=deep)["spec"])


def test_the_formats_that_are_read() -> None:
    assert [check_spec_format(number) for number in (2, 3, 4, 5)] == [2, 3, 4, 5]
    for number, why in (
        (6, "it has format 6, which needs a newer spackbin"),
        (1, "it has format 1, which is older than Spack 0.17 and cannot be read"),
        (0, "it does not say its format"),
        (True, "it does not say its format"),
        ("5", "it does not say its format"),
        (None, "it does not say its format"),
    ):
        with pytest.raises(WrongUse) as caught:
            check_spec_format(number)
        assert caught.value.title == why


def old_nodes() -> list[object]:
    """A document of format 2, whose edges name children by build hash."""
    top, leaf = record("p1", 1)["spec"], record("p2", 2)["spec"]
    edges = [{"name": "p2", "build_hash": made_up_hash(22), "type": ["link"]}]
    return [
        {**top, "dependencies": edges, "build_hash": made_up_hash(11)},
        {**leaf, "build_hash": made_up_hash(22)},
    ]


def test_the_root_of_a_document_is_its_first_node() -> None:
    spec = spec_from_nodes(old_nodes())
    assert spec.name == "p1"
    assert [edge.hash for edge in spec.dependencies] == [made_up_hash(2)]
    newer = [record("p3", 3, (2,))["spec"], record("p2", 2)["spec"]]
    assert spec_from_nodes(newer).hash == made_up_hash(3)
    assert with_dag_hashes(newer) == newer


@pytest.mark.parametrize(
    ("nodes", "why"),
    [
        ([], "it has no nodes"),
        ([3], "its first node is not an object"),
        (old_nodes()[:1], "a dependency leads to no node of the document"),
        ([{"build_hash": "x", "dependencies": 3}], "a list of dependencies is not a list"),
        ([{"build_hash": "x", "dependencies": [3]}], "a dependency is not an object"),
        ([{"build_hash": "x", "dependencies": [{"build_hash": []}]}], "leads to no node"),
        ([{"build_hash": [], "name": "p1"}], "spec of p1"),
    ],
)
def test_a_document_that_is_none_is_refused(nodes: list[object], why: str) -> None:
    with pytest.raises(WrongUse) as caught:
        spec_from_nodes(nodes)
    assert why in caught.value.title


def test_damaged_names_of_children_are_refused() -> None:
    for key, value in (("name", "a/b"), ("hash", "A" * 32), ("hash", None)):
        edge = {"name": "p2", "hash": made_up_hash(2), "type": ["link"], key: value}
        with pytest.raises(WrongUse):
            spec_from_node(record("p1", 1, dependencies=[edge])["spec"])
