"""Paths in Mach-O files. What real Spack makes of such files is in test_macho_golden."""

import struct

import pytest

from core.errors import RelocationError
from core.relocate.macho import is_spared, loader_paths, relocate_macho
from core.relocate.machofile import is_macho
from core.relocate.prefixes import make_prefix_map
from tests.core.relocate.macho_maker import (
    ARM64,
    I386,
    ID_DYLIB,
    LOAD_DYLIB,
    LOAD_WEAK_DYLIB,
    REEXPORT_DYLIB,
    RPATH,
    MachO,
    make_fat,
    make_macho,
    paths_in,
    slices_of,
)

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
    assert new.count(shape.text) == 1
    assert new.index(shape.text) == data.index(shape.text)
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
    assert [paths_in(part) for part in slices_of(new, order)] == [MOVED, MOVED]


def test_the_id_of_the_last_slice_becomes_that_of_all() -> None:
    other = ((ID_DYLIB, b"/elsewhere/liba.dylib"), *PATHS[1:])
    data = make_fat(MachO(other), MachO(PATHS, cpu=ARM64))
    assert [paths_in(part) for part in slices_of(relocate_macho(data, MOVES))] == [MOVED, MOVED]


def test_paths_of_the_last_slice_alone_count() -> None:
    data = make_fat(MachO(PATHS), MachO(((RPATH, b"/old/pkg/lib"),), cpu=ARM64))
    first, _ = slices_of(relocate_macho(data, MOVES))
    assert paths_in(first) == [*PATHS[:4], MOVED[4], PATHS[5]]


def test_an_rpath_is_never_there_twice() -> None:
    moves = make_prefix_map(None, [("/old/a", "/n"), ("/old/b", "/n")], ("/old", "/m"))
    paths = ((RPATH, b"/old/a/lib"), (RPATH, b"/old/b/lib"), (RPATH, b"/old/c"), (RPATH, b"/m/c"))
    new = relocate_macho(make_macho(MachO(paths)), moves)
    assert [path for _, path in paths_in(new)] == [b"/n/lib", b"/old/b/lib", b"/old/c", b"/m/c"]


@pytest.mark.parametrize("kind", [LOAD_WEAK_DYLIB, REEXPORT_DYLIB])
def test_another_kind_of_library_changes_with_its_namesake(kind: int) -> None:
    paths = ((kind, b"/old/x"), (kind, b"/old/y"), (LOAD_DYLIB, b"/old/x"))
    new = relocate_macho(make_macho(MachO(paths)), MOVES)
    assert [path for _, path in paths_in(new)] == [b"/new/x", b"/old/y", b"/new/x"]


def test_a_path_ends_where_the_loader_stops_reading() -> None:
    data = make_macho(MachO(((RPATH, b"/old/lib\0/old/rest"),)))
    assert b"/new/lib\0\0" in relocate_macho(data, MOVES)


def test_what_will_be_rewritten_is_known_before() -> None:
    data = make_fat(MachO(PATHS), MachO((*PATHS, (LOAD_WEAK_DYLIB, b"/old/weak")), cpu=ARM64))
    found = loader_paths(data, MOVES)
    assert all(data.startswith(path + b"\0", at) for at, path in found)
    changed = [path for path in PATHS if path not in MOVED]
    assert [path for _, path in found] == [path for _, path in (*changed, *changed)]
    assert loader_paths(make_macho(MachO(((RPATH, b"/usr/lib"),))), MOVES) == []
    assert loader_paths(b"no Mach-O file", MOVES) == []


@pytest.mark.parametrize(
    ("path", "spared"),
    [
        ("lib/liba.dylib", False),
        ("lib/crt1.o", True),
        ("lib/libgcc_s.1.1.dylib", True),
        ("lib/libgcc.dylib", False),
    ],
)
def test_whose_load_commands_spack_leaves_alone(path: str, spared: bool) -> None:
    assert is_spared(path) is spared


def test_all_places_in_a_path_are_replaced() -> None:
    new = relocate_macho(make_macho(MachO(((RPATH, b"/old/pkg/x/old/pkg/y"),))), MOVES)
    assert paths_in(new) == [(RPATH, b"/a/longer/place/pkg/x/a/longer/place/pkg/y")]


def test_a_gap_that_is_too_small() -> None:
    with pytest.raises(RelocationError, match="too little room for its new paths") as caught:
        relocate_macho(make_macho(MachO(PATHS, gap=16)), MOVES)
    assert "'/a/longer/place/pkg/lib/liba.dylib'" in caught.value.detail
    assert "8 bytes are missing" in caught.value.detail


def test_nothing_is_written_where_another_segment_has_its_bytes() -> None:
    """A library without any section: the table of symbols comes right behind the gap."""
    data = bytearray(make_macho(MachO(PATHS, gap=4096, text=b"")))
    (size,) = struct.unpack_from("<L", data, 20)
    # Without the section: the load commands, the first segment, its number of sections.
    for place, number in ((20, size - 80), (32 + 4, 72), (32 + 64, 0)):
        struct.pack_into("<L", data, place, number)
    second = 32 + 72
    del data[second : second + 80]
    end = 32 + size - 80
    struct.pack_into("<Q", data, second + 40, end + 16)
    with pytest.raises(RelocationError, match="8 bytes are missing"):
        relocate_macho(bytes(data), MOVES)
    struct.pack_into("<Q", data, second + 40, end + 24)
    assert paths_in(relocate_macho(bytes(data), MOVES)) == MOVED


def test_what_is_taken_for_macho() -> None:
    assert is_macho(make_macho(MachO(PATHS))[:8])
    assert not is_macho(b"\xca\xfe\xba\xbe\x00\x00\x00\x41" + bytes(2000))  # Java
    assert not is_macho(b"\xca\xfe\xba\xbe")
    assert not is_macho(b"\x7fELF")
    assert not is_macho(b"")
