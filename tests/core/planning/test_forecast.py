"""How long builds may take."""

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from core.model.forecast import BuildTime, build_time
from core.model.graph import SpecGraph
from core.model.ident import DagHash, PackageName
from core.model.plan import Disposition, Plan, PlanNode
from core.model.spec import ConcreteSpec, Edge
from core.planning.forecast import estimate, make_forecast
from tests.tui.tui_values import hash_of, spec


def needing(one: ConcreteSpec, *tools: str) -> ConcreteSpec:
    """With build dependencies besides."""
    more = tuple(
        Edge(PackageName(name), DagHash(hash_of(name)), frozenset({"build"})) for name in tools
    )
    return replace(one, dependencies=(*one.dependencies, *more))


def plan(*nodes: PlanNode, root: str) -> Plan:
    graph = SpecGraph((DagHash(hash_of(root)),), {node.spec.hash: node.spec for node in nodes})
    return Plan("/s", graph, nodes)


def to_build(one: ConcreteSpec) -> PlanNode:
    return PlanNode(one, Disposition.BUILD, "no mirror has it")


def took(seconds: float, one: ConcreteSpec) -> BuildTime:
    return build_time(one, seconds)


def test_the_time_of_the_very_build_counts_most() -> None:
    mine, other = spec("zlib", "1.3.1"), replace(spec("zlib", "1.3.1"), hash=hash_of("other"))
    found = estimate(mine, [took(9, other), took(5, mine), took(7, mine)])
    assert found is not None
    assert (found.seconds, found.is_same) == (5, True)
    assert found.taken_from.label == "zlib@1.3.1/zlibqqq"


@pytest.mark.parametrize(
    ("others", "nearest"),
    [
        ({"1.3.1": {}, "1.3.0": {}, "2.0": {}}, "1.3.1"),
        ({"1.2.9": {}, "1.3.0": {}, "2.0": {}}, "1.3.0"),
        ({"1.2.9": {}, "2.0": {}}, "1.2.9"),
        ({"1.2.9": {"target": "zen2"}, "1.2.8": {}}, "1.2.8"),
        ({"1.2.9": {"variants": {"shared": False}}, "1.2.8": {"target": "zen2"}}, "1.2.8"),
    ],
)
def test_else_that_of_the_closest_one(
    others: Mapping[str, Mapping[str, object]], nearest: str
) -> None:
    times = [
        took(at + 1.0, replace(spec("zlib", version), hash=hash_of(f"a{at}b"), **changes))  # type: ignore[arg-type]
        for at, (version, changes) in enumerate(others.items())
    ]
    found = estimate(spec("zlib", "1.3.1"), times)
    assert found is not None
    assert not found.is_same
    assert found.taken_from.version == nearest


def test_without_any_time_nothing_is_guessed() -> None:
    assert estimate(spec("zlib", "1.3.1"), []) is None
    found = make_forecast(plan(to_build(spec("a", "1")), root="a"), [took(5, spec("b", "1"))])
    assert (found.builds, found.estimates, found.longest, found.total) == (1, {}, 0, 0)


def test_builds_that_wait_for_one_another_are_summed_up() -> None:
    """A diamond: left and right are built at the same time, top waits for both."""
    bottom, left, right = spec("bottom", "1"), spec("left", "1", "bottom"), spec("right", "1")
    right = needing(right, "bottom")
    top = needing(spec("top", "1", "left"), "right")
    times = [took(10, bottom), took(20, left), took(50, right), took(3, top)]
    found = make_forecast(
        plan(to_build(bottom), to_build(left), to_build(right), to_build(top), root="top"), times
    )
    assert found.longest == 10 + 50 + 3
    assert found.total == 83
    assert found.builds == len(found.estimates) == 4


def test_what_is_not_built_takes_no_time() -> None:
    tool, lib = spec("tool", "1"), needing(spec("lib", "1"), "tool")
    cached = PlanNode(lib, Disposition.CACHED)
    times = [took(10, tool), took(20, lib), took(3, spec("top", "1", "lib"))]
    found = make_forecast(
        plan(to_build(tool), cached, to_build(spec("top", "1", "lib")), root="top"), times
    )
    assert set(found.estimates) == {hash_of("tool"), hash_of("top")}
    assert found.longest == 10
    assert found.total == 13
