"""Relocation of paths anywhere in a binary, whose length must not change."""

import re
from functools import lru_cache

from core.errors import RelocationError
from core.relocate.data import Data, as_bytes
from core.relocate.prefixes import PrefixMap, old_paths
from core.relocate.refusals import cannot_grow, cannot_shrink

TAIL = 7
"""Bytes at the end of a string that must stay where they are: linkers let strings share them."""


def relocate_cstrings(data: Data, prefixes: PrefixMap) -> bytes:
    """`relocate_cstrings_counted` for whom the number does not matter."""
    return relocate_cstrings_counted(data, prefixes)[0]


def relocate_cstrings_counted(data: Data, prefixes: PrefixMap) -> tuple[bytes, int]:
    """`data` with every old path replaced, as long as before; and how many were changed.

    A shorter path is filled up with slashes in front. Where the string ends so soon behind the path
    that its tail would change, it is instead cut short by a NUL, if that leaves the tail of the old
    string intact behind it (Spack 0.19 and later, `relocate_text.py:BinaryFilePrefixReplacer`).

    Raises:
        RelocationError: a path would have to grow, or can neither be filled up nor cut short.
    """
    parts: list[bytes] = []
    end = changed = 0
    for match in strings_pattern(prefixes).finditer(data):
        new = _replacement(match, prefixes)
        if new != match[0]:
            parts += (data[end : match.start()], new)
            end = match.end()
            changed += 1
    if not changed:
        return as_bytes(data), 0
    return b"".join((*parts, data[end:])), changed


def refusal_of(old: bytes, new: bytes, rest: int | None) -> RelocationError | None:
    """Why `old` cannot become `new` in a binary; `None` if it can.

    Args:
        old: the path that is there.
        new: the path that is to be there.
        rest: bytes behind it up to the NUL that ends the string; `None` if more than seven.
    """
    shorter = len(old) - len(new)
    if shorter < 0:
        return cannot_grow(old, new)
    if not _keeps_tail(old, new, rest) and shorter <= TAIL:
        return cannot_shrink(old, new, TAIL + 1 - shorter)
    return None


def longest_store(old: bytes, inside: bytes, rest: int | None) -> int:
    """Bytes that the path of a store may have for `old` to become the path of `inside` in it.

    It holds for every store of at most so many bytes, whatever its name.

    Args:
        old: the path that is in a binary.
        inside: what stands behind the path of the store, with its slash; empty for the store.
        rest: as in `refusal_of`.
    """
    needed = _tail_needed(rest)
    is_kept = len(inside) >= needed and _keeps_tail(old, inside, rest)
    return len(old) - len(inside) - (0 if is_kept else TAIL + 1)


def _replacement(match: re.Match[bytes], prefixes: PrefixMap) -> bytes:
    old, end = match[1], match[2]  # the end reaches to a NUL nearby, if there is one
    new = prefixes.new(old)
    rest = None if end is None else len(end) - 1
    if refusal := refusal_of(old, new, rest):
        raise refusal
    if _keeps_tail(old, new, rest):
        return b"/" * (len(old) - len(new)) + new + (end or b"")
    cut = new + (end or b"")
    return cut + match[0][len(cut) :]


def _keeps_tail(old: bytes, new: bytes, rest: int | None) -> bool:
    needed = _tail_needed(rest)
    return needed == 0 or old[-needed:] == new[-needed:]


def _tail_needed(rest: int | None) -> int:
    """Bytes at the end of a path that belong to the tail of its string."""
    return 0 if rest is None else max(0, TAIL - rest)


@lru_cache(maxsize=32)
def strings_pattern(prefixes: PrefixMap) -> re.Pattern[bytes]:
    """Matches an old path (group 1) and what ends its string within eight bytes (group 2)."""
    return re.compile(rb"(%b)([^\0]{0,%d}\0)?" % (old_paths(prefixes), TAIL))
