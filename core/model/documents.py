"""Strict reading of documents from outside: JSON without surprises, gzip without bombs.

Everything here raises `WrongUse` with the reason alone as its title ("it is not JSON"); callers
put it into a sentence about the document.
"""

import json
import math
import re
import zlib
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from core.errors import WrongUse

MAX_DEPTH = 64
"""Levels of nesting that a document may have. Spack's own stay below 10."""
MAX_DIGITS = 20
"""Digits that a whole number may have; enough for any size in bytes."""

_COLLECTIONS = (dict, list)
_LONG_NUMBER = re.compile(rb"[\[:,]-?[0-9]{%d}" % (MAX_DIGITS + 1))
_ALL_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")
_GZIP_MAGIC = b"\x1f\x8b"


def strict_json(data: bytes) -> object:
    """The value of a JSON document.

    Raises:
        WrongUse: it is not UTF-8 or not JSON, has duplicate keys, numbers that are not finite
            or too long, lone surrogates, or is nested deeper than `MAX_DEPTH`.
    """
    value = _canonical(data)
    if value is None:
        value = _carefully_read(data)
    _check_depth(value)
    if b"\\u" in data:
        _check_text(value)
    return value


def _canonical(data: bytes) -> object | None:
    """The value of a document that is written in the usual way; `None` for any other.

    Most are, but for blanks between the words. A document that comes out the same when it is
    written again cannot have said anything that is not in the value: no key twice, no odd number,
    no half character.
    """
    try:
        value: object = msgspec.json.decode(data)
        again = msgspec.json.encode(value)
        is_usual = again == data or again == msgspec.json.format(data, indent=-1)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    is_plain = is_usual and value.__class__ in _COLLECTIONS and not _has_long_number(again)
    return value if is_plain else None


def _has_long_number(data: bytes) -> bool:
    # So many digits in a row are seldom anywhere, and this is seen in a tenth of the time.
    has_digits = b"0" * (MAX_DIGITS + 1) in data.translate(_ALL_DIGITS_ALIKE)
    return has_digits and _LONG_NUMBER.search(data) is not None


def _carefully_read(data: bytes) -> object:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WrongUse("it is not UTF-8 text") from error
    try:
        value: object = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_fraction,
            parse_int=_integer,
        )
    except RecursionError as error:
        raise WrongUse("it is nested too deep") from error
    except json.JSONDecodeError as error:
        if text.lstrip()[:1] == "<":
            raise WrongUse("it is a web page, not JSON") from error
        where = f"line {error.lineno}, column {error.colno}"
        raise WrongUse(f"it is not complete JSON ({where})") from error
    return value


def json_object(data: bytes) -> Mapping[str, object]:
    """Like `strict_json`, for a document that must be an object."""
    return as_object(strict_json(data), "it")


def as_object(value: object, what: str) -> Mapping[str, object]:
    """`value` if it is a JSON object; `what` names it in the error."""
    if isinstance(value, dict):
        return cast("dict[str, object]", value)
    raise WrongUse(f"{what} is not an object")


def as_list(value: object, what: str) -> list[object]:
    """`value` if it is a JSON array; `what` names it in the error."""
    if isinstance(value, list):
        return cast("list[object]", value)
    raise WrongUse(f"{what} is not a list")


def gunzip(data: bytes, limit: int) -> bytes:
    """What `data` unpacks to if it is one gzip stream, `data` itself if it is no gzip.

    Spack compresses some documents, other writers do not; the first two bytes tell.

    Raises:
        WrongUse: the stream is damaged, cut off, followed by something, or unpacks to more
            than `limit` bytes.
    """
    if not data.startswith(_GZIP_MAGIC):
        return data
    decoder = zlib.decompressobj(wbits=31)
    try:
        text = decoder.decompress(data, limit + 1)
    except zlib.error as error:
        raise WrongUse("its gzip stream is damaged") from error
    if len(text) > limit:
        raise WrongUse(f"it unpacks to more than {limit:,} bytes")
    if not decoder.eof:
        raise WrongUse("its gzip stream is cut off")
    if decoder.unused_data:
        raise WrongUse("something follows its gzip stream")
    return text


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise WrongUse("it has the same key twice in one object")
    return made


def _constant(text: str) -> object:
    raise WrongUse(f"it holds {text}, which is not JSON")


def _fraction(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise WrongUse("it holds a number that is too large")
    return number


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise WrongUse("it holds a number that is too large")
    return int(text)


def _check_depth(value: object) -> None:
    # Level by level and without recursion: the depth is what is in doubt. In few words, as a large
    # document has a million values.
    level: list[Any] = [value] if value.__class__ in _COLLECTIONS else []
    for _ in range(MAX_DEPTH):
        if not level:
            return
        level = [
            below
            for item in level
            for below in (item.values() if item.__class__ is dict else item)
            if below.__class__ in _COLLECTIONS
        ]
    if level:
        raise WrongUse("it is nested too deep")


def _check_text(value: object) -> None:
    """Refuse lone surrogates; in UTF-8 only an escape can stand for one."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise WrongUse("it holds half a character (a lone surrogate)") from error
