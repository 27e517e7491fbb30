"""Interpreter and run path of ELF files."""

import pytest
from elf_maker import DT_RPATH, DT_RUNPATH, Shape, make_elf

from core.errors import RelocationError
from core.relocate.elf import drop_redundant_rpaths, read_elf_paths, relocate_elf
from core.relocate.prefixes import make_prefix_map

MOVES = make_prefix_map(None, [("/old/padded/pkg", "/n/pkg")], ("/old/padded", "/n"))


def with_rpath(value: bytes, **shape: object) -> bytes:
    return make_elf(Shape(rpaths=((DT_RPATH, value),), **shape))  # type: ignore[arg-type]


def rpath_of(data: bytes) -> bytes:
    paths = read_elf_paths(data)
    assert paths is not None
    assert paths.rpath is not None
    return paths.rpath.value


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [2, 3])
@pytest.mark.parametrize("tag", [DT_RPATH, DT_RUNPATH])
def test_both_paths_are_changed_in_place(bits: int, order: str, kind: int, tag: int) -> None:
    old = b"/old/padded/pkg/lib:/old/padded/dep/lib:/usr/lib:$ORIGIN/../lib"
    data = make_elf(
        Shape(bits, order, kind, b"/old/padded/pkg/ld.so", ((tag, old),)), tail=b"\0rest"
    )
    new = relocate_elf(data, MOVES)
    paths = read_elf_paths(new)
    assert paths is not None
    assert paths.interpreter is not None
    assert paths.interpreter.value == b"/n/pkg/ld.so"
    assert rpath_of(new) == b"/n/pkg/lib:/n/dep/lib:/usr/lib:$ORIGIN/../lib"
    # All else is as before; what became free is zero.
    assert len(new) == len(data)
    expected = data.replace(old, rpath_of(new).ljust(len(old), b"\0"))
    wide = b"/old/padded/pkg/ld.so"
    assert new == expected.replace(wide, b"/n/pkg/ld.so".ljust(len(wide), b"\0"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"/old/padded/a::/usr/lib::::", b"/n/a:/usr/lib"),
        (b"/usr/lib::::", b"/usr/lib::::"),
        (b":::", b":::"),
        (b"lib/old/padded/a", b"lib/old/padded/a"),
        (b"/old/padded/pkgs", b"/n/pkgs"),
    ],
)
def test_run_path_entries(old: bytes, new: bytes) -> None:
    assert rpath_of(relocate_elf(with_rpath(old), MOVES)) == new


def test_empty_entries_make_room() -> None:
    longer = make_prefix_map(None, [], ("/a", "/longer"))
    assert rpath_of(relocate_elf(with_rpath(b"/a/lib:::::::"), longer)) == b"/longer/lib"


@pytest.mark.parametrize(
    "data", [with_rpath(b"/old/padded/lib"), make_elf(Shape(interpreter=b"/old/padded/ld.so"))]
)
def test_what_must_grow_is_named(data: bytes) -> None:
    longer = make_prefix_map(None, [], ("/old/padded", "/much/longer/padded"))
    with pytest.raises(RelocationError, match="grow") as caught:
        relocate_elf(data, longer)
    assert "/much/longer/padded" in caught.value.detail
    assert "by 8 or more" in caught.value.hint


UNTOUCHED = {
    "not elf": b"/old/padded/pkg",
    "magic alone": b"\x7fELF",
    "relocatable": with_rpath(b"/old/padded/lib", kind=1),
    "cut in the header": with_rpath(b"/old/padded/lib")[:40],
    "cut in the segments": with_rpath(b"/old/padded/lib")[:100],
    "cut in the strings": with_rpath(b"/old/padded/lib")[:-90],
    "two run paths": make_elf(Shape(rpaths=((DT_RPATH, b"/old/padded/a"), (DT_RUNPATH, b"/b")))),
    "no string table": with_rpath(b"/old/padded/lib", string_tables=0),
    "two string tables": with_rpath(b"/old/padded/lib", string_tables=2),
    "nothing to do": with_rpath(b"/usr/lib"),
}


@pytest.mark.parametrize("case", UNTOUCHED)
def test_what_stays(case: str) -> None:
    assert relocate_elf(UNTOUCHED[case], MOVES) is UNTOUCHED[case]


def test_without_interpreter_and_run_path() -> None:
    data = make_elf(Shape(interpreter=None))
    assert relocate_elf(data, MOVES) is data
    assert drop_redundant_rpaths(data, lambda _: True) is data


def test_redundant_run_paths() -> None:
    data = with_rpath(b"/here:/gone:$ORIGIN/../lib:relative::/here/too:${LIB}:/gone")
    new = drop_redundant_rpaths(data, {"/here", "/here/too"}.__contains__)
    assert rpath_of(new) == b"/here:$ORIGIN/../lib:/here/too:${LIB}"
    assert len(new) == len(data)
    assert drop_redundant_rpaths(new, {"/here", "/here/too"}.__contains__) is new


def test_all_run_paths_may_go() -> None:
    new = drop_redundant_rpaths(with_rpath(b"/gone:/gone/too"), lambda _: False)
    assert rpath_of(new) == b""
    assert b"gone" not in new
