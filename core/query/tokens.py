"""The words of Spack's spec syntax (grammar: Spack 1.x documentation, "Spec syntax")."""

import re
from collections.abc import Iterator
from typing import Literal, NoReturn, cast

from core.errors import WrongUse
from core.model.value import Value

Kind = Literal["edge", "end", "version", "switch", "pair", "file", "name", "hash"]
"""What a token is: `^` or `%`, `]`, `@...`, `+x`, `key=value`, a file, a name, `/abc`."""

LONGEST_QUERY = 4000
"""Characters; nobody types more."""

_NAME = r"[A-Za-z0-9_][A-Za-z0-9_-]*"
_KEY = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_BARE_VALUE = r"[A-Za-z0-9_+*.,:=%^~/\\-]+"
_QUOTED_VALUE = r"'(?:\\.|[^'\\])*'" + r'|"(?:\\.|[^"\\])*"'
_PROVIDED = rf"(?P<virtuals>{_NAME}(?:,{_NAME})*)=(?={_NAME})"
_VERSION = r"=?[A-Za-z0-9_][A-Za-z0-9_.-]*\b"
# A word before a `=` is the key of a variant, not the end of a range.
_RANGE = rf"(?:{_VERSION})?:(?:{_VERSION}(?!\s*=))?"
_ITEM = rf"(?:{_RANGE}|{_VERSION})"
_GIT = r"(?:git\.[A-Za-z0-9_][A-Za-z0-9_./-]*|[A-Fa-f0-9]{40})"

# The order decides where several could match. A text: to compile it takes longer than all else that
# is done with a query, and most are of one plain word.
_TOKEN = (
    rf"(?P<space>\s+)"
    rf"|(?P<edge>\^|%%|%)(?:(?P<properties>\[)|\s*{_PROVIDED})?"
    rf"|(?P<end>\])(?:\s*{_PROVIDED.replace('virtuals', 'end_virtuals')})?"
    rf"|@\s*(?P<version>{_GIT}={_VERSION}|{_GIT}|{_ITEM}(?:\s*,\s*{_ITEM})*)"
    rf"|(?P<sign>\+\+|~~|--|[+~-])\s*(?P<switch>{_KEY})"
    rf"|(?P<pair>{_KEY})(?P<exactly>:)?(?P<equals>==?)(?P<value>{_BARE_VALUE}|{_QUOTED_VALUE})"
    rf"|(?P<file>(?:\.|/|[A-Za-z0-9_-]*/)[A-Za-z0-9_./-]*\.(?:json|yaml))"
    rf"|(?P<name>{_NAME}(?:\.{_NAME})*|\*)"
    rf"|/(?P<hash>[A-Za-z0-9_]+)"
)
_PLAIN_WORD = re.compile(rf"(?P<name>{_NAME}(?:\.{_NAME})*)|/(?P<hash>[A-Za-z0-9_]+)")


class Token(Value, frozen=True):
    """One word of a query."""

    kind: Kind
    """What it is."""
    text: str
    """Its content: the sigil of an edge, the name of a switch, the key of a pair, ..."""
    position: int
    """Index of its first character in the query."""
    value: str = ""
    """Value of a pair, quotes removed; sign of a switch, as `+` or `~`."""
    virtuals: tuple[str, ...] = ()
    """Virtual packages of `%c,cxx=gcc`."""
    exactly: bool = False
    """True for `key:=value`."""
    everywhere: bool = False
    """True for `++x`, `~~x` and `key==value`: the value holds for dependencies too."""
    has_properties: bool = False
    """True for `^[` and `%[`."""


def tokens(text: str) -> Iterator[Token]:
    """The words of `text`, blanks left out.

    Raises:
        WrongUse: the text is too long, or a character fits nowhere.
    """
    if len(text) > LONGEST_QUERY:
        raise WrongUse(f"The query is longer than {LONGEST_QUERY} characters")
    if word := _PLAIN_WORD.fullmatch(text):
        kind = cast("Kind", word.lastgroup)
        yield Token(kind, word[kind], 0)
        return
    position, token = 0, re.compile(_TOKEN)
    while position < len(text):
        match = token.match(text, position)
        if match is None:
            refuse(f"{text[position]!a} does not belong in a spec", text, position)
        if match["space"] is None:
            yield _token(match)
        position = match.end()


def _token(match: re.Match[str]) -> Token:
    kind = cast("Kind", match.lastgroup if match["pair"] is None else "pair")
    if match["edge"] or match["end"]:
        virtuals = match["virtuals"] or match["end_virtuals"]
        return Token(
            "edge" if match["edge"] else "end",
            match["edge"] or match["end"],
            match.start(),
            virtuals=tuple(virtuals.split(",")) if virtuals else (),
            has_properties=match["properties"] is not None,
        )
    if kind == "switch":
        sign = match["sign"]
        return Token(
            kind,
            match["switch"],
            match.start(),
            value="+" if sign[0] == "+" else "~",
            everywhere=len(sign) == 2,
        )
    if kind == "pair":
        return Token(
            kind,
            match["pair"],
            match.start(),
            value=_unquoted(match["value"]),
            exactly=match["exactly"] is not None,
            everywhere=match["equals"] == "==",
        )
    return Token(kind, match[kind], match.start())


def _unquoted(value: str) -> str:
    quote = value[0]
    if quote not in "'\"":
        return value
    return value[1:-1].replace("\\" + quote, quote)


def refuse(problem: str, text: str, position: int) -> NoReturn:
    """Raise `WrongUse` for what stands at `position` of the query `text`."""
    rest = text[position:].split()
    where = f"before {rest[0][:40]!a}" if rest else "at its end"
    raise WrongUse(problem, f"In the query {text[:200]!a}, column {position + 1}, {where}")
