"""Documents from outside are read strictly."""

import gzip
import json
import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import WrongUse
from core.model.documents import MAX_DEPTH, gunzip, json_object, strict_json

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner), max_leaves=20
)


def reason(data: bytes) -> str:
    with pytest.raises(WrongUse) as caught:
        strict_json(data)
    return caught.value.title


@given(documents)
def test_what_json_writes_is_read_back(document: object) -> None:
    assert strict_json(json.dumps(document).encode()) == document
    assert strict_json(json.dumps(document, ensure_ascii=False).encode()) == document
    assert strict_json(json.dumps(document, ensure_ascii=False, indent=2).encode()) == document


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(WrongUse):
        strict_json(data)


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 900, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_deep_nesting_is_refused(depth: int, opening: bytes, closing: bytes) -> None:
    assert reason(opening * depth + b"1" + closing * depth) == "it is nested too deep"


def test_nesting_up_to_the_limit_is_read() -> None:
    depth = MAX_DEPTH - 1
    value = strict_json(b"[" * depth + b"1" + b"]" * depth)
    for _ in range(depth):
        assert isinstance(value, list)
        value = value[0]
    assert value == 1


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'{"a": 1, "a": 1}', "it has the same key twice in one object"),
        (b'{"x": [{"a": 1, "\\u0061": 2}]}', "it has the same key twice in one object"),
        (b'{"a":1,"a":1}', "it has the same key twice in one object"),
        (b'{"a":[1,' + b"9" * 21 + b"]}", "it holds a number that is too large"),
        (b'{"a": [1, -' + b"9" * 21 + b"]}", "it holds a number that is too large"),
        (b"-" + b"9" * 21, "it holds a number that is too large"),
        (b'{"a": NaN}', "it holds NaN, which is not JSON"),
        (b'{"a": -Infinity}', "it holds -Infinity, which is not JSON"),
        (b'{"a": 1e999}', "it holds a number that is too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "it holds a number that is too large"),
        (b'{"a": "\\ud800"}', "it holds half a character (a lone surrogate)"),
        (b'{"\\udfff": 1}', "it holds half a character (a lone surrogate)"),
        (b'{"a": "\xff"}', "it is not UTF-8 text"),
        (b'\xef\xbb\xbf{"a": 1}', "it is not complete JSON (line 1, column 1)"),
        (b'{"a": [1, 2', "it is not complete JSON (line 1, column 12)"),
        (b'{"a": 1} {"a": 1}', "it is not complete JSON (line 1, column 10)"),
        (b"", "it is not complete JSON (line 1, column 1)"),
        (b"  <!DOCTYPE html><html>Log in</html>", "it is a web page, not JSON"),
    ],
)
def test_what_is_not_plain_json_is_refused(data: bytes, why: str) -> None:
    assert reason(data) == why


def test_a_document_must_be_an_object_where_one_is_needed() -> None:
    with pytest.raises(WrongUse, match="it is not an object"):
        json_object(b"[]")


def test_finite_numbers_keep_their_value() -> None:
    assert strict_json(b"[1.5, 18446744073709551615]") == [1.5, 2**64 - 1]
    value = strict_json(b"1e308")
    assert isinstance(value, float)
    assert math.isfinite(value)


@given(st.binary(max_size=2000))
def test_gunzip_undoes_gzip_and_leaves_the_rest(data: bytes) -> None:
    assert gunzip(gzip.compress(data), 2000) == data
    if not data.startswith(b"\x1f\x8b"):
        assert gunzip(data, 0) == data


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (gzip.compress(b"0" * 50_000_000, mtime=0), "it unpacks to more than 1,000 bytes"),
        (gzip.compress(b"0" * 1001, mtime=0), "it unpacks to more than 1,000 bytes"),
        (gzip.compress(b"abc", mtime=0)[:-1], "its gzip stream is cut off"),
        (b"\x1f\x8b", "its gzip stream is cut off"),
        (gzip.compress(b"abc", mtime=0) + b"x", "something follows its gzip stream"),
        (gzip.compress(b"abc", mtime=0) * 2, "something follows its gzip stream"),
        (b"\x1f\x8bgarbage and more of it", "its gzip stream is damaged"),
    ],
)
def test_bad_gzip_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(WrongUse) as caught:
        gunzip(data, 1000)
    assert caught.value.title == why
