"""Relocation of paths anywhere in a binary, whose length must not change."""

from collections.abc import Iterator
from typing import NamedTuple

from core.errors import RelocationError
from core.relocate.data import Data, Patch, patched
from core.relocate.prefixes import OldPaths, PrefixMap
from core.relocate.refusals import cannot_grow, cannot_shrink

TAIL = 7
"""Bytes at the end of a string that must stay where they are: linkers let strings share them."""


class OldString(NamedTuple):
    """An old path in a binary."""

    start: int
    """Where it begins."""
    old: bytes
    """It."""
    rest: int | None
    """Bytes behind it up to the NUL that ends its string; `None` if more than `TAIL`."""

    @property
    def end(self) -> int:
        """Where the next one may begin: behind the path, and behind its NUL if that is near."""
        end = self.start + len(self.old)
        return end if self.rest is None else end + self.rest + 1


def relocate_cstrings(data: Data, prefixes: PrefixMap) -> bytes:
    """`data` with every old path replaced, as long as before; `data` itself if there is none.

    A shorter path is filled up with slashes in front. Where the string ends so soon behind the path
    that its tail would change, it is instead cut short by a NUL, if that leaves the tail of the old
    string intact behind it (Spack 0.19 and later, `relocate_text.py:BinaryFilePrefixReplacer`).

    Raises:
        RelocationError: a path would have to grow, or can neither be filled up nor cut short.
    """
    return patched(data, string_patches(data, prefixes))


def string_patches(data: Data, prefixes: PrefixMap) -> list[Patch]:
    """What `relocate_cstrings` changes, one patch for each path.

    Raises:
        RelocationError: as there.
    """
    patches = (string_patch(data, string, prefixes) for string in old_strings(data, prefixes))
    return [patch for patch in patches if patch]


def old_strings(data: Data, prefixes: PrefixMap) -> Iterator[OldString]:
    """The old paths in `data`, in order; none begins within another one or the rest of it."""
    paths = OldPaths(data, prefixes)
    position = 0
    while found := paths.after(position):
        start, old = found
        end = start + len(old)
        nul = data.find(b"\0", end, end + TAIL + 1)
        string = OldString(start, old, None if nul < 0 else nul - end)
        yield string
        position = string.end


def string_patch(data: Data, string: OldString, prefixes: PrefixMap) -> Patch | None:
    """What becomes of `string`, which is in `data`; `None` if it stays.

    Raises:
        RelocationError: as `relocate_cstrings`.
    """
    start, old, rest = string
    new = prefixes.new(old)
    if new == old:
        return None
    if refusal := refusal_of(old, new, rest):
        raise refusal
    if _keeps_tail(old, new, rest):
        return start, new.rjust(len(old), b"/")
    return start, new + data[start + len(old) : string.end]


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


def _keeps_tail(old: bytes, new: bytes, rest: int | None) -> bool:
    needed = _tail_needed(rest)
    return needed == 0 or old[-needed:] == new[-needed:]


def _tail_needed(rest: int | None) -> int:
    """Bytes at the end of a path that belong to the tail of its string."""
    return 0 if rest is None else max(0, TAIL - rest)
