"""Queries over the indices of older Spacks, as the newest Spack and the old ones answered them.

The language is that of the newest Spack, whatever made the cache: `queries-by-dev.json` has its
answers over the older indices. The older Spacks' own answers are the same except where the
language changed.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import WrongUse
from core.model.graph import SpecGraph
from core.model.ident import DagHash
from core.query.parse import parse_query
from tests.core.catalog.golden_index import graph_of

GOLDEN = Path(__file__).parents[2] / "golden"
OLDER = ("v1.1.0", "v0.23.1", "v0.18.1")
NEEDS_RECIPES = ("wave-api", "wave-api@2", "libharbor ^wave-api@2")
"""Who provides a virtual package, and which version of it, is known to recipes alone."""
CHANGED = {
    "v1.1.0": (
        # Any path to the provider counted, not only the nearest edge.
        "^wave-api",
        "^[virtuals=wave-api] libtide@2:",
        "beacon ^[virtuals=wave-api] libtide",
        # Not all virtuals and types that were asked of an edge were looked at.
        "libtide %c,cxx=gcc",
        "reef ^[deptypes=link] kelp",
    ),
    "v0.23.1": (
        "^wave-api",
        "^[virtuals=wave-api] libtide@2:",
        "beacon ^[virtuals=wave-api] libtide",
        "reef ^[deptypes=link] kelp",
        # Compilers were no dependencies, and `%` could ask for nothing else.
        "^[virtuals=c] gcc",
        "beacon ^[virtuals=c,cxx] gcc",
        "libtide ^[virtuals=cxx] gcc",
        "reef %kelp",
        "reef %scaffold",
    ),
    "v0.18.1": (
        # A dependency that a spec does not have at all was taken for satisfied.
        "beacon ^compiler-wrapper",
        "beacon ^gcc-runtime@12:",
        "beacon ^glibc",
        "beacon ^kelp",
        "beacon@1.3.0 ^libtide@2.0.1 ^gcc-runtime@12.2.0 ^glibc@2.36",
        # Answered from recipes; edges did not say what they provide.
        "^wave-api",
        "libharbor ^wave-api",
        # Flags had to be all flags, in order.
        'libtide cflags="-g0"',
        "libtide cflags=-O1",
        "libtide cflags==-O1",
        # Only a namespace before the name counted.
        "namespace=harbor",
        "libtide namespace=harbor",
        # The target is known under another name now.
        "libtide target=aarch64:",
        "reef %kelp",
        "reef %scaffold",
    ),
}
"""Where an older Spack answers otherwise than the newest one over the same index."""


def read(version: str, name: str) -> dict[str, Any]:
    return json.loads((GOLDEN / version / name).read_text())


@pytest.fixture(scope="module")
def graphs(golden: Path) -> dict[str, SpecGraph]:
    return {version: graph_of(golden, version=version) for version in OLDER}


def matching(text: str, graph: SpecGraph) -> list[str]:
    query = parse_query(text)
    return sorted(spec.hash for spec in graph.nodes.values() if query.matches(spec, graph))


BY_NEWEST = [(version, text) for version in OLDER for text in read(version, "queries-by-dev.json")]


@pytest.mark.parametrize(
    ("version", "text"), [case for case in BY_NEWEST if case[1] not in NEEDS_RECIPES]
)
def test_older_builds_are_found_as_the_newest_spack_finds_them(
    version: str, text: str, graphs: dict[str, SpecGraph]
) -> None:
    wanted = read(version, "queries-by-dev.json")[text]
    assert matching(text, graphs[version]) == wanted


@pytest.mark.parametrize("version", OLDER)
def test_the_older_spack_answers_alike_where_the_language_is_the_same(
    version: str, graphs: dict[str, SpecGraph]
) -> None:
    theirs = read(version, "queries.json")
    different: list[str] = []
    for text, hashes in theirs["queries"].items():
        # 0.18 compared no hashes: any spec satisfied any.
        if text in NEEDS_RECIPES or (version == "v0.18.1" and "/" in text):
            continue
        wanted = sorted([*hashes, *theirs["not_cached_matches"].get(text, [])])
        if matching(text, graphs[version]) != wanted:
            different.append(text)
    assert sorted(different) == sorted(CHANGED[version])


@pytest.mark.parametrize("version", OLDER)
def test_any_beginning_of_a_hash_finds_its_build(
    version: str, graphs: dict[str, SpecGraph]
) -> None:
    graph = graphs[version]
    for hash_ in graph.nodes:
        for length in (7, 32):
            assert matching(f"/{hash_[:length]}", graph) == [hash_]


@pytest.mark.parametrize("version", OLDER)
def test_the_version_of_a_virtual_package_is_not_guessed(
    version: str, graphs: dict[str, SpecGraph]
) -> None:
    query, graph = parse_query("libharbor ^wave-api@2"), graphs[version]
    users = [
        hash_
        for hash_, spec in graph.nodes.items()
        if spec.name == "libharbor" and any("wave-api" in e.virtuals for e in spec.dependencies)
    ]
    for hash_ in users:
        with pytest.raises(WrongUse, match="virtual package"):
            query.matches(graph[DagHash(hash_)], graph)
    # Before 0.21 no edge says what it provides.
    assert bool(users) is (version != "v0.18.1")
