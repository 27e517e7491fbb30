"""The matrix of systems and targets, and the table of variants."""

from pathlib import Path

import pytest

from core.cancel import CancelToken
from core.catalog.groups import BuildGroup
from core.catalog.reader import Catalog
from core.catalog.write import write_catalog
from core.model.ident import MirrorName
from core.model.plan import Disposition
from core.model.views import BuildView
from core.planning.tables import make_matrix, variant_table
from core.session import Session
from core.settings import Settings
from tests.core.catalog.golden_index import index_of, index_text, made_up_hash, record
from tests.core.host.machines import ICELAKE, ZEN2, recorded
from tests.core.planning.seed import SEED, seed_groups


@pytest.mark.parametrize(
    ("name", "lit", "runs"),
    [
        ("graviton2", ("amzn2", "graviton2"), {("amzn2", "graviton2"), ("amzn2", "aarch64")}),
        ("neoverse_v1", ("amzn2", "graviton2"), {("amzn2", "graviton2"), ("amzn2", "aarch64")}),
        ("haswell", ("ubuntu18.04", "x86_64"), {("ubuntu18.04", "x86_64")}),
        ("zen4", None, set[tuple[str, str]]()),
    ],
)
def test_the_table_that_it_began_with(
    name: str, lit: tuple[str, str] | None, runs: set[tuple[str, str]]
) -> None:
    matrix = make_matrix("cache", seed_groups(), recorded(name))
    assert {(cell.system, cell.target): cell.builds for cell in matrix.cells} == SEED
    assert {(c.system, c.target) for c in matrix.cells if c.runs_here == c.builds} == runs
    assert all(cell.runs_here in (0, cell.builds) for cell in matrix.cells)
    assert [(c.system, c.target) for c in matrix.cells if c.is_host] == ([lit] if lit else [])
    assert (matrix.builds, matrix.packages) == (10, 4)
    assert matrix.runs_here == sum(SEED[place] for place in runs)
    assert {row.system for row in matrix.rows} == {"amzn2", "ubuntu18.04"}
    assert matrix.cell("ubuntu18.04", "aarch64") is None


def test_own_system_and_own_targets_come_first() -> None:
    matrix = make_matrix("", seed_groups(), recorded("haswell"))
    assert [row.system for row in matrix.rows] == ["ubuntu18.04", "amzn2"]
    assert matrix.targets == ("x86_64", "aarch64", "graviton2", "x86_64_v4")
    icelake = make_matrix("", seed_groups(), recorded("icelake"))
    assert icelake.targets[:2] == ("x86_64_v4", "x86_64")


def test_c_libraries_and_other_platforms() -> None:
    groups = [
        BuildGroup("a", "linux", "debian12", "x86_64", "glibc@2.36", compiled=True, builds=5),
        BuildGroup("b", "linux", "debian12", "x86_64", "glibc@2.28", compiled=True, builds=2),
        BuildGroup("data", "linux", "debian12", "x86_64", "", compiled=False, builds=1),
        BuildGroup("a", "darwin", "sonoma", "m1", "", compiled=True, builds=1),
    ]
    matrix = make_matrix("", groups, ZEN2)
    assert [(row.system, row.libcs) for row in matrix.rows] == [
        ("darwin-sonoma", ()),
        ("debian12", ("glibc@2.28", "glibc@2.36")),
    ]
    cell = matrix.cell("debian12", "x86_64")
    assert cell is not None
    assert (cell.builds, cell.runs_here, cell.packages) == (8, 3, 3)
    assert (matrix.packages, matrix.packages_here) == (3, 2)
    assert make_matrix("", [], ZEN2).cells == ()


def catalog_of(tmp_path: Path, name: str, index: Path) -> Path:
    path = tmp_path / f"{name}.sqlite"
    write_catalog(index, path, "x", lambda _: None)
    return path


