"""The rules of relocation, case by case."""

import pytest

from core.errors import RelocationError
from core.relocate.cstrings import relocate_cstrings
from core.relocate.links import relocate_link
from core.relocate.prefixes import PrefixMap, make_prefix_map
from core.relocate.shebang import sbang_shebang
from core.relocate.text import relocate_text


def one(old: str, new: str) -> PrefixMap:
    return make_prefix_map(None, [], (old, new))


GROWS = "would have to grow"
STUCK = "neither be filled up nor cut short"

# Results of Spack's own relocation (develop, June 2026).
CSTRINGS = [
    (
        "/opt/aaaaaaaa",
        "/opt/bbbbbbbb",
        b"x/opt/aaaaaaaa/12345678\0y",
        b"x/opt/bbbbbbbb/12345678\0y",
    ),
    (
        "/old/root/pkg-1234567",
        "/n/pkg-1234567",
        b"x/old/root/pkg-1234567\0y",
        b"x////////n/pkg-1234567\0y",
    ),
    ("/old/long/long/root", "/n", b"x/old/long/long/root\0y", b"x/n\0d/long/long/root\0y"),
    ("/old/root", "/new/r", b"x/old/root/lib/pkg/foo\0y", b"x////new/r/lib/pkg/foo\0y"),
    ("/old/long/long/root", "/n", b"x/old/long/long/root/ab\0y", b"x/n/ab\0ong/long/root/ab\0y"),
    # Not known to end: filled up.
    ("/old/root", "/new/r", b"/old/root/lib", b"////new/r/lib"),
    # Seven bytes behind the path are enough, six are not.
    ("/old/root", "/new/r", b"/old/root/234567\0", b"////new/r/234567\0"),
    # Identity is a guard.
    ("/old/root", "/old/root", b"/old/root\0", b"/old/root\0"),
]
CSTRING_REFUSALS = [
    ("/opt/spack", "/opt/spack/v2", b"x/opt/spack/lib\0", GROWS),
    ("/opt/aaaaaaaa", "/opt/bbbbbbbb", b"x/opt/aaaaaaaa\0y", STUCK),
    ("/old/root", "/new/r", b"x/old/root\0y", STUCK),
    ("/old/root", "/new/r", b"/old/root/23456\0", STUCK),
]


@pytest.mark.parametrize(("old", "new", "data", "result"), CSTRINGS)
def test_strings_in_binaries(old: str, new: str, data: bytes, result: bytes) -> None:
    assert relocate_cstrings(data, one(old, new)) == result


@pytest.mark.parametrize(("old", "new", "data", "reason"), CSTRING_REFUSALS)
def test_strings_that_do_not_fit(old: str, new: str, data: bytes, reason: str) -> None:
    with pytest.raises(RelocationError) as caught:
        relocate_cstrings(data, one(old, new))
    assert reason in caught.value.title
    assert f"'{old}' would become '{new}'" in caught.value.detail


def test_the_hint_leads_to_a_path_that_fits() -> None:
    with pytest.raises(RelocationError, match="shorter, by 5 or more characters"):
        relocate_cstrings(b"/old/root\0", one("/old/root", "/new/r"))
    assert relocate_cstrings(b"/old/root\0", one("/old/root", "/"))
    with pytest.raises(RelocationError, match="shorter, by 3 or more characters"):
        relocate_cstrings(b"/opt/spack\0", one("/opt/spack", "/opt/spack/v2"))


def test_text() -> None:
    data = b"-L/old/root/lib file:///old/root/x /old/root-2 //old/root"
    assert relocate_text(data, one("/old/root", "/new/r")) == (
        b"-L/new/r/lib file:///old/root/x /new/r-2 //old/root"
    )


@pytest.mark.parametrize(
    ("data", "result"),
    [
        (b"prefix=/old/root\n", b"prefix=/new/r\n"),
        (b"/old/root:/old/root/lib", b"/new/r:/new/r/lib"),
        (b"'/old/root'", b"'/new/r'"),
        (b"-I/old/root/include", b"-I/new/r/include"),
        (b"a/b/old/root", b"a/b/old/root"),
        (b"/old/root/old/root", b"/new/r/old/root"),
        (b"\xff\x00/old/root\xe9", b"\xff\x00/new/r\xe9"),
        (b"/old/rootless", b"/new/rless"),
        (b"no path", b"no path"),
    ],
)
def test_text_here_and_there(data: bytes, result: bytes) -> None:
    assert relocate_text(data, one("/old/root", "/new/r")) == result


