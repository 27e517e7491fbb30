"""What verifying an installed package finds."""

import json
import os
import tarfile
from pathlib import Path

import pytest
from msgspec.structs import replace
from store_helpers import GLIBC, KELP, LIBTIDE, install, ordinary_user

from core.cancel import CancelToken
from core.errors import Interrupted
from core.model.graph import SpecGraph
from core.model.installed import InstalledRecord
from core.model.views import FileProblem
from core.store.manifest import MANIFEST, write_manifest
from core.store.paths import StorePaths
from core.store.verify import verify_prefix

BUILDER = "/opt/golden-build/dev/store"


@pytest.fixture
def kelp(store: StorePaths, graph: SpecGraph) -> InstalledRecord:
    """An installed package in which all is well."""
    return install(store, graph[KELP], graph)


def prefix_of(record: InstalledRecord) -> Path:
    return Path(record.prefix or "")


def found(record: InstalledRecord) -> list[tuple[str, str]]:
    return [(item.path, item.problem) for item in verify_prefix(record).problems]


def write_build_info(prefix: Path, **lists: list[str]) -> None:
    info = {"buildpath": BUILDER, **lists}
    (prefix / ".spack" / "binary_distribution").write_text(json.dumps(info))
    write_manifest(prefix, prefix)


def test_all_is_well(kelp: InstalledRecord) -> None:
    (prefix_of(kelp) / ".spack" / "install_times.json").write_text("{}")
    report = verify_prefix(kelp)
    assert report.problems == ()
    assert report.files == 7
    assert report.label == f"kelp@2024.1/{KELP[:7]}"
    assert (report.hash, report.prefix) == (KELP, kelp.prefix)


def test_changed_content(kelp: InstalledRecord) -> None:
    (prefix_of(kelp) / "share" / "note.txt").write_text("A note\n")
    assert found(kelp) == [("share/note.txt", "Its content was changed")]


def test_changed_size(kelp: InstalledRecord) -> None:
    (prefix_of(kelp) / "share" / "note.txt").write_text("longer than it was\n")
    assert found(kelp) == [("share/note.txt", "Its size is 19 bytes, and was 7")]


def test_changed_mode(kelp: InstalledRecord) -> None:
    (prefix_of(kelp) / "bin" / "hello").chmod(0o644)
    (prefix_of(kelp) / "share").chmod(0o755)
    assert found(kelp) == [
        ("bin/hello", "Its mode is 0644, and was 0755"),
        ("share", "Its mode is 0755, and was 2755"),
    ]


def test_missing_file(kelp: InstalledRecord) -> None:
    (prefix_of(kelp) / "bin" / "hello").unlink()
    assert found(kelp) == [("bin/hello", "It is missing")]


def test_added_file_and_directory(kelp: InstalledRecord) -> None:
    (prefix_of(kelp) / "bin" / "other").touch()
    (prefix_of(kelp) / "new" / "inner").mkdir(parents=True)
    assert found(kelp) == [
        ("bin/other", "It was added after the installation"),
        ("new", "It was added after the installation"),
    ]


def test_another_kind_of_file(kelp: InstalledRecord) -> None:
    (prefix_of(kelp) / "bin" / "hello").unlink()
    (prefix_of(kelp) / "bin" / "hello").symlink_to("../share/note.txt")
    assert found(kelp) == [("bin/hello", "It was a file and is a link")]


def test_changed_link(kelp: InstalledRecord) -> None:
    link = prefix_of(kelp) / "bin" / "hi"
    link.symlink_to("hello")
    write_manifest(prefix_of(kelp), prefix_of(kelp))
    assert found(kelp) == []
    link.unlink()
    link.symlink_to("/bin/sh")
    assert found(kelp) == [("bin/hi", "It leads to /bin/sh, and led to hello")]


def test_a_link_to_nothing_in_the_store(kelp: InstalledRecord, store: StorePaths) -> None:
    nowhere = store.root / "arch" / "gone"
    for name, target in (("a", nowhere), ("b", "/not/ours"), ("c", "note.txt"), ("d", store.root)):
        (prefix_of(kelp) / "share" / name).symlink_to(target)
    write_manifest(prefix_of(kelp), prefix_of(kelp))
    assert found(kelp) == [("share/a", f"It leads to {nowhere}, which does not exist")]


def test_paths_of_the_builder(kelp: InstalledRecord) -> None:
    prefix = prefix_of(kelp)
    (prefix / "share" / "stray.txt").write_text(f"see {BUILDER}/kelp\n")
    (prefix / "share" / "not-listed.txt").write_text(f"see {BUILDER}/kelp\n")
    (prefix / "share" / "binary").write_bytes(b"\0\xff" + BUILDER.encode() + b"\0")
    (prefix / "share" / "empty").touch()
    (prefix / "share" / "link").symlink_to(f"{BUILDER}/kelp")
    write_build_info(
        prefix,
        relocate_textfiles=["share/stray.txt", "share/note.txt", "share/empty", "../x", "gone"],
        relocate_binaries=["share/binary"],
        relocate_links=["share/link"],
    )
    words = f"It still names the builder's path {BUILDER}"
    assert found(kelp) == [
        ("share/binary", words),
        ("share/link", words),
        ("share/stray.txt", words),
    ]


