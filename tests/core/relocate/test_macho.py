"""Paths in Mach-O files. The load commands become those of LLVM's install_name_tool."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from macho_maker import (
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

from core.errors import RelocationError
from core.relocate.macho import is_macho, relocate_macho
from core.relocate.prefixes import make_prefix_map

MOVES = make_prefix_map(None, [("/old/pkg", "/a/longer/place/pkg")], ("/old", "/new"))
PATHS = (
    (ID_DYLIB, b"/old/pkg/lib/liba.dylib"),
    (LOAD_DYLIB, b"/old/dep/lib/libb.dylib"),
    (LOAD_DYLIB, b"@rpath/old/pkg/libc.dylib"),
    (LOAD_DYLIB, b"/usr/lib/libSystem.B.dylib"),
    (RPATH, b"/old/pkg/lib"),
    (RPATH, b"@loader_path/../lib"),
)
MOVED = [
    (ID_DYLIB, b"/a/longer/place/pkg/lib/liba.dylib"),
    (LOAD_DYLIB, b"/new/dep/lib/libb.dylib"),
    *PATHS[2:4],
    (RPATH, b"/a/longer/place/pkg/lib"),
    PATHS[5],
]


@pytest.mark.parametrize(("wide", "cpu"), [(True, ARM64), (False, I386)])
@pytest.mark.parametrize("order", ["<", ">"])
def test_paths_of_the_loader(wide: bool, cpu: int, order: str) -> None:
    shape = MachO(PATHS, wide, order, cpu)
    data = make_macho(shape)
    assert is_macho(data)
    new = relocate_macho(data, MOVES)
    assert paths_in(new, wide, order) == MOVED
    assert len(new) == len(data)
    assert new.endswith(shape.text)
    # The same as if the file had been linked with these paths, and a smaller gap.
    grown = sum(len(path) for _, path in MOVED) - sum(len(path) for _, path in PATHS)
    assert 0 < grown < shape.gap
    assert relocate_macho(new, MOVES) is new


def test_what_becomes_shorter_leaves_zeros() -> None:
    back = make_prefix_map(None, [("/a/longer/place/pkg", "/old/pkg")], ("/new", "/old"))
    data = make_macho(MachO(PATHS))
    assert relocate_macho(relocate_macho(data, MOVES), back) == data


@pytest.mark.parametrize("order", ["<", ">"])
def test_every_slice_of_a_fat_file_is_changed(order: str) -> None:
    one, other = MachO(PATHS), MachO(PATHS, cpu=ARM64, text=b"other text")
    data = make_fat(one, other, order=order)
    assert is_macho(data)
    new = relocate_macho(data, MOVES)
    assert len(new) == len(data)
    assert paths_in(new[4096:8192]) == paths_in(new[8192:]) == MOVED


def test_paths_of_the_last_slice_alone_count() -> None:
    data = make_fat(MachO(PATHS), MachO(((RPATH, b"/old/pkg/lib"),), cpu=ARM64))
    new = relocate_macho(data, MOVES)
    assert paths_in(new[4096:]) == [*PATHS[:4], MOVED[4], PATHS[5]]


def test_an_rpath_is_never_there_twice() -> None:
    moves = make_prefix_map(None, [("/old/a", "/n"), ("/old/b", "/n")], ("/old", "/m"))
    paths = ((RPATH, b"/old/a/lib"), (RPATH, b"/old/b/lib"), (RPATH, b"/old/c"), (RPATH, b"/m/c"))
    new = relocate_macho(make_macho(MachO(paths)), moves)
    assert [path for _, path in paths_in(new)] == [b"/n/lib", b"/old/b/lib", b"/old/c", b"/m/c"]


def test_a_weak_library_changes_with_its_namesake() -> None:
    paths = ((LOAD_WEAK_DYLIB, b"/old/x"), (LOAD_WEAK_DYLIB, b"/old/y"), (LOAD_DYLIB, b"/old/x"))
    new = relocate_macho(make_macho(MachO(paths)), MOVES)
    assert [path for _, path in paths_in(new)] == [b"/new/x", b"/old/y", b"/new/x"]


def test_all_places_in_a_path_are_replaced() -> None:
    new = relocate_macho(make_macho(MachO(((RPATH, b"/old/pkg/x/old/pkg/y"),))), MOVES)
    assert paths_in(new) == [(RPATH, b"/a/longer/place/pkg/x/a/longer/place/pkg/y")]


def test_a_gap_that_is_too_small() -> None:
    with pytest.raises(RelocationError, match="would have to grow") as caught:
        relocate_macho(make_macho(MachO(PATHS, gap=16)), MOVES)
    assert "/a/longer/place/pkg/lib/liba.dylib" in caught.value.detail


WHOLE = make_macho(MachO(PATHS))
JAVA = b"\xca\xfe\xba\xbe\x00\x00\x00\x41" + bytes(2000)
UNTOUCHED = {
    "text": b"/old/pkg",
    "magic alone": WHOLE[:4],
    "cut in the header": WHOLE[:20],
    "cut in the load commands": WHOLE[:300],
    "object file": make_macho(MachO(PATHS, kind=1)),
    "java class": JAVA,
    "fat, cut": make_fat(MachO(PATHS))[:20],
    "fat, slice outside": make_fat(MachO(PATHS))[:3000],
    "nothing to do": make_macho(MachO(((RPATH, b"/usr/lib"),))),
}


@pytest.mark.parametrize("case", UNTOUCHED)
def test_what_stays(case: str) -> None:
    assert relocate_macho(UNTOUCHED[case], MOVES) is UNTOUCHED[case]


def test_what_is_taken_for_macho() -> None:
    assert not is_macho(JAVA)
    assert not is_macho(b"\x7fELF")
    assert not is_macho(b"")


@given(st.data())
def test_broken_files_do_no_harm(draw: st.DataObject) -> None:
    data = bytearray(draw.draw(st.sampled_from([WHOLE, make_fat(MachO(PATHS), MachO(PATHS))])))
    for _ in range(draw.draw(st.integers(1, 6))):
        data[draw.draw(st.integers(0, 700)) % len(data)] = draw.draw(st.integers(0, 255))
    broken = bytes(data)
    with suppress(RelocationError):  # the gap may have become too small
        assert len(relocate_macho(broken, MOVES)) == len(broken)
