"""Building in a child process: in one step, cancellable, and never leaving anything behind."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.cancel import CancelToken
from core.catalog.build import build_catalog
from core.catalog.reader import Catalog
from core.catalog.schema import read_summary
from core.errors import Interrupted, MirrorError
from core.model.ident import MirrorName
from tests.core.catalog.golden_index import index_of, index_text, made_up_hash, record

HARBOR = MirrorName("harbor")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    directory = tmp_path / "with blanks, ü and #?%41"
    directory.mkdir()
    return directory


def test_the_child_reports_how_far_it_is(golden: Path, directory: Path) -> None:
    index = directory / "index.json"
    many = {made_up_hash(n): record(f"p{n}", n, extra="x" * 5000) for n in range(600)}
    index.write_text(index_text(many))
    seen: list[tuple[int, int]] = []
    destination = directory / "harbor.sqlite"
    summary = build_catalog(
        index, destination, checksum="aa", progress=lambda *step: seen.append(step)
    )
    assert summary.records == 600
    assert seen == sorted(seen)
    assert seen[-1] == (index.stat().st_size, index.stat().st_size)
    assert read_summary(destination) == summary


def test_a_broken_index_leaves_the_last_good_catalog(golden: Path, directory: Path) -> None:
    destination = directory / "harbor.sqlite"
    build_catalog(index_of(golden), destination, checksum="aa")
    before = destination.read_bytes()
    broken = directory / "broken.json"
    broken.write_bytes(index_of(golden).read_bytes()[:-100])
    with pytest.raises(MirrorError, match="broken"):
        build_catalog(broken, destination, checksum="bb")
    with pytest.raises(MirrorError, match="could not be made"):
        build_catalog(directory / "absent.json", destination, checksum="bb")
    assert destination.read_bytes() == before
    assert sorted(path.name for path in directory.iterdir()) == ["broken.json", "harbor.sqlite"]


def test_a_catalog_that_is_open_stays_readable(golden: Path, directory: Path) -> None:
    destination = directory / "harbor.sqlite"
    build_catalog(index_of(golden), destination, checksum="aa")
    catalog = Catalog({HARBOR: destination})
    build_catalog(index_of(golden, "mirror-prbot"), destination, checksum="bb")
    assert len(catalog.rows()) == 16
    assert catalog.counts[HARBOR].checksum == "aa"
    assert Catalog({HARBOR: destination}).counts[HARBOR].checksum == "bb"


def test_cancelling_ends_the_child(directory: Path) -> None:
    # A pipe that nobody writes to: the child would wait for ever.
    index = directory / "index.json"
    os.mkfifo(index)
    cancel = CancelToken()
    threading.Timer(0.3, cancel.cancel).start()
    started = time.monotonic()
    with pytest.raises(Interrupted):
        build_catalog(index, directory / "harbor.sqlite", checksum="aa", cancel=cancel)
    assert time.monotonic() - started < 30
    assert [path.name for path in directory.iterdir()] == ["index.json"]


def test_a_directory_that_cannot_be_written_is_said(golden: Path, directory: Path) -> None:
    with pytest.raises(MirrorError, match="could not be made") as caught:
        build_catalog(index_of(golden), directory / "absent" / "harbor.sqlite", checksum="aa")
    assert caught.value.detail
    assert list(directory.iterdir()) == []


def test_what_killed_processes_left_is_removed(golden: Path, directory: Path) -> None:
    old, fresh = (directory / f".harbor.sqlite.{n}.new" for n in (1, 2))
    other = directory / ".other.sqlite.1.new"
    for path in (old, fresh, other):
        path.touch()
    for path in (old, other):
        os.utime(path, (0, 0))
    build_catalog(index_of(golden), directory / "harbor.sqlite", checksum="aa")
    assert not old.exists()
    assert fresh.exists()
    assert other.exists()


def test_the_child_does_not_load_modules_from_the_current_directory(
    golden: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (directory / "core").mkdir()
    (directory / "core" / "__init__.py").write_text("raise SystemExit('loaded')")
    (directory / "msgspec.py").write_text("raise SystemExit('loaded')")
    monkeypatch.chdir(directory)
    assert build_catalog(index_of(golden), directory / "a.sqlite", checksum="aa").builds == 16


def test_a_damaged_catalog_counts_as_absent(golden: Path, directory: Path) -> None:
    good, bad = MirrorName("good"), MirrorName("bad")
    paths = {bad: directory / "bad.sqlite", good: directory / "good.sqlite"}
    for path in paths.values():
        build_catalog(index_of(golden), path, checksum="aa")
    whole = paths[bad].read_bytes()
    for damaged in (b"", b"no database", whole[:100], whole[: len(whole) // 2]):
        paths[bad].write_bytes(damaged)
        catalog = Catalog(paths)
        assert len(catalog.rows()) == 16
        assert {row.mirrors for row in catalog.rows()} == {(good,)}
        assert len(catalog.graph(catalog.find_hash("pgx")).nodes) == 11
        assert list(catalog.problems) == [bad]
        assert list(catalog.counts) == [good]
        assert str(paths[bad]) in str(catalog.problems[bad])


def test_damage_that_shows_late_is_reported_too(golden: Path, directory: Path) -> None:
    path = directory / "harbor.sqlite"
    build_catalog(index_of(golden), path, checksum="aa")
    whole = path.read_bytes()
    # The first page tells about the tables; the summary lies behind it, in the last pages.
    path.write_bytes(whole[:16384] + bytes(16384) + whole[2 * 16384 :])
    catalog = Catalog({HARBOR: path})
    assert catalog.rows() == [] or len(catalog.rows()) == 16
    catalog.graph(catalog.find_hash(""))
    catalog.dependents(made_up_hash(1))
    catalog.providers()
    assert catalog.problems[HARBOR].hint


@pytest.mark.parametrize(
    ("column", "damaged"),
    [
        ("hashes", lambda whole: whole[1:]),
        ("hashes", lambda whole: b"\xff" * len(whole)),
        ("releases", lambda whole: whole[:-4]),
        ("releases", lambda whole: b"\x07" * len(whole)),
        ("machines", lambda _: b"\0"),
        ("machines", lambda whole: b"\x07" * len(whole)),
        ("parameters", lambda whole: b"\x07" * len(whole)),
        ("states", lambda _: b""),
        ("by_release", lambda whole: b"\x07" * len(whole)),
        ("by_machine", lambda whole: b"\x07" * len(whole)),
    ],
)
def test_columns_that_do_not_go_together_are_damage(
    golden: Path, directory: Path, column: str, damaged: Callable[[bytes], bytes]
) -> None:
    path = directory / "harbor.sqlite"
    build_catalog(index_of(golden), path, checksum="aa")
    connection = sqlite3.connect(path)
    ((whole,),) = connection.execute(f"SELECT {column} FROM columns")
    connection.execute(f"UPDATE columns SET {column} = ?", (damaged(whole),))
    connection.commit()
    connection.close()
    catalog = Catalog({HARBOR: path})
    (shelf,) = catalog.shelves
    assert catalog.rows() == [] or column == "by_machine"
    shelf.specs_where(None, {0}, only_builds=True)
    catalog.find_hash("")
    catalog.rows_of([made_up_hash(1)])
    assert catalog.problems[HARBOR].hint


def test_a_catalog_of_another_version_is_made_anew(golden: Path, directory: Path) -> None:
    path = directory / "harbor.sqlite"
    build_catalog(index_of(golden), path, checksum="aa")
    connection = sqlite3.connect(path)
    connection.execute("UPDATE meta SET value = '0' WHERE key = 'schema'")
    connection.commit()
    connection.close()
    assert Catalog({HARBOR: path}).package_names() == []
    with pytest.raises(MirrorError, match="another version"):
        read_summary(path)
    build_catalog(index_of(golden), path, checksum="aa")
    assert Catalog({HARBOR: path}).problems == {}


def test_a_mirror_that_was_never_read_is_empty(directory: Path) -> None:
    catalog = Catalog({HARBOR: directory / "absent.sqlite"})
    assert catalog.rows() == []
    assert catalog.problems == {}
    assert read_summary(directory / "absent.sqlite") is None


def test_many_threads_may_ask_at_once(golden: Path, directory: Path) -> None:
    path = directory / "harbor.sqlite"
    build_catalog(index_of(golden), path, checksum="aa")
    catalog = Catalog({HARBOR: path})
    found: list[int] = []

    def ask() -> None:
        for _ in range(20):
            found.append(len(catalog.graph(catalog.find_hash("pgx")).nodes) + len(catalog.rows()))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [27] * 160