@pytest.mark.parametrize("suffix", ["", "-2", "/inner"])
def test_a_store_that_holds_the_builders_path_is_no_leftover(
    tmp_path: Path, graph: SpecGraph, suffix: str
) -> None:
    store = StorePaths(Path(f"{tmp_path}/store{suffix}"))
    record = install(store, graph[KELP], graph)
    prefix = prefix_of(record)
    (prefix / "share" / "text").write_text(f"{store.root}/x")
    info = {"buildpath": f"{tmp_path}/store", "relocate_textfiles": ["share/text"]}
    (prefix / ".spack" / "binary_distribution").write_text(json.dumps(info))
    write_manifest(prefix, prefix)
    assert found(record) == []


def test_a_builder_below_the_store_is_a_leftover(kelp: InstalledRecord, store: StorePaths) -> None:
    prefix = prefix_of(kelp)
    (prefix / "share" / "text").write_text(f"{store.root}/__padding__/x")
    info = {"buildpath": f"{store.root}/__padding__", "relocate_textfiles": ["share/text"]}
    (prefix / ".spack" / "binary_distribution").write_text(json.dumps(info))
    write_manifest(prefix, prefix)
    assert [path for path, _ in found(kelp)] == ["share/text"]


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "{buildpath: [a]}", "&a [*a]", "[" * 500_000, "{a: " * 500_000],
    ids=range(6),
)
def test_build_information_that_cannot_be_read(kelp: InstalledRecord, text: str) -> None:
    (prefix_of(kelp) / ".spack" / "binary_distribution").write_text(text)
    write_manifest(prefix_of(kelp), prefix_of(kelp))
    ((path, problem),) = found(kelp)
    assert path == ".spack/binary_distribution"
    assert problem.startswith("It cannot be read: ")


def test_hashes_that_look_like_numbers_stay_text(kelp: InstalledRecord) -> None:
    (prefix_of(kelp) / ".spack" / "binary_distribution").write_text(
        f"{{buildpath: {BUILDER}, hash_to_prefix: {{12345678901234567890123456789012: /x}},"
        " relocate_textfiles: [1e5, on]}"
    )
    (prefix_of(kelp) / "1e5").write_text(BUILDER)
    write_manifest(prefix_of(kelp), prefix_of(kelp))
    assert [path for path, _ in found(kelp)] == ["1e5"]


def test_no_manifest(kelp: InstalledRecord) -> None:
    (prefix_of(kelp) / MANIFEST).unlink()
    (prefix_of(kelp) / "bin" / "hello").unlink()
    assert found(kelp) == [(MANIFEST, "It is missing, so that contents cannot be compared")]


@pytest.mark.parametrize("text", ["", "[]", '{"/a/b": 1}', '{"/a": {}, "/b": {}}'])
def test_a_manifest_that_cannot_be_read(kelp: InstalledRecord, text: str) -> None:
    (prefix_of(kelp) / MANIFEST).write_text(text)
    ((path, problem),) = found(kelp)
    assert path == MANIFEST
    assert problem.startswith("It cannot be read: ")


def test_the_manifest_of_the_builder_is_recognised(kelp: InstalledRecord) -> None:
    prefix = prefix_of(kelp)
    builder = Path(f"{BUILDER}/linux/kelp-1")
    (prefix / "share" / "relocated.txt").write_text(f"was {BUILDER}\n")
    # Only one name of a file is listed.
    (prefix / "share" / "also.txt").hardlink_to(prefix / "share" / "relocated.txt")
    (prefix / ".spack" / "gone.txt").touch()
    (prefix / "share" / "gone.txt").touch()
    write_manifest(prefix, builder)
    (prefix / "share" / "relocated.txt").write_text(f"is {prefix}\n")
    info = {"buildpath": BUILDER, "relocate_textfiles": ["share/relocated.txt"]}
    (prefix / ".spack" / "binary_distribution").write_text(json.dumps(info))
    (prefix / ".spack" / "gone.txt").unlink()
    ((path, problem),) = found(kelp)
    assert path == MANIFEST
    assert str(builder) in problem
    (prefix / "share" / "gone.txt").unlink()
    (prefix / "share" / "new.txt").touch()
    (prefix / "share" / "note.txt").write_text("a nose\n")
    assert found(kelp)[1:] == [
        ("share/gone.txt", "It is missing"),
        ("share/new.txt", "It was added after the installation"),
        ("share/note.txt", "Its content was changed"),
    ]


