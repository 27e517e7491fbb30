"""Which path becomes which."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

_FACTORED = 4
"""Levels of beginnings in common: the root, the platform, the names."""


@dataclass(frozen=True, slots=True)
class PrefixMap:
    """Old paths and their new ones. Where several match, the earliest entry wins.

    Made by `make_prefix_map`.
    """

    entries: tuple[tuple[bytes, bytes], ...]
    """(old, new), in order."""

    def new(self, old: bytes) -> bytes:
        """The new path of `old`, one of the old ones."""
        return _table(self)[old]

    def at_start(self, text: bytes) -> bytes:
        """`text` with the old path that it begins with replaced; `text` itself if there is none."""
        for old, new in self.entries:
            if text.startswith(old):
                return new + text[len(old) :]
        return text


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


@lru_cache(maxsize=32)
def any_old(prefixes: PrefixMap) -> re.Pattern[bytes]:
    """Matches any of the old paths; the earliest entry wins."""
    return re.compile(old_paths(prefixes))


@lru_cache(maxsize=32)
def old_paths(prefixes: PrefixMap) -> bytes:
    """The pattern of `any_old`, to be part of another one."""
    return _alternatives([old for old, _ in prefixes.entries], _FACTORED)


def _alternatives(texts: Sequence[bytes], levels: int) -> bytes:
    """A pattern of any of `texts`, the earliest first, with beginnings in common written once.

    A pattern is compiled for every package, and the old paths are long and much alike.
    """
    parts: list[bytes] = []
    for _, group in groupby(texts, lambda text: text[:1]):
        alike = list(group)
        common = _common_beginning(alike)
        if levels == 0 or len(alike) == 1:
            parts += map(re.escape, alike)
        else:
            rest = _alternatives([text[len(common) :] for text in alike], levels - 1)
            parts.append(re.escape(common) + b"(?:" + rest + b")")
    return b"|".join(parts)


def _common_beginning(texts: Sequence[bytes]) -> bytes:
    first, last = min(texts), max(texts)
    pairs = zip(first, last, strict=False)
    return first[: next((n for n, (a, b) in enumerate(pairs) if a != b), len(first))]


@lru_cache(maxsize=32)
def _table(prefixes: PrefixMap) -> dict[bytes, bytes]:
    return dict(prefixes.entries)


def _encoded(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")
