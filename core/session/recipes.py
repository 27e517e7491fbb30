"""The names of all recipes of a Spack, kept until one of its repositories changes."""

import hashlib
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import msgspec

from core.atomic import write_atomically
from core.model.spackfacts import RecipeView, Repository
from core.query.names import rank_names
from core.session.snapshot import Snapshot
from core.spack.facts import configuration_stamp, version_of
from core.spack.instance import SpackInstance

_NAME = re.compile(r"[A-Za-z0-9_.-]*")


class _Kept(msgspec.Struct, frozen=True):
    """What is in the file."""

    state: str
    """State of the configuration and of the repositories that were read."""
    repositories: tuple[Repository, ...]
    """The repositories."""
    recipes: tuple[RecipeView, ...]
    """The recipes, by name."""


class RecipeShelf:
    """Keeps what a Spack has recipes for.

    A recipe that is added or removed changes the time of its repository's directory of packages.

    Args:
        directory: where to keep it.
        spack: whose recipes.
    """

    def __init__(self, directory: Path, spack: SpackInstance) -> None:
        name = hashlib.sha256(str(spack.prefix).encode()).hexdigest()[:16]
        self._file = directory / f"{name}.json"
        self._spack = spack
        self._read: tuple[int, _Kept] | None = None

    def keep(self, repositories: Sequence[Repository], recipes: Sequence[RecipeView]) -> None:
        """Write down what the recipes are now.

        Raises:
            StoreError: it cannot be written.
        """
        kept = _Kept(self._state(repositories), tuple(repositories), tuple(recipes))
        write_atomically(self._file, msgspec.json.encode(kept))

    def views(self) -> tuple[RecipeView, ...]:
        """The recipes, by name; none if they were never read."""
        kept = self._kept()
        return kept.recipes if kept else ()

    def is_current(self) -> bool:
        """True if they were read and nothing has changed since."""
        kept = self._kept()
        return kept is not None and kept.state == self._state(kept.repositories)

    def source_only(self, now: Snapshot, query: str) -> tuple[RecipeView, ...]:
        """The recipes of packages that are neither on offer nor installed, best match first."""
        there = {*now.catalog.package_names(), *(item.name for item in now.records.values())}
        found = {str(view.name): view for view in self.views() if view.name not in there}
        text = query.strip()
        if _NAME.fullmatch(text):
            ranked = rank_names(text, found.keys())
            return tuple(found[name] for name in ranked if name in found)
        asked = _NAME.match(text)
        view = found.get(asked[0]) if asked else None
        return (view,) if view else ()

    def _kept(self) -> _Kept | None:
        try:
            changed = self._file.stat().st_mtime_ns
            if self._read is None or self._read[0] != changed:
                self._read = changed, msgspec.json.decode(self._file.read_bytes(), type=_Kept)
        except (OSError, msgspec.DecodeError):
            return None
        return self._read[1]

    @cached_property
    def _version(self) -> str:
        return version_of(self._spack)

    def _state(self, repositories: Sequence[Repository]) -> str:
        places = [(item.path, _changed(Path(item.path, "packages"))) for item in repositories]
        return repr((self._version, configuration_stamp(self._spack), places))


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
