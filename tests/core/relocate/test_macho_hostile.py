"""Mach-O files that somebody made to do harm, and what holds for whatever bytes."""

import struct
from collections.abc import Callable
from mmap import mmap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import RelocationError
from core.relocate.data import patched
from core.relocate.macho import loader_paths, macho_patches, relocate_macho
from core.relocate.machofile import MOST_COMMANDS, read_macho
from core.relocate.prefixes import PrefixMap, make_prefix_map
from core.relocate.signature import needs_signature, renewal
from tests.core.relocate.macho_maker import (
    ARM64,
    I386,
    ID_DYLIB,
    LOAD_DYLIB,
    LOAD_WEAK_DYLIB,
    RPATH,
    MachO,
    make_fat,
    make_macho,
    paths_in,
)

OLD, NEW = "/old/place/pkg", "/brandnew/gkp"
MOVES = make_prefix_map(None, [(OLD, "/n/pkg"), ("/old/place/dep", NEW)], ("/old/place", "/n"))
PATHS = (
    (ID_DYLIB, b"/old/place/pkg/lib/liba.dylib"),
    (LOAD_DYLIB, b"/old/place/dep/lib/libb.dylib"),
    (RPATH, b"/old/place/pkg/lib"),
)
THIN = make_macho(MachO(PATHS, signed="liba.dylib"))
FAT = make_fat(MachO(PATHS), MachO(PATHS, cpu=ARM64, signed="liba.dylib"))
FIRST = 32  # where the load commands of `THIN` begin


def poked(data: bytes, order: str, **numbers: int) -> bytes:
    """`data` with other numbers of 32 bits, by their places: `at_8=1`."""
    new = bytearray(data)
    for name, number in numbers.items():
        struct.pack_into(order + "L", new, int(name.removeprefix("at_")), number)
    return bytes(new)


def with_paths_at(offset: int) -> bytes:
    """`THIN`, with the path of its id said to be somewhere else."""
    at = THIN.index(PATHS[0][1]) - 16
    return THIN[:at] + struct.pack("<L", offset) + THIN[at + 4 :]