def test_paths_are_no_patterns() -> None:
    assert relocate_text(b"/a.b+c /axb+c", one("/a.b+c", r"/new\1")) == rb"/new\1 /axb+c"
    assert relocate_cstrings(b"/a.b+c/1234567", one("/a.b+c", r"/\1")) == rb"////\1/1234567"


MOVES = make_prefix_map(
    ("/b/bin/sbang", "/n/bin/sbang"),
    [("/b/pad/pkg", "/n/pkg"), ("/b/pad/pkg-long", "/up/long"), ("/b/pad/stays", "/b/pad/stays")],
    ("/b/pad", "/n"),
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/b/bin/sbang", "/n/bin/sbang"),
        ("/b/bin/other", "/b/bin/other"),
        ("/b/pad/pkg/lib", "/n/pkg/lib"),
        ("/b/pad/pkg-long/lib", "/up/long/lib"),
        ("/b/pad/stays/lib", "/b/pad/stays/lib"),
        ("/b/pad/missing/lib", "/n/missing/lib"),
        ("/b/pad", "/n"),
        ("/usr/lib", "/usr/lib"),
        ("../b/pad/pkg", "../b/pad/pkg"),
        ("x/b/pad/pkg", "x/b/pad/pkg"),
    ],
)
def test_links_and_the_order_of_prefixes(old: str, new: str) -> None:
    assert relocate_link(old.encode(), MOVES) == new.encode()


def test_the_earliest_of_equal_prefixes_wins() -> None:
    moves = make_prefix_map(("/a", "/1"), [("/a", "/2")], ("/a", "/3"))
    assert moves.entries == ((b"/a", b"/1"),)


SBANG = b"/s/bin/sbang"
THROUGH = b"#!/bin/sh /s/bin/sbang\n"
LONG = b"/" + b"x" * 130


@pytest.mark.parametrize(
    ("program", "first", "second"),
    [
        (b"/perl", b"#!", b""),
        (b"/lua", b"--!", b""),
        (b"/luajit -v", b"--!", b""),
        (b"/node", b"//!", b""),
        (b"/php -q", b"<?php #!", b" ?>"),
        (b"/notlua", b"#!", b""),
    ],
)
def test_a_long_first_line(program: bytes, first: bytes, second: bytes) -> None:
    old = b"#!" + LONG + program + b"\nrest\n#!more"
    new = THROUGH + first + LONG + program + b"\n" + second + b"rest\n#!more"
    assert sbang_shebang(old, SBANG, 127) == new
    assert sbang_shebang(new, SBANG, 127) == new


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"#!",
        b"#!/bin/sh\nx",
        b"x" * 300,
        b"#!" + b" " * 200 + b"\n/x",
        b"#!/" + b"x" * 4093 + b"\n",
        b"#!/" + b"x" * 5000,
        b"#!/" + b"x" * 123 + b"\n",
        THROUGH + b"#!" + LONG,
    ],
)
def test_a_first_line_that_stays(data: bytes) -> None:
    assert sbang_shebang(data, SBANG, 127) is data


def test_the_longest_and_the_shortest_line_that_change() -> None:
    for size in (128, 4095):
        line = b"#!/" + b"x" * (size - 4) + b"\n"
        assert sbang_shebang(line, SBANG, 127) == THROUGH + line


def test_a_line_without_an_end_changes_too() -> None:
    assert sbang_shebang(b"#!" + LONG, SBANG, 127) == THROUGH + b"#!" + LONG


@pytest.mark.parametrize("data", [b"#!" + LONG + b"\n", THROUGH])
def test_a_sbang_that_is_too_far_down(data: bytes) -> None:
    with pytest.raises(RelocationError, match="too long"):
        sbang_shebang(data, SBANG, len(SBANG) - 1)
    assert sbang_shebang(b"#!/bin/sh\n", SBANG, 11) == b"#!/bin/sh\n"
