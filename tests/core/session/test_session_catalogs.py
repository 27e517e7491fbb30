"""Catalogs that are damaged, old, cut off, replaced or cannot be written; and what is counted."""

import io
import resource
import shutil
import sqlite3
import threading
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from core.cancel import CancelToken
from core.catalog.gather import Gathered
from core.catalog.schema import partial_of
from core.catalog.split import IndexDocument
from core.catalog.write import CatalogWriter
from core.errors import SpackbinError
from core.model.views import BuildView, PackageView
from core.session import Session
from core.settings import Settings

QUERIES = ("", "lib", "target=x86_64_v3", "%gcc@12", "libtide@2:", "+shared ^glibc", "^wave-api")


def opened(tmp_path: Path) -> Session:
    own = tmp_path / "own"
    return Session(
        Settings(own / "store", own / "config", own / "cache", own / "state", use_spack=False)
    )


@pytest.fixture
def session(tmp_path: Path, golden: Path) -> Session:
    """Knows one golden mirror."""
    session = opened(tmp_path)
    session.add_mirror("harbor", str(golden / "dev/mirror-signed"))
    refresh(session)
    return session


def refresh(session: Session, name: str = "harbor") -> list[str]:
    """Refresh; what was said meanwhile."""
    said: list[str] = []
    session.refresh(name, cancel=CancelToken(), progress=lambda step, *_: said.append(step))
    return said


def files(tmp_path: Path, pattern: str) -> list[Path]:
    return sorted((tmp_path / "own/cache/catalogs").glob(pattern))


def catalog_of(tmp_path: Path) -> Path:
    (catalog,) = files(tmp_path, "*.sqlite")
    return catalog


def make_old(catalog: Path) -> None:
    connection = sqlite3.connect(catalog)
    connection.execute("UPDATE meta SET value = '1' WHERE key = 'schema'")
    connection.commit()
    connection.close()


def cut_index(catalog: Path) -> None:
    (index,) = catalog.parent.glob("*.index")
    index.write_bytes(index.read_bytes()[:1000])


def remove_index(catalog: Path) -> None:
    (index,) = catalog.parent.glob("*.index")
    index.unlink()


