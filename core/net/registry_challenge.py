"""What a registry asks for with its answer 401: the header `WWW-Authenticate` (RFC 9110)."""

import re
from collections.abc import Iterator, Mapping

from core.model.value import Value

MAX_HEADER = 8192
"""Characters of the header that are looked at."""

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PARAMETER = re.compile(rf"\s*({_WORD})\s*=\s*({_WORD}|{_QUOTED})\s*(?:,|$)")
_SCHEME = re.compile(rf"[\s,]*({_WORD})(?:\s+|\s*,|\s*$)")


class Challenge(Value, frozen=True):
    """One way to log in that a server accepts."""

    scheme: str
    """e.g. `bearer` or `basic`, in lower case."""
    parameters: Mapping[str, str]
    """Names in lower case to values without quotes."""


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """The challenges in a header, up to the first place that makes no sense."""
    return tuple(_challenges(header)) if len(header) <= MAX_HEADER else ()


def _challenges(header: str) -> Iterator[Challenge]:
    position = 0
    while found := _SCHEME.match(header, position):
        position = found.end()
        parameters: dict[str, str] = {}
        while pair := _PARAMETER.match(header, position):
            parameters[pair[1].lower()] = _unquoted(pair[2])
            position = pair.end()
        yield Challenge(found[1].lower(), parameters)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text
