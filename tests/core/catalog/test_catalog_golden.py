"""The catalog of an index that Spack wrote."""

import json
from pathlib import Path

import pytest

from core.catalog.build import build_catalog
from core.catalog.reader import Catalog
from core.catalog.schema import read_summary
from core.model.ident import DagHash, MirrorName
from tests.core.catalog.golden_index import index_of, records_of

SIGNED, PRBOT = MirrorName("harbor"), MirrorName("prbot")


@pytest.fixture(scope="module")
def paths(golden: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[MirrorName, Path]:
    directory = tmp_path_factory.mktemp("catalogs")
    paths = {SIGNED: directory / "signed.sqlite", PRBOT: directory / "prbot.sqlite"}
    build_catalog(index_of(golden), paths[SIGNED], checksum="aa")
    build_catalog(index_of(golden, "mirror-prbot"), paths[PRBOT], checksum="bb")
    return paths


@pytest.fixture
def catalog(paths: dict[MirrorName, Path]) -> Catalog:
    return Catalog(paths)


def test_it_counts(catalog: Catalog, paths: dict[MirrorName, Path]) -> None:
    summary = catalog.counts[SIGNED]
    assert (summary.records, summary.builds, summary.skipped) == (27, 16, 0)
    assert (summary.checksum, summary.database_version) == ("aa", 8)
    assert read_summary(paths[SIGNED]) == summary
    assert catalog.problems == {}


def test_every_node_comes_back_verbatim(catalog: Catalog, golden: Path) -> None:
    records = records_of(golden)
    graph = catalog.graph(DagHash(hash_) for hash_ in records)
    assert set(graph.nodes) == set(records)
    for hash_, record in records.items():
        # As text, because the order of keys counts as well.
        assert json.dumps(graph[DagHash(hash_)].node) == json.dumps(record["spec"])


def test_a_graph_has_everything_that_the_root_needs(catalog: Catalog) -> None:
    (reef,) = (row for row in catalog.rows("reef"))
    graph = catalog.graph([reef.hash])
    assert graph.roots == (reef.hash,)
    assert sorted(spec.name for spec in graph.nodes.values()) == [
        "beacon",
        "compiler-wrapper",
        "gcc",
        "gcc-runtime",
        "glibc",
        "kelp",
        "libharbor",
        "libtide",
        "perl",
        "reef",
        "scaffold",
    ]
    assert graph.missing() == frozenset()


def test_the_lazy_graph_is_the_same(catalog: Catalog, golden: Path) -> None:
    whole = catalog.whole_graph()
    assert set(whole.nodes) == set(records_of(golden)) | set(records_of(golden, "mirror-prbot"))
    assert len(whole.nodes) == len(set(whole.nodes))
    (reef,) = catalog.find_hash("pgxfx3b")
    assert whole.order((reef,)) == catalog.graph([reef]).order()
    assert DagHash("a" * 32) not in whole


def test_packages_are_those_with_a_binary(catalog: Catalog) -> None:
    assert catalog.package_names() == [
        "beacon",
        "gcc-runtime",
        "kelp",
        "libharbor",
        "libtide",
        "reef",
        "trawl",
        "wreck",
    ]


def test_rows_say_what_a_list_shows(catalog: Catalog) -> None:
    rows = catalog.rows("libtide")
    assert [row.version for row in rows] == ["2.0.1"] * 4 + ["1.4.2"] * 2
    assert [(row.os, row.target) for row in rows[:4]] == [
        ("amzn2", "neoverse_v1"),
        ("debian12", "x86_64"),
        ("debian12", "x86_64_v3"),
        ("debian12", "x86_64_v4"),
    ]
    static = next(row for row in rows if row.hash.startswith("s3kxcgb"))
    assert static.variants == (
        ("build_system", "generic"),
        ("gauge", "metric"),
        ("pic", "+"),
        ("shared", "~"),
    )
    assert (static.compiler, static.libc) == ("gcc@12.2.0", "glibc@2.36")
    assert (static.platform, static.namespace, static.external) == ("linux", "harbor", False)
    assert dict(catalog.rows("beacon")[0].variants)["signals"] == "flash,horn"


def test_the_c_library_of_dependencies_counts(catalog: Catalog) -> None:
    # reef is not linked to it, but beacon, which it runs, is. kelp is a script.
    assert catalog.rows("reef")[0].libc == "glibc@2.36"
    assert catalog.rows("reef")[0].compiler == ""
    assert {row.libc for row in catalog.rows("kelp")} == {""}


def test_every_mirror_that_has_a_build_is_named(catalog: Catalog) -> None:
    (libtide,) = catalog.find_hash("puk55bh")
    assert catalog.sources(libtide) == (SIGNED, PRBOT)
    row = catalog.row(libtide)
    assert row
    assert row.mirrors == (SIGNED, PRBOT)
    (reef,) = catalog.find_hash("pgx")
    assert catalog.sources(reef) == (SIGNED,)
    assert catalog.sources(DagHash("a" * 32)) == ()
    assert catalog.row(DagHash("a" * 32)) is None


def test_what_has_no_binary_is_there_for_graphs_only(catalog: Catalog) -> None:
    assert catalog.rows("ghost") == []
    assert catalog.find_hash("gzb4op2") == []
    (ghost,) = catalog.rows("ghost", only_builds=False)
    assert (ghost.mirrors, ghost.external) == ((), False)
    (perl, _) = catalog.rows("perl", only_builds=False)
    assert (perl.mirrors, perl.external) == ((), True)
    assert len(catalog.rows()) == 16
    assert len(catalog.rows(only_builds=False)) == 27


def test_hashes_are_found_by_their_beginning(catalog: Catalog) -> None:
    assert len(catalog.find_hash("")) == 16
    assert catalog.find_hash("k") == ["kvgootxj37ndcc7lz5imsiscnleu24gw"]
    assert catalog.find_hash("zzz") == []
    assert catalog.find_hash("k%") == []


def test_who_provides_and_who_depends(catalog: Catalog) -> None:
    assert catalog.providers()["wave-api"] == {"libtide"}
    assert catalog.providers()["libc"] == {"glibc"}
    (libharbor,) = catalog.find_hash("drmyy6u")
    assert [hash_[:7] for hash_ in catalog.dependents(libharbor)] == ["4veej5w", "kvgootx"]


def test_after_closing_there_is_nothing(catalog: Catalog) -> None:
    catalog.close()
    assert catalog.rows() == []
