"""What holds for relocation of whatever bytes."""

from elf_maker import DT_RPATH, Shape, make_elf
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import RelocationError
from core.relocate.cstrings import relocate_cstrings
from core.relocate.elf import drop_redundant_rpaths, relocate_elf
from core.relocate.prefixes import PrefixMap, make_prefix_map
from core.relocate.shebang import sbang_shebang
from core.relocate.text import relocate_text

HASH = "7qykkygiboj"
OLD = f"/old/padded/padded/pkg-{HASH}"
NEW = f"/nw/pkg-{HASH}"
OLD_ROOT, NEW_ROOT = "/old/padded/padded", "/nw"
MOVES = make_prefix_map(None, [(OLD, NEW)], (OLD_ROOT, NEW_ROOT))
SAME_LENGTH = f"/new/pudded/pudded/pkg-{HASH}"

pieces = st.sampled_from(
    [OLD.encode(), OLD_ROOT.encode(), OLD_ROOT.encode() + b"\0", NEW.encode(), b"\0", b"/", b":"]
)
noise = st.binary(max_size=12)
texts = st.lists(st.one_of(pieces, noise), max_size=12).map(b"".join)


def moved(data: bytes, prefixes: PrefixMap = MOVES) -> bytes | None:
    try:
        return relocate_cstrings(data, prefixes)
    except RelocationError:
        return None


@given(texts)
def test_binaries_keep_their_length_and_settle(data: bytes) -> None:
    new = moved(data)
    if new is not None:
        assert len(new) == len(data)
        assert moved(new) == new
        assert OLD.encode() not in new


@given(texts)
def test_bytes_outside_of_old_paths_stay(data: bytes) -> None:
    new = moved(data)
    if new is not None:
        # A change reaches from an old path at most to the first NUL within 8 bytes behind it.
        touched = bytearray(len(data))
        for old in (OLD.encode(), OLD_ROOT.encode()):
            at = data.find(old)
            while at >= 0:
                end = at + len(old) + 8
                touched[at:end] = b"x" * len(touched[at:end])
                at = data.find(old, at + 1)
        assert all(new[at] == data[at] for at in range(len(data)) if not touched[at])


@given(st.lists(st.one_of(st.just(OLD.encode()), noise), max_size=8).map(b"".join))
def test_there_and_back_where_the_length_is_the_same(data: bytes) -> None:
    there = make_prefix_map(None, [], (OLD, SAME_LENGTH))
    back = make_prefix_map(None, [], (SAME_LENGTH, OLD))
    if SAME_LENGTH.encode() not in data:
        assert relocate_cstrings(relocate_cstrings(data, there), back) == data


@given(texts)
def test_text_settles(data: bytes) -> None:
    new = relocate_text(data, MOVES)
    assert relocate_text(new, MOVES) == new


@given(st.lists(st.sampled_from([OLD.encode() + b" ", b"=" + OLD.encode(), b" x "])).map(b"".join))
def test_text_there_and_back(data: bytes) -> None:
    there = make_prefix_map(None, [], (OLD, NEW))
    back = make_prefix_map(None, [], (NEW, OLD))
    assert relocate_text(relocate_text(data, there), back) == data


@given(texts.filter(lambda data: b"/old" not in data))
def test_without_an_old_path_nothing_changes(data: bytes) -> None:
    assert relocate_text(data, MOVES) == relocate_cstrings(data, MOVES) == data


rpaths = st.lists(
    st.sampled_from([OLD.encode() + b"/lib", OLD_ROOT.encode(), b"/usr/lib", b"$ORIGIN", b""]),
    max_size=6,
).map(b":".join)


@given(rpaths, texts)
def test_elf_files_keep_their_length_and_settle(rpath: bytes, tail: bytes) -> None:
    data = make_elf(Shape(interpreter=OLD.encode(), rpaths=((DT_RPATH, rpath),)), tail)
    new = relocate_elf(data, MOVES)
    assert len(new) == len(data)
    assert relocate_elf(new, MOVES) == new
    assert new.endswith(tail)
    fewer = drop_redundant_rpaths(new, lambda path: path == "/usr/lib")
    assert len(fewer) == len(data)
    assert drop_redundant_rpaths(fewer, lambda path: path == "/usr/lib") == fewer


@settings(max_examples=300)
@given(st.data())
def test_broken_elf_files_do_no_harm(draw: st.DataObject) -> None:
    bits = draw.draw(st.sampled_from([32, 64]))
    data = bytearray(make_elf(Shape(bits, rpaths=((DT_RPATH, OLD.encode()),)), b"\0end"))
    for _ in range(draw.draw(st.integers(1, 6))):
        data[draw.draw(st.integers(4, len(data) - 1))] = draw.draw(st.integers(0, 255))
    broken = bytes(data)
    assert len(relocate_elf(broken, MOVES)) == len(broken)
    assert len(drop_redundant_rpaths(broken, lambda _: False)) == len(broken)


@given(st.binary(max_size=300), st.integers(11, 200))
def test_first_lines_settle(data: bytes, limit: int) -> None:
    new = sbang_shebang(b"#!" + data, b"/s/bin/s", limit)
    assert sbang_shebang(new, b"/s/bin/s", limit) == new