HOSTILE: dict[str, bytes] = {
    "magic alone": THIN[:4],
    "cut in the header": THIN[:20],
    "cut in the load commands": THIN[:300],
    "cut in the gap": THIN[:600],
    "command of size 0": poked(THIN, "<", at_36=0),
    "command of size 7": poked(THIN, "<", at_36=7),
    "command as large as can be": poked(THIN, "<", at_36=2**32 - 1),
    "command beyond the others": poked(THIN, "<", at_36=4000),
    "four milliard commands": poked(THIN, "<", at_16=2**32 - 1),
    "no commands": poked(THIN, "<", at_16=0),
    "one command too few": poked(THIN, "<", at_16=6),
    "commands of 4 GB": poked(THIN, "<", at_20=2**32 - 1),
    "commands over all of the file": poked(THIN, "<", at_20=len(THIN) - 32),
    "commands of no size": poked(THIN, "<", at_20=0),
    "four milliard sections": poked(THIN, "<", at_96=2**32 - 1),
    "a section that is not counted": poked(THIN, "<", at_96=0),
    "a section among the commands": poked(THIN, "<", at_152=40),
    "two ids": make_macho(MachO((PATHS[0], *PATHS))),
    "content behind the end": poked(THIN, "<", at_152=2**32 - 1, at_224=2**32 - 1),
    "a path in the command's head": with_paths_at(4),
    "a path outside": with_paths_at(2**32 - 1),
    "object file": make_macho(MachO(PATHS, kind=1)),
    "fat, no entries": FAT[:8],
    "fat, cut in the table": FAT[:20],
    "fat, cut in the slice": FAT[:5000],
    "fat, slice in the table": poked(FAT, ">", at_16=24),
    "fat, slice that is the whole file": poked(FAT, ">", at_16=0, at_20=len(FAT)),
    "fat, slices that overlap": poked(FAT, ">", at_36=4096 + 128),
    "fat, twice the same slice": FAT[:28] + FAT[8:28] + FAT[48:],
    "fat, slice beyond the end": poked(FAT, ">", at_36=2**32 - 8),
    "fat, slice of 4 GB": poked(FAT, ">", at_40=2**32 - 1),
    "fat, empty slice": poked(FAT, ">", at_20=0),
    "fat, slice that is no Mach-O file": poked(FAT, ">", at_16=4096 + 512, at_20=64),
    "fat within fat": poked(make_fat(MachO(PATHS)), ">", at_4096=0xCAFEBABE),
    "java class": b"\xca\xfe\xba\xbe\x00\x00\x00\x41" + bytes(2000),
    "text": b"/old/place/pkg",
    "nothing to do": make_macho(MachO(((RPATH, b"/usr/lib"),))),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_stays(case: str) -> None:
    data = HOSTILE[case]
    assert relocate_macho(data, MOVES) is data
    assert loader_paths(data, MOVES) == []


def test_what_the_cases_are_made_from_is_good() -> None:
    assert relocate_macho(THIN, MOVES) != THIN
    assert relocate_macho(FAT, MOVES) != FAT


def test_more_commands_than_any_file_has() -> None:
    """A file of nothing but load commands is not read into memory command by command."""
    count = MOST_COMMANDS // 8 + 1
    data = struct.pack("<8L", 0xFEEDFACF, ARM64, 0, 6, count, count * 8, 0, 0)
    assert read_macho(data + struct.pack("<2L", 0x1B, 8) * count) is None


def test_very_many_rpaths_take_no_longer_each() -> None:
    count = MOST_COMMANDS // 24 - 100
    rpaths = tuple((RPATH, b"/old/%06d" % number) for number in range(count))
    moves = make_prefix_map(None, [], ("/old", "/new"))
    new = relocate_macho(make_macho(MachO(rpaths)), moves)
    assert len(paths_in(new)) == count
    assert b"/old" not in new


bytes_of_any = st.binary(max_size=300)
magics = st.sampled_from(
    [THIN[:4], THIN[3::-1], b"\xce\xfa\xed\xfe", b"\xfe\xed\xfa\xce", FAT[:4], b"\xbe\xba\xfe\xca"]
)


def spoilt(draw: st.DrawFn) -> bytes:
    """A good file with some bytes changed, most likely where the headers are."""
    data = bytearray(draw(st.sampled_from([THIN, FAT])))
    places = st.integers(0, 900) | st.integers(4096, 5000) | st.integers(0, len(data) - 1)
    for _ in range(draw(st.integers(1, 8))):
        data[draw(places) % len(data)] = draw(st.integers(0, 255))
    return bytes(data)


spoilt_files: st.SearchStrategy[bytes] = st.composite(spoilt)()
anything = spoilt_files | st.builds(bytes.__add__, magics, bytes_of_any) | bytes_of_any


def relocated(data: bytes, moves: PrefixMap = MOVES) -> bytes:
    """The file moved; as it is if there is no room in it."""
    try:
        return relocate_macho(data, moves)
    except RelocationError:
        return data


@given(anything)
def test_whatever_bytes_keep_their_length(data: bytes) -> None:
    new = relocated(data)
    assert len(new) == len(data)
    assert relocated(new) == new
    patches = renewal(new)
    assert not patches or needs_signature(new)
    assert len(patched(new, patches or [])) == len(new)


@given(spoilt_files)
def test_a_mapped_file_is_as_good_as_bytes(data: bytes) -> None:
    with mmap(-1, len(data)) as mapped:
        mapped.write(data)
        assert relocated(data) == (relocated_mapped(mapped) or data)
        assert renewal(mapped) == renewal(data)


def relocated_mapped(mapped: mmap) -> bytes | None:
    try:
        return relocate_macho(mapped, MOVES)
    except RelocationError:
        return None


kinds = st.sampled_from([ID_DYLIB, LOAD_DYLIB, LOAD_WEAK_DYLIB, RPATH])
words = st.sampled_from(
    [b"/old/place/pkg/lib", b"/old/place/dep", b"/old/place", b"@rpath", b"/usr/lib", b"/x"]
)
shapes = st.builds(
    MachO,
    st.lists(st.tuples(kinds, words), max_size=8).map(tuple),
    wide=st.booleans(),
    order=st.sampled_from("<>"),
    cpu=st.sampled_from([ARM64, I386]),
    text=st.sampled_from([b"/old/place/pkg\0", b"x" * 5000]),
    signed=st.sampled_from(["", "liba.dylib"]),
)


@given(shapes)
def test_nothing_but_load_commands_changes(shape: MachO) -> None:
    data = make_macho(shape)
    new = relocated(data)
    head = 32 if shape.wide else 28
    end = head + max(struct.unpack_from(shape.order + "L", one, 20)[0] for one in (data, new))
    assert (new[:20], new[24:head], new[end:]) == (data[:20], data[24:head], data[end:])
    kept = [(kind, path) for kind, path in shape.paths if not path.startswith(b"/old")]
    found = paths_in(new, shape.wide, shape.order)
    assert [item for item in found if item in kept] == kept


@given(shapes)
def test_there_and_back(shape: MachO) -> None:
    there = make_prefix_map(None, [], ("/old/place", "/somewhere/else"))
    back = make_prefix_map(None, [], ("/somewhere/else", "/old/place"))
    data = make_macho(shape)
    if shape.wide:  # commands of 32 bits come out a multiple of 8 bytes long
        assert relocate_macho(relocate_macho(data, there), back) == data


@pytest.mark.parametrize("act", [macho_patches, loader_paths])
def test_an_empty_file(act: Callable[[bytes, PrefixMap], list[tuple[int, bytes]]]) -> None:
    assert act(b"", MOVES) == []
