"""Looking through archives and writing them out."""

import gzip
import io
import json
import os
import tarfile
import tracemalloc
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.archive.extract import Treatment, write_members
from core.archive.inflate import inflate
from core.archive.limits import Limits
from core.archive.members import Inventory, Kind, Member, read_inventory
from core.archive.stream import UnpackedStream, open_unpacked
from core.archive.writers import WrittenFile
from core.cancel import CancelToken
from core.errors import Refused

BEACON = "kvgootxj37ndcc7lz5imsiscnleu24gw"


@pytest.fixture(scope="module")
def beacon(golden: Path) -> Path:
    base = golden / "dev" / "mirror-signed"
    (manifest,) = base.glob(f"v3/manifests/spec/beacon/*{BEACON}*")
    text = manifest.read_text()
    record = json.loads(text[text.index("{") : text.rindex("}") + 1])["data"][0]
    return base / "blobs" / "sha256" / record["checksum"][:2] / record["checksum"]


def nothing(_done: int, _total: int) -> None:
    """Progress that nobody looks at."""


def member(path: str, kind: Kind, *, target: str = "", size: int = 0) -> Member:
    return Member(path, kind, executable=False, size=size, target=target, offset=0)


def test_the_inventory_of_a_real_package(beacon: Path, golden: Path) -> None:
    inventory = read_inventory(beacon)
    expected = json.loads((golden / "dev" / "expected-1.json").read_text())["prefixes"][BEACON]
    kinds = {entry["path"]: entry["type"] for entry in expected["entries"]}
    assert {item.path for item in inventory.members} == set(kinds)
    assert inventory.paths(Kind.DIRECTORY) == {path for path in kinds if kinds[path] == "dir"}
    assert inventory.paths(Kind.SYMLINK) == {path for path in kinds if kinds[path] == "symlink"}
    hard = [item for item in inventory.members if item.kind is Kind.HARDLINK]
    assert [(item.path, item.target) for item in hard] == [
        ("bin/beacon-alias", "bin/beacon"),
        ("share/beacon/link-b.txt", "share/beacon/link-a.txt"),
        ("share/beacon/two.dat", "share/beacon/one.dat"),
        ("share/beacon/zz/link-c.txt", "share/beacon/link-a.txt"),
    ]
    tool = next(item for item in inventory.members if item.path == "bin/beacon")
    assert tool.executable
    assert gzip.decompress(beacon.read_bytes())[tool.offset :][:4] == b"\x7fELF"


def write(archive: Path, inventory: Inventory, target: Path) -> dict[str, WrittenFile]:
    with open_unpacked(archive, Limits(), CancelToken(), threads=2) as stream:
        return write_members(
            stream,
            inventory.members,
            target,
            choose=lambda _member, _beginning, _contents: Treatment(),
            progress=nothing,
            names={},
            threads=2,
        )


WRITERS: Mapping[str, Member] = {
    "file": member("way/file", Kind.FILE),
    "directory": member("way/directory", Kind.DIRECTORY),
    "link": member("way/link", Kind.SYMLINK, target="x"),
    "hard link": member("way/hard", Kind.HARDLINK, target="plain"),
    "hard link from": member("hard", Kind.HARDLINK, target="way/secret"),
}


