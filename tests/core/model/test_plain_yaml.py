"""Foreign YAML is read as texts, lists and mappings, whatever is in it."""

import pytest

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