@pytest.mark.parametrize(
    "damage",
    [
        make_old,
        cut_index,
        remove_index,
        lambda catalog: catalog.write_bytes(b"no database"),
        lambda catalog: catalog.write_bytes(catalog.read_bytes()[:20000]),
    ],
)
def test_an_unusable_catalog_is_said_and_made_anew(
    session: Session, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    damage(catalog_of(tmp_path))
    later = opened(tmp_path)
    assert later.packages(all_targets=True) == []
    (status,) = later.mirrors()
    assert "damaged, or of another version of spackbin" in status.error
    said = refresh(later)
    assert any("made anew" in step for step in said)
    assert len(later.search(all_targets=True)) == 16
    assert later.mirrors()[0].error == ""
    assert len(files(tmp_path, "*.index")) == 1
    assert not any("made anew" in step for step in refresh(later))


def test_an_index_that_is_replaced_stays_open(session: Session, tmp_path: Path) -> None:
    now = session.search("reef", all_targets=True)
    (before,) = files(tmp_path, "*.index")
    catalog_of(tmp_path).unlink()
    other = opened(tmp_path)
    refresh(other)
    assert len(files(tmp_path, "*.index")) == 2
    before.unlink()
    assert session.graph(now[0].hash).missing() == frozenset()
    refresh(other)
    assert other.search("reef", all_targets=True) == now


def test_two_that_refresh_at_once_do_not_disturb_each_other(tmp_path: Path, golden: Path) -> None:
    opened(tmp_path).add_mirror("harbor", str(golden / "dev/mirror-signed"))
    sessions = [opened(tmp_path) for _ in range(3)]
    threads = [threading.Thread(target=refresh, args=(session,)) for session in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for session in (*sessions, opened(tmp_path)):
        reef = session.search("reef", all_targets=True)[0]
        assert len(session.graph(reef.hash).nodes) == 11
        assert session.mirrors()[0].error == ""


def read_half(index: Path, catalog: Path) -> None:
    """Leave what a process leaves that reads an index for the first time, halfway through."""
    whole, half = index.read_bytes(), partial_of(catalog)
    number = whole.count(b'"in_buildcache"') // 2
    steps = iter(range(number * 2))
    document = IndexDocument(io.BytesIO(whole))
    gathered = Gathered()
    for _ in gathered.add_all(document):
        if next(steps) == number - 1:
            break
    with index.open("rb") as stream:
        CatalogWriter(stream, index, half, "aa").write(document, gathered, document.end)


@pytest.mark.parametrize("spoil", [Path.unlink, make_old])
def test_what_was_read_so_far_is_on_offer_and_marked(
    session: Session, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    (index,) = files(tmp_path, "*.index")
    catalog = catalog_of(tmp_path)
    read_half(index, catalog)
    # A good catalog comes first.
    assert not session.mirrors()[0].is_partial
    assert len(session.search(all_targets=True)) == 16
    spoil(catalog)
    for one in (session, opened(tmp_path)):
        (status,) = one.mirrors()
        assert status.is_partial
        assert (status.read, 20 < status.expected < 40) == (13, True)
        found = one.search(all_targets=True)
        assert 0 < len(found) < 16
        assert len(one.packages(all_targets=True)) == len({build.name for build in found})
    refresh(session)
    assert not session.mirrors()[0].is_partial
    assert len(session.search(all_targets=True)) == 16
    assert not files(tmp_path, "*.partial")


def test_a_part_whose_index_is_gone_is_nothing(session: Session, tmp_path: Path) -> None:
    (index,) = files(tmp_path, "*.index")
    catalog = catalog_of(tmp_path)
    read_half(index, catalog)
    catalog.unlink()
    index.unlink()
    assert session.packages(all_targets=True) == []
    assert not session.mirrors()[0].is_partial
    refresh(session)
    assert len(session.search(all_targets=True)) == 16


def test_removing_a_mirror_removes_its_files(session: Session, tmp_path: Path) -> None:
    session.remove_mirror("harbor")
    assert files(tmp_path, "*") == []


def test_a_cache_that_cannot_be_made_is_said(tmp_path: Path, golden: Path) -> None:
    session = opened(tmp_path)
    session.add_mirror("harbor", str(golden / "dev/mirror-signed"))
    shutil.rmtree(tmp_path / "own/cache", ignore_errors=True)
    (tmp_path / "own/cache").write_text("in the way")
    with pytest.raises(SpackbinError) as caught:
        refresh(session)
    assert str(tmp_path / "own/cache") in str(caught.value)


@pytest.fixture
def limit_files() -> Generator[Callable[[int], None]]:
    """No file may be longer from then on, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [10_000, 90_000])
def test_the_last_good_catalog_stays_when_the_disk_is_full(
    session: Session, tmp_path: Path, limit_files: Callable[[int], None], size: int
) -> None:
    kept = [path.name for path in files(tmp_path, "*") if path.suffix != ".json"]
    (index,) = files(tmp_path, "*.index")
    # The first size is too small for the index, the second for its catalog alone.
    assert 10_000 < index.stat().st_size < 90_000 < catalog_of(tmp_path).stat().st_size
    (note,) = files(tmp_path, "*.json")
    note.unlink()
    limit_files(size)
    with pytest.raises(SpackbinError) as caught:
        refresh(session)
    assert caught.value.hint
    assert [path.name for path in files(tmp_path, "*") if path.suffix != ".json"] == kept
    assert len(session.search(all_targets=True)) == 16


def summed_up(views: list[BuildView]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for view in views:
        builds, here = found.get(view.name, (0, 0))
        is_usable = view.disposition.value in {"installed", "cached", "blocked"}
        found[view.name] = (builds + 1, here + is_usable)
    return found


def assert_counts(session: Session, query: str) -> list[PackageView]:
    packages = session.packages(query, all_targets=True)
    views = session.search(query, all_targets=True)
    counted = {package.name: (package.builds, package.runs_here) for package in packages}
    assert counted == summed_up(views), query
    for package in packages:
        best = session.builds(package.name, query, all_targets=True)[0]
        assert (package.version, package.disposition) == (best.version, best.disposition)
    return packages


@pytest.mark.parametrize("query", QUERIES)
def test_counts_are_those_of_the_builds(session: Session, golden: Path, query: str) -> None:
    assert assert_counts(session, query)
    session.add_mirror("prbot", str(golden / "dev/mirror-prbot"))
    refresh(session, "prbot")
    # Both mirrors have some of the builds.
    assert assert_counts(session, query)


def test_packages_come_by_relevance(session: Session) -> None:
    names = [package.name for package in session.packages("be", all_targets=True)]
    assert names == ["beacon"]
    names = [package.name for package in session.packages("r", all_targets=True)]
    assert names[0] == "reef"
    assert set(names) >= {"libharbor", "trawl", "wreck"}
    assert [package.name for package in session.packages("libhabror", all_targets=True)] == [
        "libharbor"
    ]


@pytest.mark.parametrize("query", ["", "lib", "target=x86_64_v3"])
def test_packages_are_signed_by_their_best_build(
    session: Session, golden: Path, query: str
) -> None:
    packages = session.packages(query, all_targets=True)
    assert {package.is_signed for package in packages} == {True}
    session.add_mirror("prbot", str(golden / "dev/mirror-prbot"), signed=False, confirmed="prbot")
    refresh(session, "prbot")
    mirrors: dict[str, set[bool]] = {}
    for view in session.search(query, all_targets=True):
        mirrors.setdefault(view.name, set()).add("harbor" in view.mirrors)
    packages = session.packages(query, all_targets=True)
    assert len(packages) == len(mirrors)
    for package in packages:
        assert package.is_signed in mirrors[package.name]
    session.remove_mirror("harbor")
    packages = session.packages(query, all_targets=True)
    assert {package.is_signed for package in packages} == {False}
