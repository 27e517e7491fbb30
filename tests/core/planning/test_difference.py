"""In what two builds differ, and in what a build is not what is asked for."""

import json
import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core.model.explanation import Aspect, Difference
from core.model.graph import SpecGraph
from core.model.spec import ConcreteSpec
from core.planning.difference import difference, spec_text
from core.planning.explain import weight, written_spec
from core.planning.unmet import unmet
from core.query.parse import parse_query
from tests.core.catalog.golden_index import graph_of, made_up_hash

HERE = Path(__file__).parents[2] / "golden"


@cache
def harbor() -> SpecGraph:
    return graph_of(HERE)


def spec_of(start: str) -> ConcreteSpec:
    return next(spec for hash_, spec in harbor().nodes.items() if hash_.startswith(start))


def between(one: str, other: str) -> list[str]:
    found = difference(spec_of(one), spec_of(other), harbor(), harbor())
    return [item.sentence for item in found]


def alone(spec: ConcreteSpec) -> SpecGraph:
    return SpecGraph((spec.hash,), {**harbor().nodes, spec.hash: spec})


@pytest.mark.parametrize(
    ("one", "other", "sentences"),
    [
        ("puk55bh", "puk55bh", []),
        ("puk55bh", "wjen3pl", ["target=x86_64_v3 against target=x86_64_v4"]),
        (
            "ekynwcx",
            "s3kxcgb",
            [
                "gauge=imperial against gauge=metric",
                "+shared against ~shared",
                'no cflags against cflags="-O1 -g0"',
                "target=x86_64 against target=x86_64_v3",
            ],
        ),
        (
            "puk55bh",
            "ptdzfmm",
            [
                "target=x86_64_v3 against target=neoverse_v1",
                "os=debian12 against os=amzn2",
            ],
        ),
    ],
)
def test_golden_builds(one: str, other: str, sentences: list[str]) -> None:
    assert between(one, other) == sentences


def test_a_dependency_of_another_version() -> None:
    reef, tide, old = spec_of("pgxfx3b"), spec_of("puk55bh"), spec_of("s3kxcgb")

    def swapped(spec: ConcreteSpec, number: int) -> ConcreteSpec:
        edges = tuple(
            replace(edge, hash=old.hash) if edge.hash == tide.hash else edge
            for edge in spec.dependencies
        )
        return replace(spec, hash=made_up_hash(number), dependencies=edges)

    nodes = {**harbor().nodes}
    for hash_, spec in harbor().nodes.items():
        nodes[hash_] = replace(swapped(spec, 1), hash=hash_)
    other = replace(nodes[reef.hash], hash=made_up_hash(2))
    graph = SpecGraph((other.hash,), {**nodes, other.hash: other})
    found = difference(reef, other, harbor(), graph)
    assert [item.sentence for item in found] == ["libtide@2.0.1 against libtide@1.4.2"]


def test_a_dependency_that_is_otherwise_the_same() -> None:
    reef, tide = spec_of("pgxfx3b"), spec_of("puk55bh")
    static = replace(tide, hash=made_up_hash(1), variants={**tide.variants, "shared": False})
    other = replace(reef, hash=made_up_hash(2))
    nodes = {
        hash_: replace(
            spec,
            dependencies=tuple(
                replace(edge, hash=static.hash) if edge.hash == tide.hash else edge
                for edge in spec.dependencies
            ),
        )
        for hash_, spec in {**harbor().nodes, other.hash: other, static.hash: static}.items()
    }
    graph = SpecGraph((other.hash,), nodes)
    (found,) = difference(reef, other, harbor(), graph)
    assert found.sentence == "libtide: +shared against ~shared"
    assert found.package == "libtide"


def test_a_dependency_that_one_lacks() -> None:
    reef = spec_of("pgxfx3b")
    bare = replace(reef, hash=made_up_hash(1), dependencies=())
    found = difference(reef, bare, harbor(), alone(bare))
    assert {item.aspect for item in found} == {Aspect.DEPENDENCY}
    assert "libtide@2.0.1 against no libtide" in [item.sentence for item in found]


def test_a_tool_that_took_part() -> None:
    reef = spec_of("pgxfx3b")
    (tool,) = (edge for edge in reef.dependencies if edge.name == "scaffold")
    newer = replace(harbor()[tool.hash], hash=made_up_hash(1), version="9")
    edges = tuple(
        replace(edge, hash=newer.hash) if edge is tool else edge for edge in reef.dependencies
    )
    other = replace(reef, hash=made_up_hash(2), dependencies=edges)
    graph = SpecGraph((), {**harbor().nodes, other.hash: other, newer.hash: newer})
    (found,) = difference(reef, other, harbor(), graph)
    assert found.aspect is Aspect.BUILD_TOOL
    assert found.sentence == "scaffold@0.1 against scaffold@9"


