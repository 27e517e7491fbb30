"""One section of a Spack's configuration, all scopes laid over each other, without running it."""

from collections.abc import Mapping
from typing import cast

from core.errors import WrongUse
from core.spack.instance import SpackInstance
from core.spack.merge import merged
from core.spack.scopes import Scopes, read_section, scopes_of


class Sections:
    """Reads sections of one Spack; whatever cannot be read becomes a note.

    Args:
        spack: whose configuration.
    """

    def __init__(self, spack: SpackInstance) -> None:
        self.scopes: Scopes = scopes_of(spack)
        """Where the configuration is."""
        self.notes = list(self.scopes.notes)
        """What could not be read, as sentences."""

    def read(self, section: str) -> Mapping[str, object]:
        """The section, keys without markers; empty if there is none."""
        found: object = {}
        for path in self.scopes.paths:
            try:
                found = merged(found, read_section(path, section))
            except WrongUse as error:
                self.notes.append(error.title)
        return fields_of(cast("dict[object, object]", found).get(section))


def fields_of(value: object) -> Mapping[str, object]:
    """The value as an object; empty if it is none."""
    if not isinstance(value, dict):
        return {}
    return {str(key): item for key, item in cast("dict[object, object]", value).items()}
