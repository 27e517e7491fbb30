"""Foreign YAML is read as texts, lists and mappings, whatever is in it."""

import contextlib
import subprocess
import sys

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.errors import WrongUse
from core.model.plainyaml import plain_mapping


def test_scalars_stay_the_text_that_was_written() -> None:
    data = b"{a: 1e5, b: [on, ~, 0x1F, 2001-01-01], 12345: {c: 'x: y'}}"
    assert plain_mapping(data, 1) == {
        "a": "1e5",
        "b": ["on", "~", "0x1F", "2001-01-01"],
        "12345": {"c": "x: y"},
    }


def test_only_the_first_document_is_read() -> None:
    assert plain_mapping(b"a: b\n---\nc: d\n", 0) == {"a": "b"}


def test_nesting_is_bounded() -> None:
    assert plain_mapping(b"{a: [[x]]}", 2) == {"a": [["x"]]}
    with pytest.raises(WrongUse, match="nested deeper"):
        plain_mapping(b"{a: [[x]]}", 1)
    with pytest.raises(WrongUse, match="nested deeper"):
        plain_mapping(b"{a: []}", 0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no mapping"),
        (b"text", "no mapping"),
        (b"[a]", "no mapping"),
        (b"{a: b", "not YAML"),
        (b"\xff\xfe\xfd", "not YAML"),
        (b"{a: b, a: c}", "one twice"),
        (b"{[a]: b}", "no text"),
        (b"{a: &x b, c: *x}", "alias"),
        (b"[" * 500_000, "nested deeper"),
        (b"{a: " * 500_000, "nested deeper"),
        (b"- " * 500_000, "nested deeper"),
    ],
    ids=range(11),
)
def test_anything_else_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(WrongUse, match=reason):
        plain_mapping(data, 1)


SIMPLE = (
    "{buildpath: /opt/a+b, on: {1e5: /x/~y, 00: 0}, texts: [etc/R\u00fcgen auf 1.txt,\n  a-b]}\n"
)
"""A mapping as Spack writes it."""
texts = st.one_of(
    st.sampled_from(
        ["a", "x/y.so", "-", "~", "on", "1_0", "0x1", "a b", "a  b", "#", "a:b", "\u2028"]
    ),
    st.text(max_size=6),
)


@given(st.dictionaries(texts, st.one_of(texts, st.lists(texts), st.dictionaries(texts, texts))))
def test_what_is_written_is_read_again(document: dict[str, object]) -> None:
    data = yaml.safe_dump(document, default_flow_style=True, allow_unicode=True, encoding="utf-8")
    try:
        expected = yaml.load(data, yaml.CBaseLoader)
    except yaml.YAMLError:
        return
    assert plain_mapping(data, 1) == expected


@given(st.text(alphabet="ab1~ ,:{}[]\n-#?&*!|>'\"%@\u00fc\u0085\ufeff", max_size=24))
def test_it_is_read_as_by_the_library_or_not_at_all(text: str) -> None:
    data = f"{{{text}}}".encode()
    with contextlib.suppress(WrongUse):
        found = plain_mapping(data, 1)
        # What may be nested deeper is always left to the library.
        assert found == plain_mapping(data, 2)


def test_simple_ones_need_no_library() -> None:
    program = f"""
import sys
from core.model.plainyaml import plain_mapping
print(plain_mapping({SIMPLE.encode()!r}, 1) == {yaml.load(SIMPLE, yaml.CBaseLoader)!r})
print("yaml" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "False"]


@pytest.mark.parametrize(
    "data", [b"{" + b"a" * 1_000_000 + b"!", b"{" + b"a: b, " * 200_000 + b"!"]
)
def test_long_ones_take_no_longer_than_they_are(data: bytes) -> None:
    with pytest.raises(WrongUse):
        plain_mapping(data, 1)
