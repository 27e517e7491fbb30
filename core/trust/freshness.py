"""What was seen of the indices of mirrors: an older one is noticed, and one that stands still.

An index is not signed and says nothing of its age (Spack 1.x `database.py`: records of a build
cache have no time, a v3 manifest has none either), and the times that a server tells are as easily
forged as the index. So only what was seen here counts: an index that was replaced before is old,
whatever the server says. An old one that was never seen here cannot be told from a new one.
"""

import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import msgspec

from core.atomic import changing, write_atomically
from core.errors import Refused, StoreError
from core.model.ident import MirrorName, Sha256
from core.model.mirror import Mirror
from core.net.urls import shown

KEPT = 200
"""Indices that are remembered of one mirror."""
CHANGES_FOR_A_HABIT = 3
"""So many changes must have been seen before a mirror is said to have a habit."""
LATE_FACTOR = 5
"""An index is late if it stands still for so many times the habit of its mirror."""
SHORTEST_LATENESS = 86_400.0
"""Seconds; less than that is never late."""

_DAY = 86_400.0


class SeenIndex(msgspec.Struct, frozen=True):
    """One index that a mirror had."""

    sha256: Sha256
    """Its digest."""
    since: float
    """When it was first seen, seconds since the epoch."""


class _Entry(msgspec.Struct, frozen=True):
    mirror: MirrorName
    url: str
    seen: tuple[SeenIndex, ...]
    """Oldest first; the last one is the one that counts."""
    checked: float
    """When the last one was last found."""


class _Document(msgspec.Struct, frozen=True):
    version: int
    mirrors: tuple[_Entry, ...]


class FreshnessStore:
    """The memory in one JSON file. Every method raises `StoreError` if that cannot be read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def check(self, mirror: Mirror, index: Sha256) -> None:
        """Do nothing, unless the mirror has had a newer index than `index`.

        Raises:
            Refused: it has: `index` was seen before, and replaced since.
        """
        seen = self._seen(mirror)
        for old, newer in pairwise(seen):
            if old.sha256 == index:
                raise Refused(
                    f"Mirror {mirror.name} has gone back to an older index: that of"
                    f" {_day(old.since)}, which another one replaced on {_day(newer.since)}",
                    f"{shown(mirror.url)}; the newest one known is of {_day(seen[-1].since)}",
                    "Somebody may be hiding newer builds; the last good index stays in use. If who"
                    " runs the mirror confirms it:"
                    f" spackbin mirror refresh {mirror.name} --accept-older",
                )

    def note(self, mirror: Mirror, index: Sha256) -> None:
        """Remember that the mirror has this index now; an older one becomes the newest again."""
        now = time.time()
        with changing(self._path):
            entries = self._entries()
            seen = _with(self._seen(mirror), SeenIndex(index, now))
            mine = _Entry(mirror.name, shown(mirror.url), seen, now)
            others = [entry for entry in entries if entry.mirror != mirror.name]
            self._write((*others, mine))

    def forget(self, name: MirrorName) -> None:
        """Forget what mirrors of this name had."""
        if not self._path.exists():
            return
        with changing(self._path):
            self._write(tuple(entry for entry in self._entries() if entry.mirror != name))

    def lateness(self, mirror: Mirror) -> str:
        """How long the index stands still against the mirror's habit, in a sentence, or nothing."""
        entry = self._entry(mirror)
        if entry is None or len(entry.seen) <= CHANGES_FOR_A_HABIT:
            return ""
        between = sorted(new.since - old.since for old, new in pairwise(entry.seen))
        habit = between[len(between) // 2]
        still = entry.checked - entry.seen[-1].since
        if still <= max(habit * LATE_FACTOR, SHORTEST_LATENESS):
            return ""
        return (
            f"Its index has not changed for {_counted(still)}, and used to change"
            f" {_rhythm(habit)}: it may be left alone, or somebody may be hiding newer builds"
        )

    def _seen(self, mirror: Mirror) -> tuple[SeenIndex, ...]:
        entry = self._entry(mirror)
        return entry.seen if entry else ()

    def _entry(self, mirror: Mirror) -> _Entry | None:
        key = (mirror.name, shown(mirror.url))
        return next((entry for entry in self._entries() if (entry.mirror, entry.url) == key), None)

    def _entries(self) -> tuple[_Entry, ...]:
        try:
            document = msgspec.json.decode(self._path.read_bytes(), type=_Document)
        except FileNotFoundError:
            return ()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise StoreError(
                f"What is known of the age of indices cannot be read: {error}",
                str(self._path),
                "Correct it, or remove it: then an older index is not noticed the next time",
            ) from error
        return document.mirrors

    def _write(self, entries: Sequence[_Entry]) -> None:
        write_atomically(self._path, msgspec.json.encode(_Document(1, tuple(entries))))


def _with(seen: tuple[SeenIndex, ...], index: SeenIndex) -> tuple[SeenIndex, ...]:
    """`seen` with an index as the newest; what replaced it before is forgotten."""
    for number, old in enumerate(seen):
        if old.sha256 == index.sha256:
            return seen[: number + 1]
    return (*seen, index)[-KEPT:]


def _day(when: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(when))


def _counted(seconds: float) -> str:
    days = max(1, round(seconds / _DAY))
    return "1 day" if days == 1 else f"{days} days"


def _rhythm(seconds: float) -> str:
    if seconds < _DAY / 2:
        return "several times a day"
    return "every day" if seconds < 1.5 * _DAY else f"every {_counted(seconds)}"