@pytest.mark.parametrize("case", WRITERS)
def test_nothing_is_written_through_a_link_even_if_the_inventory_says_so(
    case: str, beacon: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    stage = tmp_path / "stage"
    stage.mkdir()
    inventory = Inventory(
        (
            member("plain", Kind.FILE),
            member("way", Kind.SYMLINK, target=str(outside)),
            WRITERS[case],
        )
    )
    with pytest.raises(OSError, match=r"Not a directory|symbolic links"):
        write(beacon, inventory, stage)
    assert [path.name for path in outside.iterdir()] == ["secret"]
    assert (outside / "secret").stat().st_nlink == 1


def test_a_file_is_not_written_over_a_link(beacon: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    stage = tmp_path / "stage"
    stage.mkdir()
    inventory = Inventory(
        (member("a", Kind.SYMLINK, target=str(victim)), member("a", Kind.FILE, size=4))
    )
    with pytest.raises(FileExistsError):
        write(beacon, inventory, stage)
    assert victim.read_text() == "untouched"


def test_descriptors_are_closed(beacon: Path, tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    (tmp_path / "good").mkdir()
    write(beacon, read_inventory(beacon), tmp_path / "good")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "lib").mkdir()
    with pytest.raises(FileExistsError):
        write(beacon, read_inventory(beacon), tmp_path / "bad")
    assert len(os.listdir("/proc/self/fd")) == before


def test_an_archive_that_became_shorter_is_noticed(beacon: Path, tmp_path: Path) -> None:
    inventory = Inventory((member("file", Kind.FILE, size=10**9),))
    with pytest.raises(Refused, match="changed while it was read"):
        write(beacon, inventory, tmp_path)


def test_memory_stays_small(tmp_path: Path) -> None:
    """A member of 80 MB is never held in memory."""
    prefix = "p"
    archive = tmp_path / "archive"
    with (
        gzip.open(archive, "wb", compresslevel=1) as packed,
        tarfile.open(fileobj=packed, mode="w|") as tar,
    ):
        for name in (prefix, f"{prefix}/.spack"):
            directory = tarfile.TarInfo(name)
            directory.type = tarfile.DIRTYPE
            tar.addfile(directory)
        large = tarfile.TarInfo(f"{prefix}/large")
        large.size = 80 * 2**20
        with Path("/dev/zero").open("rb") as zeros:
            tar.addfile(large, zeros)
        tar.addfile(tarfile.TarInfo(f"{prefix}/.spack/binary_distribution"))
    stage = tmp_path / "stage"
    stage.mkdir()
    tracemalloc.start()
    try:
        write(archive, read_inventory(archive), stage)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (stage / "large").stat().st_size == 80 * 2**20
    assert peak < 12 * 2**20


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(draw=st.data())
def test_damage_is_refused_or_harmless(draw: st.DataObject, beacon: Path, tmp_path: Path) -> None:
    """Bytes of headers are changed at random: we raise `Refused` or read a safe inventory."""
    data = bytearray(gzip.decompress(beacon.read_bytes()))
    for _ in range(draw.draw(st.integers(1, 4))):
        header = draw.draw(st.integers(0, len(data) // 512 - 1)) * 512
        data[header + draw.draw(st.integers(0, 511))] = draw.draw(st.integers(0, 255))
        if draw.draw(st.booleans()):  # make the header's checksum right again
            total = sum(data[header : header + 512]) - sum(data[header + 148 : header + 156]) + 256
            data[header + 148 : header + 156] = b"%06o\0 " % total
    archive = tmp_path / "archive"
    archive.write_bytes(gzip.compress(bytes(data), 1))
    try:
        inventory = read_inventory(archive)
    except Refused:
        return
    for item in inventory.members:
        assert not item.path.startswith("/")
        assert ".." not in item.path.split("/")


@given(
    st.lists(st.binary(max_size=40), max_size=8),
    st.lists(st.integers(0, 50), max_size=10),
    st.integers(0, 9),
)
def test_the_stream_gives_what_was_packed(parts: list[bytes], reads: list[int], level: int) -> None:
    data = b"".join(parts)
    packed = io.BytesIO(gzip.compress(data, level))
    stream = UnpackedStream(inflate(packed, 1000, CancelToken()))
    model = io.BytesIO(data)
    for number, size in enumerate(reads):
        if number % 2:
            target = min(model.tell() + size, len(data))
            assert stream.seek(model.seek(target)) == target
        else:
            assert stream.read(size) == model.read(size)
        assert stream.tell() == model.tell()


def test_limits_grow_with_the_archive() -> None:
    limits = Limits(ratio=10, always=1000)
    assert limits.unpacked(1) == 1000
    assert limits.unpacked(1000) == 10_000
