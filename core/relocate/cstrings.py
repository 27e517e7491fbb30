"""Relocation of paths anywhere in a binary, whose length must not change."""

import re
from functools import lru_cache

from core.relocate.prefixes import PrefixMap, any_old
from core.relocate.refusals import cannot_grow, cannot_shrink

TAIL = 7
"""Bytes at the end of a string that must stay where they are: linkers let strings share them."""


def relocate_cstrings(data: bytes, prefixes: PrefixMap) -> bytes:
    """`data` with every old path replaced, as long as before.

    A shorter path is filled up with slashes in front. Where the string ends so soon behind the path
    that its tail would change, it is instead cut short by a NUL, if that leaves the tail of the old
    string intact behind it (Spack 0.19 and later, `relocate_text.py:BinaryFilePrefixReplacer`).

    Raises:
        RelocationError: a path would have to grow, or can neither be filled up nor cut short.
    """
    return _pattern(prefixes).sub(lambda match: _replacement(match, prefixes), data)


def _replacement(match: re.Match[bytes], prefixes: PrefixMap) -> bytes:
    old, rest = match[1], match[2]  # the rest reaches to a NUL nearby, if there is one
    new = prefixes.new(old)
    shorter = len(old) - len(new)
    if shorter < 0:
        raise cannot_grow(old, new)
    if rest is None or _same_tail(old, new, TAIL - len(rest) + 1):
        return b"/" * shorter + new + (rest or b"")
    if shorter <= TAIL:
        raise cannot_shrink(old, new, TAIL + 1 - shorter)
    cut = new + rest
    return cut + match[0][len(cut) :]


def _same_tail(old: bytes, new: bytes, length: int) -> bool:
    return length <= 0 or old[-length:] == new[-length:]


@lru_cache(maxsize=32)
def _pattern(prefixes: PrefixMap) -> re.Pattern[bytes]:
    return re.compile(rb"(%b)([^\0]{0,%d}\0)?" % (any_old(prefixes).pattern, TAIL))