def test_another_recipe() -> None:
    reef = spec_of("pgxfx3b")
    node = {**reef.node, "package_hash": "abcdefghijkl"}
    other = replace(reef, hash=made_up_hash(1), node=node)
    (found,) = difference(reef, other, harbor(), alone(other))
    assert found.aspect is Aspect.RECIPE
    assert found.offered == "recipe abcdefg"


WORDS = st.text("abcdefghij", min_size=1, max_size=5)
VALUES = st.booleans() | WORDS | st.lists(WORDS, max_size=3).map(tuple)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "version": st.sampled_from(["1.0", "2.0.1", "develop", "1.14.6"]),
        "variants": st.dictionaries(WORDS, VALUES, max_size=4),
        "flags": st.dictionaries(
            st.sampled_from(["cflags", "ldflags"]), st.lists(WORDS, min_size=1).map(tuple)
        ),
        "target": st.sampled_from(["x86_64", "zen2"]),
        "os": st.sampled_from(["debian12", "rhel8"]),
        "compiler": st.sampled_from(["", "gcc@9", "llvm@18"]),
        "patches": st.lists(WORDS, max_size=2).map(tuple),
        "dependencies": st.just(()),
    },
)


def changed(changes: dict[str, object], number: int) -> ConcreteSpec:
    return replace(spec_of("puk55bh"), hash=made_up_hash(number), **changes)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(CHANGES, CHANGES)
def test_both_directions_say_the_same(one: dict[str, object], other: dict[str, object]) -> None:
    first, second = changed(one, 1), changed(other, 2)
    there = difference(first, second, alone(first), alone(second))
    back = difference(second, first, alone(second), alone(first))
    turned = tuple(
        Difference(item.aspect, item.subject, item.offered, item.wanted, item.package)
        for item in back
    )
    assert there == turned
    assert there
    assert all(item.wanted != item.offered for item in there)
    assert weight(there) > 0


@settings(max_examples=30, deadline=None)
@given(CHANGES)
def test_a_build_differs_from_itself_in_nothing(changes: dict[str, object]) -> None:
    spec = changed(changes, 1)
    assert difference(spec, spec, alone(spec), alone(spec)) == ()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["pic", "shared", "gauge", "new"]), VALUES)
def test_one_change_is_one_difference(name: str, value: bool | str | tuple[str, ...]) -> None:
    spec = changed({}, 1)
    other = changed({"variants": {**spec.variants, name: value}}, 2)
    (found,) = difference(spec, other, alone(spec), alone(other))
    if spec.variants.get(name) == value:
        assert found.aspect is Aspect.UNKNOWN
    else:
        has = spec.variants.get(name)
        wanted = "" if has is None else spec_text(has, name)
        assert found == Difference(Aspect.VARIANT, name, wanted, spec_text(value, name))


def test_what_is_nearer_weighs_less() -> None:
    def version(text: str) -> int:
        wanted = Difference(Aspect.VERSION, "version", "@1.14.6", text)
        return weight([wanted])

    assert version("@1.14.5") < version("@1.10.0") < version("@2.0")
    variant = weight([Difference(Aspect.VARIANT, "mpi", "+mpi", "~mpi")])
    target = weight([Difference(Aspect.TARGET, "target", "target=zen4", "target=zen2")])
    assert 0 < target < variant < version("@2.0")


def test_a_query_is_met_if_and_only_if_nothing_is_unmet(golden: Path) -> None:
    document = json.loads((golden / "dev" / "queries.json").read_text())
    cached = [spec for hash_, spec in harbor().nodes.items() if hash_ in document["cached"]]
    checked = 0
    for text in document["queries"]:
        query = parse_query(text)
        if len(query.alternatives) == 1 and not re.search("wave-api(,c)?@|wave-api=", text):
            for spec in cached:
                met = not unmet(query.alternatives[0], spec, harbor())
                assert met == query.matches(spec, harbor()), (text, spec.label)
                checked += 1
    assert checked > 1000


def test_a_written_spec_is_the_build_again() -> None:
    for spec in harbor().nodes.values():
        if spec.external is None:
            text = written_spec(spec, harbor(), with_target=True)
            assert parse_query(text).matches(spec, harbor()), text
    assert "target=" not in written_spec(spec_of("puk55bh"), harbor(), with_target=False)