def test_a_build_of_two_mirrors_counts_once(tmp_path: Path, golden: Path) -> None:
    signed = catalog_of(tmp_path, "a", index_of(golden))
    again = catalog_of(tmp_path, "b", index_of(golden, "mirror-prbot"))
    catalog = Catalog({MirrorName("a"): signed, MirrorName("b"): again})
    alone = Catalog({MirrorName("a"): signed})
    key = lambda group: (group.name, group.os, group.target, group.libc)  # noqa: E731
    assert sorted(catalog.groups(), key=key) == sorted(alone.groups(), key=key)
    assert sorted(catalog.groups(MirrorName("a")), key=key) == sorted(alone.groups(), key=key)
    assert sum(group.builds for group in catalog.groups(MirrorName("b"))) == 2
    assert sum(group.builds for group in catalog.groups()) == 16
    catalog.close()
    alone.close()


def test_groups_say_what_decides(tmp_path: Path) -> None:
    records = {
        made_up_hash(number): record("p", number, arch=arch)
        for number, arch in enumerate(
            [{"platform": "linux", "platform_os": "amzn2", "target": "aarch64"}] * 3
        )
    }
    index = tmp_path / "index.json"
    index.write_text(index_text(records))
    catalog = Catalog({MirrorName("a"): catalog_of(tmp_path, "a", index)})
    assert catalog.groups() == [
        BuildGroup("p", "linux", "amzn2", "aarch64", "", compiled=False, builds=3)
    ]
    catalog.close()


@pytest.fixture
def session(tmp_path: Path, golden: Path) -> Session:
    own = tmp_path / "own"
    settings = Settings(own / "s", own / "c", own / "k", own / "t", use_spack=False)
    opened = Session(settings, host=ICELAKE)
    opened.add_mirror("harbor", str(golden / "dev" / "mirror-signed"))
    opened.refresh("harbor", cancel=CancelToken(), progress=lambda *_: None)
    return opened


def test_only_what_differs_is_a_column(session: Session) -> None:
    table = session.judge.variants("libtide")
    assert [column.title for column in table.columns] == [
        "version",
        "target",
        "os",
        "gauge",
        "shared",
        "hash",
    ]
    assert dict(table.same) == {
        "compiler": "gcc@12.2.0",
        "build_system": "generic",
        "pic": "+",
        "from": "harbor",
    }
    # For this machine: the closest target, then the newest; those of other machines last.
    assert table.columns[1].values == (
        "x86_64_v4",
        "x86_64_v3",
        "x86_64_v3",
        "x86_64",
        "x86_64",
        "neoverse_v1",
    )
    assert table.columns[0].values[1:3] == ("2.0.1", "1.4.2")
    assert session.judge.variants("nosuch").builds == ()


def view(number: int, disposition: Disposition, **variants: str) -> BuildView:
    return BuildView(
        made_up_hash(number),
        "p",
        "1.0",
        "debian12",
        "x86_64",
        "",
        tuple(variants.items()),
        (),
        disposition,
    )


def test_a_variant_that_some_builds_lack() -> None:
    builds = [view(1, Disposition.INSTALLED, mpi="+"), view(2, Disposition.CACHED)]
    table = variant_table("p", builds)
    assert [(column.title, column.values) for column in table.columns[:-1]] == [("mpi", ("+", "-"))]
    assert table.builds == tuple(builds)
    one = variant_table("p", builds[:1])
    assert [column.title for column in one.columns] == ["hash"]


def test_the_matrix_of_one_mirror_and_of_all(session: Session) -> None:
    assert session.judge.matrix().cells == session.judge.matrix("harbor").cells
    assert session.judge.matrix("harbor").mirror == "harbor"
    lit = [cell for cell in session.judge.matrix().cells if cell.is_host]
    assert [(cell.system, cell.target, cell.builds) for cell in lit] == [
        (ICELAKE.os, "x86_64_v4", 1)
    ]


def test_what_needs_a_build(session: Session) -> None:
    tide = session.resolve("libtide@2.0.1 target=x86_64_v3").build
    found = session.judge.dependents(tide.hash)
    assert {build.name for build in found} == {"beacon", "libharbor", "wreck"}
    graphs = {build.hash: session.graph(build.hash) for build in session.search(all_targets=True)}
    expected = {
        hash_
        for hash_, graph in graphs.items()
        if any(edge.hash == tide.hash for edge in graph[hash_].dependencies)
    }
    assert {build.hash for build in found} == expected
    assert [build.name for build in found] == sorted(build.name for build in found)
