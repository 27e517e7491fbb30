"""Where old paths are, against a regular expression of all of them."""

import re

from hypothesis import given
from hypothesis import strategies as st

from core.relocate.cstrings import TAIL, old_strings
from core.relocate.prefixes import OldPaths, PrefixMap

PATHS = st.sampled_from(
    [
        b"/a",
        b"/a/b",
        b"/ab",
        b"/usr",
        b"/usr/local",
        b"/usr/local/lib",
        b"/opt/store",
        b"/opt/store/one-abc",
        b"/opt/store/one-abcd",
        b"/opt/store/two",
        b"/opt/other",
    ]
)
MAPS = st.lists(PATHS, unique=True, min_size=1, max_size=8).map(
    lambda olds: PrefixMap(tuple((old, b"/new") for old in olds))
)
DATA = st.lists(
    PATHS | st.sampled_from([b"/", b"/opt", b"b", b"\0", b" ", b"/opt/store/"]), max_size=20
).map(b"".join)


def pattern(prefixes: PrefixMap) -> bytes:
    return b"|".join(re.escape(old) for old, _ in prefixes.entries)


@given(MAPS, DATA)
def test_each_place_is_found(prefixes: PrefixMap, data: bytes) -> None:
    paths, wanted = OldPaths(data, prefixes), re.compile(pattern(prefixes))
    position = 0
    while match := wanted.search(data, position):
        assert paths.after(position) == (match.start(), match[0])
        position = match.start() + 1
    assert paths.after(position) is None


@given(MAPS, DATA)
def test_strings_do_not_overlap(prefixes: PrefixMap, data: bytes) -> None:
    rule = re.compile(rb"(%b)([^\0]{0,%d}\0)?" % (pattern(prefixes), TAIL))
    expected = [
        (match.start(), match[1], None if match[2] is None else len(match[2]) - 1, match.end())
        for match in rule.finditer(data)
    ]
    assert [(*string, string.end) for string in old_strings(data, prefixes)] == expected


@given(MAPS, PATHS)
def test_the_earliest_entry_wins(prefixes: PrefixMap, text: bytes) -> None:
    olds = [old for old, _ in prefixes.entries if text.startswith(old)]
    assert prefixes.old_at_start(text) == (olds[0] if olds else None)


def test_no_old_paths_at_all() -> None:
    assert OldPaths(b"/a", PrefixMap(())).after(0) is None
