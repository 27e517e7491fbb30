"""The catalog of a mirror of which some builds are not to be offered."""

from collections.abc import Set as AbstractSet
from functools import cached_property
from pathlib import Path

from core.catalog.shelf import Shelf
from core.catalog.specs import SpecNumbers, by_release
from core.model.columns import BuildsByRelease
from core.model.ident import DagHash, MirrorName


class FilteredShelf(Shelf):
    """A shelf whose hidden builds count as specs that nobody has pushed.

    They are still described, as others may need them that have their binary elsewhere.
    """

    def __init__(self, mirror: MirrorName, path: Path, hidden: AbstractSet[DagHash]):
        """Open the catalog of `mirror` at `path`, to offer all of it but the `hidden`."""
        self._hidden = hidden
        super().__init__(mirror, path)

    @cached_property
    def builds(self) -> BuildsByRelease:
        """How many binaries there are of each release, and for which machines."""
        return by_release((release, machine) for _, release, machine in self.all_builds())

    def _read_specs(self) -> SpecNumbers:
        found = super()._read_specs()
        found.hide(self._numbers_of(list(self._hidden)))
        return found
