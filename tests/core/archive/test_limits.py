"""How much may come out of an archive is bounded by its size, which its signed manifest tells."""

import gzip
import tarfile
from pathlib import Path

import pytest

from core.archive.limits import Limits
from core.archive.members import MemberReader, read_inventory
from core.archive.stream import open_unpacked
from core.cancel import CancelToken
from core.errors import Refused
from tests.simulator.spoilt import bomb, member, packed, with_size

TOP = "opt/package"
BEGIN = member("opt", tarfile.DIRTYPE) + member(TOP, tarfile.DIRTYPE)


def test_within_its_size() -> None:
    limits = Limits(entries=1000, few=10, member=16, ratio=2, always=5000)
    small, medium, large = (limits.within(size) for size in (100, 3200, 1_000_000))
    assert [found.entries for found in (small, medium, large)] == [10, 200, 1000]
    assert [found.always for found in (small, medium, large)] == [5000, 6400, 2_000_000]
    assert [found.unpacked(10**9) for found in (small, medium, large)] == [5000, 6400, 2_000_000]
    assert medium.within(3200) == medium


@pytest.mark.parametrize("place", ["dev/mirror-signed", "v1.1.0", "v0.23.1"])
def test_real_packages_are_far_below_it(place: str, golden: Path) -> None:
    limits = Limits()
    archives = [path for path in (golden / place).rglob("*") if path.is_file()]
    archives = [path for path in archives if path.stat().st_size > 512 and tarfile.is_tarfile(path)]
    assert archives
    for archive in archives:
        with tarfile.open(archive) as opened:
            assert len(opened.getmembers()) * limits.member * 5 < archive.stat().st_size


def read(archive: Path, limits: Limits, paths: list[str]) -> None:
    """Note the paths that are given to whoever writes them."""
    within = limits.within(archive.stat().st_size)
    with open_unpacked(archive, within, CancelToken()) as stream:
        for item in MemberReader(stream, "package", within):
            paths.append(item.path)


def given(archive: Path, reason: str, limits: Limits | None = None) -> list[str]:
    """The paths that were given until the archive was refused."""
    paths: list[str] = []
    with pytest.raises(Refused, match=reason):
        read(archive, limits or Limits(), paths)
    with pytest.raises(Refused, match=reason):
        read_inventory(archive, limits=limits)
    return paths


def test_members_beyond_the_bound_are_not_given(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    few = Limits().few
    many = b"".join(member(f"{TOP}/{number:05}") for number in range(few + 100))
    archive.write_bytes(gzip.compress(BEGIN + many, 9))
    assert len(given(archive, f"it has more than {few} members")) == few - 2


@pytest.mark.parametrize("size", [b"7" * 11, b"\x80" + bytes(5) + b"\xff" * 6])
def test_a_file_that_claims_to_be_huge_is_not_given(size: bytes, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.write_bytes(packed(BEGIN + with_size(member(f"{TOP}/huge"), size)))
    assert given(archive, f"it unpacks to more than {Limits().always} bytes") == []


def test_zeros_without_end_are_not_given(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.write_bytes(bomb(BEGIN, 48 << 20))
    limits = Limits(always=32 << 20)
    assert archive.stat().st_size < 2**17
    assert given(archive, f"it unpacks to more than {limits.always} bytes", limits) == []
