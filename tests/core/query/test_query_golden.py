"""The queries that Spack itself answered."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import WrongUse
from core.model.graph import SpecGraph
from core.model.ident import DagHash
from core.query.parse import parse_query
from tests.core.catalog.golden_index import graph_of

ORACLE: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "golden" / "dev" / "queries.json").read_text()
)
NEEDS_RECIPES = ("wave-api", "wave-api@2", "libharbor ^wave-api@2")
"""What only a recipe says: who provides a virtual package, and which version of it."""
ANSWERED = [text for text in ORACLE["queries"] if text not in NEEDS_RECIPES]


@pytest.fixture(scope="module")
def graph(golden: Path) -> SpecGraph:
    return graph_of(golden)


def matching(text: str, hashes: list[str], graph: SpecGraph) -> list[str]:
    query = parse_query(text)
    names = {spec.name for spec in graph.nodes.values()}
    query.check_names(names, {"wave-api": ["libtide"], "mpi": ["mpich"]})
    specs = [graph[DagHash(hash_)] for hash_ in hashes]
    found = [spec for spec in specs if query.matches(spec, graph)]
    for spec in found:
        # The quick first look may never rule out what matches.
        assert query.admits(
            name=spec.name,
            version=spec.version,
            namespace=spec.namespace,
            platform=spec.platform,
            os=spec.os,
            target=spec.target,
            hash_=spec.hash,
        )
    return sorted(spec.hash for spec in found)


@pytest.mark.parametrize("text", ANSWERED)
def test_builds_are_found_as_spack_finds_them(text: str, graph: SpecGraph) -> None:
    assert matching(text, ORACLE["cached"], graph) == sorted(ORACLE["queries"][text])


@pytest.mark.parametrize("text", ANSWERED)
def test_what_has_no_binary_is_matched_as_spack_does(text: str, graph: SpecGraph) -> None:
    wanted = ORACLE["not_cached_matches"].get(text, [])
    assert matching(text, ORACLE["not_cached"], graph) == sorted(wanted)


@pytest.mark.parametrize("text", NEEDS_RECIPES)
def test_what_needs_recipes_is_said_and_not_guessed(text: str, graph: SpecGraph) -> None:
    with pytest.raises(WrongUse, match="virtual package") as caught:
        matching(text, ORACLE["cached"], graph)
    assert "libtide" in caught.value.hint


def test_a_virtual_package_as_dependency_needs_no_recipes(graph: SpecGraph) -> None:
    assert matching("libharbor ^wave-api", ORACLE["cached"], graph)
    assert parse_query("reef ^mpi@3:").matches(graph[DagHash(ORACLE["cached"][0])], graph) is False
