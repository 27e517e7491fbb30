"""Signatures of changed Mach-O files. `test_macho_golden` holds them against those of LLVM."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.relocate.data import patched
from core.relocate.macho import relocate_macho
from core.relocate.prefixes import make_prefix_map
from core.relocate.signature import needs_signature, renewal
from tests.core.relocate.macho_maker import (
    ARM64,
    I386,
    ID_DYLIB,
    RPATH,
    SIGNATURE,
    X86_64,
    MachO,
    make_fat,
    make_macho,
)
from tests.core.relocate.signature_maker import wrong_pages

MOVES = make_prefix_map(None, [], ("/old", "/newer"))
PATHS = ((ID_DYLIB, b"/old/lib/liba.dylib"), (RPATH, b"/old/lib"))
TEXT = b"text" * 4000
SIGNED = MachO(PATHS, cpu=ARM64, text=TEXT, signed="liba.dylib")


def place_of(data: bytes, order: str = "<") -> int:
    """Where in a thin file its signature begins."""
    head = struct.pack(order + "2L", SIGNATURE, 16)
    return struct.unpack_from(order + "L", data, data.index(head) + 8)[0]


@pytest.mark.parametrize(
    ("shape", "needs"),
    [
        (MachO(PATHS, cpu=ARM64), True),
        (MachO(PATHS, cpu=X86_64), False),
        (MachO(PATHS, cpu=X86_64, signed="a"), True),
        (MachO(PATHS, cpu=ARM64, kind=1), False),
    ],
)
def test_who_needs_a_signature(shape: MachO, needs: bool) -> None:
    assert needs_signature(make_macho(shape)) is needs
    assert needs_signature(make_fat(MachO(PATHS), shape)) is needs


def test_who_needs_none_gets_none() -> None:
    for data in (b"", b"text", make_macho(MachO(PATHS)), make_macho(MachO(PATHS, cpu=I386))):
        assert not needs_signature(data)
        assert renewal(data) == []


@pytest.mark.parametrize("cpu", [ARM64, X86_64])
def test_a_signature_holds_again(cpu: int) -> None:
    data = make_macho(MachO(PATHS, cpu=cpu, text=TEXT, signed="liba.dylib"))
    place = place_of(data)
    assert wrong_pages(data, 0, place) == []
    assert renewal(data) == []
    changed = bytearray(relocate_macho(data, MOVES))
    changed[9000] ^= 1
    assert wrong_pages(bytes(changed), 0, place) == [0, 2]
    patches = renewal(changed)
    assert patches
    new = patched(changed, patches)
    assert wrong_pages(new, 0, place) == []
    assert renewal(new) == []
    assert new[:place] == bytes(changed[:place])
    assert [len(patch) for _, patch in patches] == [32, 32]


def test_every_slice_and_every_table() -> None:
    both = MachO(PATHS, cpu=ARM64, text=TEXT, signed="liba.dylib", hashes=(1, 2, 3))
    data = make_fat(both, SIGNED)
    changed = relocate_macho(data, MOVES)
    patches = renewal(changed)
    assert patches
    assert sorted(len(patch) for _, patch in patches) == [20, 20, 32, 32]
    again = relocate_macho(patched(changed, patches), make_prefix_map(None, [], ("/newer", "/old")))
    # Back where it was, with the hashes that it had.
    assert patched(again, renewal(again) or []) == data


def test_an_unsigned_slice_beside_a_signed_one() -> None:
    assert renewal(make_fat(SIGNED, MachO(PATHS, cpu=ARM64))) is None
    assert renewal(make_fat(SIGNED, MachO(PATHS, cpu=X86_64))) == []


def test_what_somebody_signed_cannot_be_renewed() -> None:
    data = make_macho(MachO(PATHS, cpu=ARM64, signed="liba.dylib", by_somebody=b"certificates"))
    assert needs_signature(data)
    assert renewal(data) is None


WHOLE = make_macho(SIGNED)
BLOB = place_of(WHOLE)
TABLE = BLOB + 24


@pytest.mark.parametrize(
    ("place", "number"),
    [
        (BLOB, 0xFADE0C01),  # another magic
        (BLOB + 8, 0),  # no blobs
        (BLOB + 8, 2**32 - 1),
        (BLOB + 16, 2**32 - 1),  # a blob elsewhere
        (TABLE, 0xFADE0C01),
        (TABLE + 4, 100),  # too short for its hashes
        (TABLE + 12, 0),  # not ad hoc
        (TABLE + 16, 2**32 - 1),  # hashes elsewhere
        (TABLE + 28, 2**32 - 1),  # four milliard pages
        (TABLE + 28, 1),  # fewer pages than there are
        (TABLE + 32, 2**32 - 1),  # 4 GB are hashed
        (TABLE + 32, BLOB + 1),  # the signature is hashed
        (TABLE + 36, 0x2009000C),  # another kind of hash
        (TABLE + 36, 0x1402000C),  # cut short
        (TABLE + 36, 0x20020000),  # one page without end
        (TABLE + 44, 1),  # scattered
        (TABLE + 60, 1),  # a size of 64 bits
    ],
)
def test_what_is_not_understood_is_not_renewed(place: int, number: int) -> None:
    data = bytearray(WHOLE)
    struct.pack_into(">L", data, place, number)
    assert renewal(data) is None


@pytest.mark.parametrize(("field", "number"), [(8, 2**32 - 8), (12, 2**32 - 1), (12, 8)])
def test_a_signature_that_is_not_where_it_should_be(field: int, number: int) -> None:
    data = bytearray(WHOLE)
    command = WHOLE.index(struct.pack("<2L", SIGNATURE, 16))
    struct.pack_into("<L", data, command + field, number)
    assert renewal(data) is None


@given(st.lists(st.tuples(st.integers(BLOB, BLOB + 120), st.integers(0, 255)), max_size=6))
def test_broken_signatures_do_no_harm(pokes: list[tuple[int, int]]) -> None:
    data = bytearray(WHOLE)
    for place, byte in pokes:
        data[place] = byte
    patches = renewal(data) or []
    assert all(at >= BLOB and at + len(new) <= len(data) for at, new in patches)
