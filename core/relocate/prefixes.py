"""Which path becomes which, and where the old ones are."""

import sys
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

import msgspec

from core.relocate.data import Data

_ALIKE = 5
"""Bytes that old paths must have in common to be looked for together."""
_NOWHERE = sys.maxsize


class _Group(NamedTuple):
    """Old paths that begin alike."""

    beginning: bytes
    """What they begin with; nothing in another group does."""
    paths: tuple[bytes, ...]
    """They, in the order of the map."""


class PrefixMap(msgspec.Struct, frozen=True, dict=True):
    """Old paths and their new ones. Where several match, the earliest entry wins.

    Made by `make_prefix_map`.
    """

    entries: tuple[tuple[bytes, bytes], ...]
    """(old, new), in order."""

    def new(self, old: bytes) -> bytes:
        """The new path of `old`, one of the old ones."""
        return self._table[old]

    def old_at_start(self, text: bytes) -> bytes | None:
        """The old path that `text` begins with; `None` if there is none."""
        if not text.startswith(self._olds):
            return None
        return next(old for old in self._olds if text.startswith(old))

    def at_start(self, text: bytes) -> bytes:
        """`text` with the old path that it begins with replaced; `text` itself if there is none."""
        old = self.old_at_start(text)
        return text if old is None else self._table[old] + text[len(old) :]

    @cached_property
    def longest(self) -> int:
        """Bytes of the longest old path."""
        return max(map(len, self._olds), default=0)

    @cached_property
    def groups(self) -> tuple[_Group, ...]:
        """All old paths, those that begin alike together."""
        groups: list[_Group] = []
        for old in sorted(self._olds):
            beginning = _in_common(groups[-1].beginning, old) if groups else b""
            if groups and len(beginning) >= min(_ALIKE, len(groups[-1].beginning)):
                groups[-1] = _Group(beginning, (*groups[-1].paths, old))
            else:
                groups.append(_Group(old, (old,)))
        order = {old: number for number, old in enumerate(self._olds)}
        return tuple(
            _Group(beginning, tuple(sorted(paths, key=order.__getitem__)))
            for beginning, paths in groups
        )

    @cached_property
    def _olds(self) -> tuple[bytes, ...]:
        return tuple(old for old, _ in self.entries)

    @cached_property
    def _table(self) -> dict[bytes, bytes]:
        return dict(self.entries)


def make_prefix_map(
    sbang: tuple[str, str] | None, packages: Iterable[tuple[str, str]], root: tuple[str, str]
) -> PrefixMap:
    """Put (old, new) pairs in order: sbang, packages with the longest first, the root last.

    sbang lies below the unpadded root and the packages below the padded one, so the root may only
    get what nothing else takes (Spack `binary_distribution.py:relocate_package`). A package that
    stays where it is keeps its entry: without it, the root's would move it (Spack drops such).
    """
    ordered = [
        *([sbang] if sbang else []),
        *sorted(packages, key=lambda pair: (-len(pair[0]), pair[0])),
        root,
    ]
    table: dict[bytes, bytes] = {}
    for old, new in ordered:
        table.setdefault(_encoded(old), _encoded(new))
    return PrefixMap(tuple(table.items()))


class OldPaths:
    """Finds the old paths in a file.

    Old paths of one package are long and begin alike: their beginning is searched for, and only
    where it is found they are compared. A regular expression of all of them finds them as fast, but
    to compile it for every package takes longer than most packages need for all the rest.

    Args:
        data: the file.
        prefixes: whose old paths.
    """

    def __init__(self, data: Data, prefixes: PrefixMap) -> None:
        self._data = data
        self._groups: Sequence[_Group] = prefixes.groups
        self._longest = prefixes.longest
        self._next = [-1] * len(self._groups)
        """Where a path of each group may come next."""

    def after(self, position: int) -> tuple[int, bytes] | None:
        """The first old path that begins at `position` or behind it, and where; `None` at the end.

        Args:
            position: not before that of the last call.
        """
        while True:
            for number, group in enumerate(self._groups):
                if self._next[number] < position:
                    found = self._data.find(group.beginning, position)
                    self._next[number] = _NOWHERE if found < 0 else found
            at = min(self._next, default=_NOWHERE)
            if at == _NOWHERE:
                return None
            paths = self._groups[self._next.index(at)].paths
            text = self._data[at : at + self._longest]
            if text.startswith(paths):
                return at, next(old for old in paths if text.startswith(old))
            position = at + 1


def _in_common(first: bytes, second: bytes) -> bytes:
    """What both begin with."""
    pairs = zip(first, second, strict=False)
    return first[: next((n for n, (a, b) in enumerate(pairs) if a != b), len(first))]


def _encoded(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")
