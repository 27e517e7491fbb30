"""Links that lead nowhere: which are problems, and which were packed so."""

import os
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace
from store_helpers import KELP, LIBTIDE, install

from core.model.graph import SpecGraph
from core.model.installed import InstalledRecord
from core.model.views import FileProblem
from core.store.manifest import MANIFEST, write_manifest
from core.store.paths import StorePaths
from core.store.verify import verify_prefix


@pytest.fixture
def kelp(store: StorePaths, graph: SpecGraph) -> InstalledRecord:
    """An installed package."""
    return install(store, graph[KELP], graph)


@pytest.fixture
def tide(store: StorePaths, graph: SpecGraph) -> Path:
    """The prefix of another one."""
    return prefix_of(install(store, graph[LIBTIDE], graph))


def prefix_of(record: InstalledRecord) -> Path:
    return Path(record.prefix or "")


def link(record: InstalledRecord, target: str | Path, name: str = "share/link") -> Path:
    """A link that the package was installed with."""
    prefix = prefix_of(record)
    (prefix / name).symlink_to(target)
    write_manifest(prefix, prefix)
    return prefix / name


def gone(target: object, name: str = "share/link") -> FileProblem:
    return FileProblem(name, f"It leads to {target}, which does not exist")


def packed_so(target: object, name: str = "share/link") -> FileProblem:
    return FileProblem(name, f"It leads to {target}, which does not exist; it was packed so")


def judged(record: InstalledRecord) -> tuple[list[FileProblem], list[FileProblem]]:
    """The problems that are about links, and the notes."""
    report = verify_prefix(record)
    return [item for item in report.problems if "leads" in item.problem], list(report.notes)


@pytest.mark.parametrize("target", ["note.txt", "../share/note.txt", "{prefix}/share/note.txt"])
def test_what_a_link_leads_to_within_its_package_is_gone(
    kelp: InstalledRecord, target: str
) -> None:
    target = target.format(prefix=kelp.prefix)
    link(kelp, target)
    assert judged(kelp) == ([], [])
    (prefix_of(kelp) / "share" / "note.txt").unlink()
    assert judged(kelp) == ([gone(target)], [])


@pytest.mark.parametrize("target", ["nowhere/at/all", "../share/nothing", "{prefix}/share/nothing"])
def test_a_link_that_was_packed_so_is_a_note(kelp: InstalledRecord, target: str) -> None:
    target = target.format(prefix=kelp.prefix)
    link(kelp, target)
    assert judged(kelp) == ([], [packed_so(target)])
    assert verify_prefix(kelp).problems == ()


def test_a_link_into_another_package(kelp: InstalledRecord, tide: Path) -> None:
    target = f"../../{tide.name}/bin/hello"
    link(kelp, target)
    assert judged(kelp) == ([], [])
    (tide / "bin" / "hello").unlink()
    assert judged(kelp) == ([gone(target)], [])
    shutil.rmtree(tide)
    assert judged(kelp) == ([gone(target)], [])


def test_what_another_package_never_had_is_a_note(kelp: InstalledRecord, tide: Path) -> None:
    target = f"../../{tide.name}/bin/never"
    link(kelp, target)
    assert judged(kelp) == ([], [packed_so(target)])
    # Without its manifest nothing vouches for that.
    (tide / MANIFEST).unlink()
    assert judged(kelp) == ([gone(target)], [])


def test_a_place_of_no_package_is_a_problem(kelp: InstalledRecord) -> None:
    link(kelp, "../../other-layout/bin/hello")
    assert judged(kelp) == ([gone("../../other-layout/bin/hello")], [])


def test_what_is_outside_of_the_store_is_not_judged(
    kelp: InstalledRecord, store: StorePaths
) -> None:
    up = os.path.relpath(store.root.parent, prefix_of(kelp) / "share")
    link(kelp, f"{up}/not-ours")
    assert judged(kelp) == ([], [])


def test_a_link_that_was_changed_or_added_since_is_a_problem(kelp: InstalledRecord) -> None:
    place = link(kelp, "note.txt")
    place.unlink()
    place.symlink_to("nowhere")
    (prefix_of(kelp) / "share" / "new").symlink_to("nowhere")
    problems, notes = judged(kelp)
    assert gone("nowhere") in problems
    assert gone("nowhere", "share/new") in problems
    assert notes == []


def test_without_a_manifest_nothing_is_known_to_be_packed_so(kelp: InstalledRecord) -> None:
    link(kelp, "nowhere")
    (prefix_of(kelp) / MANIFEST).unlink()
    assert judged(kelp) == ([gone("nowhere")], [])


def test_the_manifest_of_the_builder_tells_as_well(kelp: InstalledRecord) -> None:
    link(kelp, "nowhere")
    link(kelp, "note.txt", "share/other")
    write_manifest(prefix_of(kelp), Path("/builder/kelp"))
    (prefix_of(kelp) / "share" / "note.txt").unlink()
    assert judged(kelp) == ([gone("note.txt", "share/other")], [packed_so("nowhere")])


def test_through_directories_that_are_links(kelp: InstalledRecord, tide: Path) -> None:
    prefix = prefix_of(kelp)
    (prefix / "programs").symlink_to("bin")
    (prefix / "outer").symlink_to(tide / "share")
    link(kelp, "programs/hello", "first")
    link(kelp, "outer/../bin/hello", "second")
    assert judged(kelp) == ([], [])
    (prefix / "bin" / "hello").unlink()
    (tide / "bin" / "hello").unlink()
    problems, notes = judged(kelp)
    assert problems == [gone("programs/hello", "first"), gone("outer/../bin/hello", "second")]
    assert notes == []


def test_in_a_store_that_is_reached_by_a_link(kelp: InstalledRecord, store: StorePaths) -> None:
    link(kelp, "note.txt")
    link(kelp, "nowhere", "share/odd")
    (prefix_of(kelp) / "share" / "note.txt").unlink()
    other = store.root.with_name("by-another-name")
    other.symlink_to(store.root)
    moved = replace(kelp, prefix=str(other / prefix_of(kelp).relative_to(store.root)))
    assert judged(moved) == ([gone("note.txt")], [packed_so("nowhere", "share/odd")])


def test_links_in_a_ring_are_followed_no_further(kelp: InstalledRecord) -> None:
    (prefix_of(kelp) / "share" / "other").symlink_to("link")
    link(kelp, "other")
    assert judged(kelp) == ([], [])
