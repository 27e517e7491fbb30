"""Catalogs of the indices that older Spacks wrote: database versions 6, 7 and 8."""

import json
from pathlib import Path

import pytest

from core.catalog.build import build_catalog
from core.catalog.reader import Catalog
from core.errors import MirrorError
from core.model.graph import SpecGraph
from core.model.ident import DagHash, MirrorName
from tests.core.catalog.golden_index import VERSIONS, graph_of, index_of, index_text, records_of

HARBOR = MirrorName("harbor")
EXPECTED = {"dev": (8, 16), "v1.1.0": (8, 9), "v0.23.1": (7, 16), "v0.18.1": (6, 14)}
"""Database version, and how many binaries Spack counts."""


@pytest.fixture(scope="module")
def catalogs(golden: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Catalog]:
    directory = tmp_path_factory.mktemp("catalogs")
    made: dict[str, Catalog] = {}
    for version in VERSIONS:
        path = directory / f"{version}.sqlite"
        build_catalog(index_of(golden, version=version), path, checksum="aa")
        made[version] = Catalog({HARBOR: path})
    return made


@pytest.mark.parametrize("version", VERSIONS)
def test_what_spack_has_a_binary_of_is_on_offer(
    version: str, catalogs: dict[str, Catalog], golden: Path
) -> None:
    catalog = catalogs[version]
    summary = catalog.counts[HARBOR]
    assert (summary.database_version, summary.builds) == EXPECTED[version]
    assert (summary.records, summary.skipped) == (len(records_of(golden, version=version)), 0)
    cached = json.loads((golden / version / "queries.json").read_text())["cached"]
    assert sorted(row.hash for row in catalog.rows()) == sorted(cached)


@pytest.mark.parametrize("version", VERSIONS)
def test_nodes_come_back_as_they_were(
    version: str, catalogs: dict[str, Catalog], golden: Path
) -> None:
    wanted = graph_of(golden, version=version)
    found = catalogs[version].graph(wanted.nodes)
    assert dict(found.nodes) == dict(wanted.nodes)
    for hash_, spec in wanted.nodes.items():
        assert json.dumps({**found[hash_].node}) == json.dumps({**spec.node})


@pytest.mark.parametrize("version", VERSIONS)
def test_lists_show_the_compiler_and_the_c_library(
    version: str, catalogs: dict[str, Catalog]
) -> None:
    rows = {f"{row.name}@{row.version}": row for row in catalogs[version].rows()}
    harbor = rows["libharbor@0.9.3"]
    assert harbor.compiler == "gcc@12.2.0"
    # 0.18 knows nothing of C libraries.
    assert harbor.libc == ("" if version == "v0.18.1" else "glibc@2.36")
    assert ("shared", "+") in rows["libtide@2.0.1"].variants


def test_other_versions_are_refused_plainly(tmp_path: Path, golden: Path) -> None:
    records = records_of(golden, version="v0.18.1")
    index = tmp_path / "index.json"
    for number, why in (("9", "needs a newer spackbin"), ("5", "too old to be read")):
        index.write_text(index_text(records, number))
        with pytest.raises(MirrorError, match=why):
            build_catalog(index, tmp_path / "catalog.sqlite", checksum="aa")
    assert [path.name for path in tmp_path.iterdir() if path != index and path.is_file()] == []


def test_older_and_newer_mirrors_stand_side_by_side(
    catalogs: dict[str, Catalog], golden: Path, tmp_path: Path
) -> None:
    paths: dict[MirrorName, Path] = {}
    for version in VERSIONS:
        name = MirrorName(version)
        paths[name] = tmp_path / f"{version}.sqlite"
        build_catalog(index_of(golden, version=version), paths[name], checksum="aa")
    catalog = Catalog(paths)
    reefs = catalog.rows("reef")
    assert {row.mirrors for row in reefs} == {(MirrorName(version),) for version in VERSIONS}
    graph: SpecGraph = catalog.graph(DagHash(row.hash) for row in reefs)
    assert graph.missing() == frozenset()
