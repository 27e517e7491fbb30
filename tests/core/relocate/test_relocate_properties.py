"""What holds for relocation of whatever bytes."""

from mmap import mmap

from elf_maker import DT_RPATH, Shape, make_elf
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import RelocationError
from core.relocate.cstrings import relocate_cstrings, string_patches
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


def moved(data: bytes | mmap, prefixes: PrefixMap = MOVES) -> bytes | None:
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


@given(texts)
def test_a_mapped_file_is_as_good_as_bytes(data: bytes) -> None:
    with mmap(-1, max(1, len(data))) as mapped:
        mapped.write(data or b"x")
        whole = bytes(mapped)
        assert relocate_text(mapped, MOVES) == relocate_text(whole, MOVES)
        assert relocate_elf(mapped, MOVES) == relocate_elf(whole, MOVES)
        assert moved(mapped) == moved(whole)


@given(texts)
def test_changed_strings_are_counted(data: bytes) -> None:
    try:
        number = len(string_patches(data, MOVES))
    except RelocationError:
        return
    assert (relocate_cstrings(data, MOVES) == data) is (number == 0)
    olds = data.count(OLD.encode()) + data.replace(OLD.encode(), b"").count(OLD_ROOT.encode())
    assert number <= olds


names = st.text("ab/", min_size=1, max_size=6).map(lambda name: f"/{name.strip('/') or 'a'}")


@given(st.lists(st.tuples(names, names), max_size=5), st.binary(max_size=20))
def test_the_longest_prefix_comes_first(pairs: list[tuple[str, str]], tail: bytes) -> None:
    moves = make_prefix_map(None, pairs, ("/", "/store/"))
    for old, _ in pairs:
        longest = max((o for o, _ in pairs if old.startswith(o)), key=len)
        assert moves.at_start(old.encode()) == next(
            (n if o == old else n + old[len(o) :]).encode() for o, n in pairs_first(pairs, longest)
        )


def pairs_first(pairs: list[tuple[str, str]], old: str) -> list[tuple[str, str]]:
    """The pair that counts for `old`: of two with the same old path the first in order."""
    return [pair for pair in sorted(pairs, key=lambda pair: -len(pair[0])) if pair[0] == old]


@given(st.integers(1, 300), st.binary(max_size=30).filter(lambda rest: b"/" not in rest))
def test_paths_from_padded_roots_are_filled_with_slashes(padding: int, rest: bytes) -> None:
    root = "/r/" + ("__spack_path_placeholder__/" * 12)[:padding].rstrip("/")
    old = f"{root}/pkg-{HASH}"
    moves = make_prefix_map(None, [(old, f"/r/pkg-{HASH}")], (root, "/r"))
    filled = b"/" * (len(root) - 2)
    assert (
        relocate_cstrings(old.encode() + rest, moves) == filled + f"/r/pkg-{HASH}".encode() + rest
    )


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
