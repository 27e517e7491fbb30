"""What an install would do if Spack may build what no mirror has."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core.model.graph import SpecGraph
from core.model.ident import DagHash, MirrorName, Sha256
from core.model.plan import Blocker, Disposition, Plan, Source
from core.model.spec import ConcreteSpec, spec_from_node
from core.planning.plan import Offer, Refusal, make_plan
from tests.core.catalog.golden_index import graph_of, made_up_hash, record, records_of
from tests.core.host.machines import ICELAKE, ZEN2

REEF, WRECK, FOREIGN, BEACON, LIBTIDE, KELP, SCAFFOLD, GCC = (
    DagHash(text)
    for text in (
        "pgxfx3bbzwipmvo4y66vtatgkp4tlmhq",
        "ljdpnh43chowa6l3vva5nw3ic2ahrjfq",
        "ptdzfmmasqumg3s4omvwgvsgsw4xadiw",
        "kvgootxj37ndcc7lz5imsiscnleu24gw",
        "puk55bhxijb6dqgneqwgu7ft6zxmgwe6",
        "6sbfuoppgn7dvzn6eqvmrevoymxdwvxs",
        "mk5gpy3ytokw6chgqu4kkmzma5hh4pue",
        "3kkp3m4df4oqxq2dwdpt6xxszkjy3yds",
    )
)
SOURCE = Source(MirrorName("harbor"), Sha256("0" * 64), 1000, "A" * 40, "Harbor Release")

MakePlan = Callable[..., Plan]


@pytest.fixture
def offers(golden: Path) -> dict[DagHash, Offer]:
    """All that the golden mirror has."""
    return {
        DagHash(hash_): SOURCE
        for hash_, item in records_of(golden).items()
        if item["in_buildcache"]
    }


@pytest.fixture
def plan(golden: Path, offers: dict[DagHash, Offer]) -> MakePlan:
    def make(*roots: str, from_source: bool = True, **given: object) -> Plan:
        fields = {"host": ICELAKE, "installed": (), "offers": offers, **given}
        graph = graph_of(golden, *roots)
        return make_plan(store="/s", graph=graph, from_source=from_source, **fields)  # pyright: ignore[reportArgumentType]

    return make


def names(plan: Plan, disposition: Disposition) -> list[str]:
    return [node.spec.name for node in plan.having(disposition)]


def test_a_cached_root_on_a_built_one(plan: MakePlan) -> None:
    made = plan(WRECK)
    assert made.from_source
    assert made.is_ready
    assert names(made, Disposition.BUILD) == ["ghost"]
    assert names(made, Disposition.CACHED) == ["gcc-runtime", "libtide", "wreck"]
    assert made.having(Disposition.BUILD)[0].reason == "no mirror has it"
    # The same nodes as without: the cached ones need nothing to be built.
    asked = plan(WRECK, from_source=False)
    assert made.nodes == asked.nodes
    assert not asked.is_ready


def test_what_a_build_needs_is_in_the_plan(plan: MakePlan, offers: dict[DagHash, Offer]) -> None:
    del offers[LIBTIDE]
    made = plan(LIBTIDE)
    assert [node.spec.name for node in made.nodes] == [
        "compiler-wrapper",
        "gcc",
        "glibc",
        "gcc-runtime",
        "libtide",
    ]
    assert names(made, Disposition.BUILD) == ["compiler-wrapper", "libtide"]
    assert names(made, Disposition.CACHED) == ["gcc-runtime"]
    assert names(made, Disposition.EXTERNAL) == ["gcc", "glibc"]
    assert made.is_ready


def test_a_build_tool_that_is_cached_or_installed_is_taken(
    plan: MakePlan, offers: dict[DagHash, Offer]
) -> None:
    del offers[REEF]
    assert names(plan(REEF), Disposition.BUILD) == ["scaffold", "reef"]
    assert names(plan(REEF, installed={SCAFFOLD}), Disposition.BUILD) == ["reef"]
    offers[SCAFFOLD] = SOURCE
    made = plan(REEF)
    assert names(made, Disposition.BUILD) == ["reef"]
    assert "scaffold" in names(made, Disposition.CACHED)


def test_nothing_refused_is_built(plan: MakePlan, offers: dict[DagHash, Offer]) -> None:
    offers[KELP] = Refusal(Blocker.TRUST, "no trusted key signed it")
    made = plan(REEF)
    assert names(made, Disposition.BUILD) == []
    assert [node.reason for node in made.having(Disposition.BLOCKED)] == [
        "no trusted key signed it"
    ]
    assert not made.is_ready


def test_what_does_not_run_here_is_not_built_here(
    plan: MakePlan, offers: dict[DagHash, Offer]
) -> None:
    offers.clear()
    assert {node.blocker for node in plan(FOREIGN).having(Disposition.BLOCKED)} == {Blocker.HOST}
    assert not plan(FOREIGN).having(Disposition.BUILD)
    assert plan(BEACON, host=ZEN2).having(Disposition.BLOCKED)


def test_a_compiler_that_the_system_lacks(plan: MakePlan, offers: dict[DagHash, Offer]) -> None:
    absent = {GCC: "gcc is not at /usr"}
    # Nobody who only unpacks is troubled.
    assert plan(LIBTIDE, absent_externals=absent).is_ready
    del offers[LIBTIDE]
    (node,) = plan(LIBTIDE, absent_externals=absent).having(Disposition.BLOCKED)
    assert (node.spec.name, node.reason) == ("gcc", "gcc is not at /usr")


def made_up(name: str, number: int, **needs: tuple[int, ...]) -> ConcreteSpec:
    """A build with edges of the given types to others."""
    edges = [
        {
            "name": f"p{need}",
            "hash": made_up_hash(need),
            "parameters": {"deptypes": [deptype], "virtuals": []},
        }
        for deptype, numbers in needs.items()
        for need in numbers
    ]
    return spec_from_node(record(name, number, dependencies=edges)["spec"])


def test_a_need_of_a_build_that_nobody_describes_blocks() -> None:
    top = made_up("top", 1, build=(2,))
    graph = SpecGraph((top.hash,), {top.hash: top})

    def plan(offers: Mapping[DagHash, Offer], installed: Collection[DagHash] = ()) -> Plan:
        return make_plan(
            store="/s",
            graph=graph,
            host=ICELAKE,
            installed=installed,
            offers=offers,
            from_source=True,
        )

    (node,) = plan({}).having(Disposition.BLOCKED)
    assert node.reason == f"needs p2/{made_up_hash(2)[:7]}, which no index describes"
    assert plan({top.hash: SOURCE}).is_ready
    assert plan({}, {made_up_hash(2)}).is_ready


KINDS = ("installed", "cached", "refused", "nothing")


@st.composite
def worlds(draw: st.DrawFn) -> tuple[SpecGraph, dict[DagHash, str]]:
    """A graph with edges of all types, and how each of its nodes stands."""
    size = draw(st.integers(1, 8))
    specs: list[ConcreteSpec] = []
    for number in range(size):
        below = st.lists(st.integers(0, max(number - 1, 0)), unique=True, max_size=3)
        needs = {kind: tuple(draw(below)) for kind in ("build", "link", "run")} if number else {}
        specs.append(made_up(f"p{number}", number, **needs))
    roots = draw(st.lists(st.sampled_from(specs), min_size=1, max_size=2, unique_by=id))
    graph = SpecGraph(tuple(one.hash for one in roots), {one.hash: one for one in specs})
    return graph, {one.hash: draw(st.sampled_from(KINDS)) for one in specs}


@given(worlds())
def test_whatever_stands_how(world: tuple[SpecGraph, dict[DagHash, str]]) -> None:
    graph, stands = world
    offers: dict[DagHash, Offer] = {
        hash_: SOURCE if kind == "cached" else Refusal(Blocker.TRUST, "no")
        for hash_, kind in stands.items()
        if kind in ("cached", "refused")
    }
    installed = {hash_ for hash_, kind in stands.items() if kind == "installed"}

    def plan(*, from_source: bool) -> Plan:
        return make_plan(
            store="/s",
            graph=graph,
            host=ICELAKE,
            installed=installed,
            offers=offers,
            from_source=from_source,
        )

    made, asked = plan(from_source=True), plan(from_source=False)
    places = {node.spec.hash: at for at, node in enumerate(made.nodes)}
    expected = {
        "installed": Disposition.INSTALLED,
        "cached": Disposition.CACHED,
        "refused": Disposition.BLOCKED,
        "nothing": Disposition.BUILD,
    }
    needed = set(graph.roots)
    for node in made.nodes:
        # How something stands does not depend on what may be done.
        assert node.disposition is expected[stands[node.spec.hash]]
        is_built = node.disposition is Disposition.BUILD
        for edge in node.spec.edges("link", "run", *(("build",) if is_built else ())):
            if node.disposition is not Disposition.INSTALLED:
                assert places[edge.hash] < places[node.spec.hash]
                needed.add(edge.hash)
    # Nothing more than without, but for what builds need.
    before = {node.spec.hash for node in asked.nodes}
    assert before <= places.keys()
    assert places.keys() <= before | needed
    if not asked.having(Disposition.BUILD):
        assert made == replace(asked, from_source=True)
    assert made.is_ready == (not made.having(Disposition.BLOCKED))
