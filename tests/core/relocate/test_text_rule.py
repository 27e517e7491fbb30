"""The rule for texts, against a regular expression that says it in one line and takes long."""

import re

from hypothesis import given
from hypothesis import strategies as st

from core.relocate.prefixes import PrefixMap
from core.relocate.text import relocate_text_counted

PREFIXES = PrefixMap(((b"/a/b", b"/new/place"), (b"/a.b", b"/c"), (b"/a", b"/a/b")))
TOKENS = [b"/a/b", b"/a.b", b"/a", b"/", b"-", b"x", b"_", b".", b" ", b"\n", b"//", b"b", b"\xe9"]


@given(st.lists(st.sampled_from(TOKENS), max_size=24).map(b"".join))
def test_the_rule(data: bytes) -> None:
    olds = b"|".join(re.escape(old) for old, _ in PREFIXES.entries)
    rule = re.compile(rb"(?<![\w\-/])([\w\-]*?)(" + olds + rb")([\w\-/]*)")
    expected = rule.subn(lambda match: match[1] + PREFIXES.new(match[2]) + match[3], data)
    assert relocate_text_counted(data, PREFIXES) == expected
