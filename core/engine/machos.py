"""What the Mach-O files of a package for macOS need besides what any binary needs."""

from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import NamedTuple

from core.relocate.codesign import codesigned
from core.relocate.data import Data, Patch
from core.relocate.macho import is_spared, macho_patches
from core.relocate.machofile import is_macho, read_macho
from core.relocate.prefixes import PrefixMap
from core.relocate.signature import needs_signature, renewal


class Signed(NamedTuple):
    """How a file that was changed gets a signature that holds."""

    patches: list[Patch]
    """What is to change in the one that it has."""
    whole: bytes | None = None
    """The file with another one; `None` if `patches` are all."""
    is_missing: bool = False
    """True if it needs one, and none can be made here."""


class MachOs:
    """Moves and signs the Mach-O files of one package.

    Args:
        moves: which path becomes which.
        codesign: the program that signs, see `find_codesign`; `None` if there is none.
    """

    def __init__(self, moves: PrefixMap, codesign: str | None) -> None:
        self._moves = moves
        self._codesign = codesign

    def patches(self, path: str, data: Data) -> list[Patch]:
        """What changes in the load commands of the file at `path` of the archive.

        Raises:
            RelocationError: there is no room for it.
        """
        return [] if is_spared(path) else macho_patches(data, self._moves)

    def signed(self, path: Path, data: Data) -> Signed:
        """How a file that was changed gets a signature that holds, if it needs one.

        Raises:
            RelocationError: `codesign` cannot sign it.
            OSError: it cannot be copied for that.
        """
        if not needs_signature(data):
            return Signed([])
        if self._codesign:
            return Signed([], codesigned(data, path.name, self._codesign))
        patches = renewal(data)
        return Signed(patches or [], is_missing=patches is None)

    def sign_large(self, path: Path) -> bool:
        """The same for a file on disk, written at once; true if its signature is missing.

        Raises:
            RelocationError, OSError: as `signed`.
        """
        with path.open("r+b") as file:
            with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
                signed = self.signed(path, data)
            if signed.whole is not None:
                file.truncate(0)
                file.write(signed.whole)
            for offset, new in signed.patches:
                file.seek(offset)
                file.write(new)
        return signed.is_missing


def is_broken_macho(data: Data) -> bool:
    """True if `data` begins like a Mach-O file and is none."""
    return is_macho(data) and read_macho(data) is None
