"""Which path becomes which."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache


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
        match = any_old(self).match(text)
        return self.new(match[0]) + text[match.end() :] if match else text


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
    return re.compile(b"|".join(re.escape(old) for old, _ in prefixes.entries))


@lru_cache(maxsize=32)
def _table(prefixes: PrefixMap) -> dict[bytes, bytes]:
    return dict(prefixes.entries)


def _encoded(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")