def test_the_prefix_is_gone(kelp: InstalledRecord) -> None:
    gone = replace(kelp, prefix=f"{kelp.prefix}-gone")
    report = verify_prefix(gone)
    assert report.problems == (FileProblem(".", "The prefix is gone"),)
    assert report.files == 0


def test_what_the_system_provides_is_only_checked_for_being_there(graph: SpecGraph) -> None:
    record = InstalledRecord(graph[GLIBC], "/usr", installed=True, explicit=False)
    assert verify_prefix(record).problems == ()
    assert verify_prefix(replace(record, prefix=None)).problems == ()
    assert found(replace(record, prefix="/not/there")) == [(".", "The prefix is gone")]


def test_verifying_can_be_cancelled(kelp: InstalledRecord) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Interrupted):
        verify_prefix(kelp, cancel=cancel)


def golden_library(golden: Path) -> bytes:
    """libharbor, which needs libtide, out of an archive that real Spack made."""
    for blob in (golden / "dev" / "mirror-signed" / "blobs").glob("*/*/*"):
        if tarfile.is_tarfile(blob):
            with tarfile.open(blob) as archive:
                for member in archive:
                    stream = member.isreg() and archive.extractfile(member)
                    if stream and member.name.endswith("/libharbor.so.0.9"):
                        return stream.read()
    raise AssertionError("no archive has it")


def for_this_machine(data: bytes) -> bytes:
    """`data` said to be for the machine that runs the tests."""
    own = Path("/proc/self/exe").read_bytes()[:20]
    return data[:4] + own[4:6] + data[6:18] + own[18:20] + data[20:]


def test_libraries_that_the_loader_does_not_find(kelp: InstalledRecord, golden: Path) -> None:
    prefix = prefix_of(kelp)
    (prefix / "lib").mkdir()
    library = prefix / "lib" / "libharbor.so.0.9"
    library.write_bytes(for_this_machine(golden_library(golden)))
    (prefix / "lib" / "broken.so").write_bytes(for_this_machine(b"\x7fELF" + b"\xff" * 60))
    write_manifest(prefix, prefix)
    words = "It needs libtide.so.2, which the loader does not find"
    assert ("lib/libharbor.so.0.9", words) in found(kelp)
    assert {path for path, _ in found(kelp)} == {"lib/libharbor.so.0.9"}
    assert not any("libc.so" in problem for _, problem in found(kelp))
    (prefix / "lib" / "libtide.so.2").write_bytes(library.read_bytes()[:64])
    write_manifest(prefix, prefix)
    assert ("lib/libharbor.so.0.9", words) not in found(kelp)


@pytest.mark.parametrize("origin", [b"$ORIGIN", b"${ORIGIN}"])
def test_libraries_are_found_by_the_run_path(
    kelp: InstalledRecord, golden: Path, origin: bytes
) -> None:
    prefix = prefix_of(kelp)
    (prefix / "lib" / "inner").mkdir(parents=True)
    data = for_this_machine(golden_library(golden))
    wanted = origin + b"/../deep:"
    start = data.index(b"/opt/golden-build")
    data = data[:start] + wanted + data[start + len(wanted) :]
    (prefix / "lib" / "inner" / "libharbor.so").write_bytes(data)
    write_manifest(prefix, prefix)
    assert any("libtide" in problem for _, problem in found(kelp))
    (prefix / "lib" / "deep").mkdir()
    (prefix / "lib" / "deep" / "libtide.so.2").write_bytes(data[:64])
    write_manifest(prefix, prefix)
    assert not any("libtide" in problem for _, problem in found(kelp))


def test_libraries_of_other_machines_are_not_looked_for(
    kelp: InstalledRecord, golden: Path
) -> None:
    data = bytearray(golden_library(golden))
    data[18:20] = b"\xf3\x7f"
    (prefix_of(kelp) / "lib").mkdir()
    (prefix_of(kelp) / "lib" / "libharbor.so").write_bytes(data)
    write_manifest(prefix_of(kelp), prefix_of(kelp))
    assert found(kelp) == []


def test_files_that_cannot_be_read_are_said(graph: SpecGraph) -> None:
    with ordinary_user() as place:
        store = StorePaths(place)
        record = install(store, graph[LIBTIDE], graph)
        (prefix_of(record) / "bin" / "hello").chmod(0)
        problems = set(found(record))
    assert ("bin/hello", "It cannot be read: Permission denied") in problems


def test_names_that_are_no_text(kelp: InstalledRecord) -> None:
    name = os.fsdecode(b"\xff\xfe\n")
    (prefix_of(kelp) / "share" / name).touch()
    assert found(kelp) == [(f"share/{name}", "It was added after the installation")]
