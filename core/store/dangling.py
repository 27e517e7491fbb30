"""Symbolic links of a package that lead to places in the store at which nothing is."""

import os
from collections.abc import Iterator
from pathlib import Path

from core.model.views import FileProblem
from core.store.registered import Registered, read_registered


class Links:
    """Judges the links of one prefix, absolute and relative ones.

    Only links that lead into the store count: what is outside of it is not ours to judge.

    Some packages hold a link on purpose that leads nowhere, and Spack packs and installs it as it
    is. The manifests tell which: they list all that a package had when it was installed. A link
    that is as it was then, and leads to a path of a package whose manifest does not have it, led
    nowhere from the beginning. Nobody can mend that but the one who packed it, and to install it
    again gives the same: it is a note and no problem. Any other is a problem: what it leads to was
    there and is gone, or belongs to no package at all, so that nothing vouches for it.
    """

    def __init__(self, prefix: Path, store: Path) -> None:
        self.store = store
        """Root of the install tree."""
        self.notes: list[FileProblem] = []
        """What was packed so, of the links that were judged."""
        self._prefix = prefix
        self._real_store = Path(os.path.realpath(store))
        self._manifests: dict[Path, Registered | None] = {}

    def problems(self, name: str) -> Iterator[FileProblem]:
        """What is wrong with a link; `notes` gets what is only worth a note.

        Raises:
            OSError: it cannot be read.
        """
        target = str((self._prefix / name).readlink())
        place = self._empty_place(name, target)
        if place is None:
            return
        words = f"It leads to {target}, which does not exist"
        if self._is_as_installed(name, target) and self._was_packed_without(place):
            self.notes.append(FileProblem(name, f"{words}; it was packed so"))
        else:
            yield FileProblem(name, words)

    def _empty_place(self, name: str, target: str) -> Path | None:
        """Where in the store the link leads, if nothing is there; free of links."""
        # The kernel, too, starts where the link is; an absolute target takes the place of that.
        place = (self._prefix / name).parent / target
        if os.path.lexists(place):
            return None
        real = Path(os.path.realpath(place))
        return real if real.is_relative_to(self._real_store) else None

    def _is_as_installed(self, name: str, target: str) -> bool:
        registered = self._registered(self._prefix)
        entry = registered.entries.get(name) if registered else None
        return entry is not None and entry.dest == target

    def _was_packed_without(self, place: Path) -> bool:
        """True if the package that `place` belongs to did not have it when it was installed."""
        for directory in place.parents:
            if directory == self._real_store:
                break
            registered = self._registered(directory)
            if registered:
                return str(place.relative_to(directory)) not in registered.entries
        return False

    def _registered(self, prefix: Path) -> Registered | None:
        """The manifest of a prefix; `None` if it has none that can be read."""
        if prefix not in self._manifests:
            try:
                self._manifests[prefix] = read_registered(prefix)
            except (OSError, ValueError):
                self._manifests[prefix] = None
        return self._manifests[prefix]
