"""Which files of an archive are kept in memory until its last member says what becomes of them."""

from collections.abc import Callable

from core.archive.extract import Treatment
from core.archive.members import Member
from core.archive.paths import path_bytes
from core.archive.writers import Contents
from core.relocate.elf import MAGIC

HELD = 24 * 2**20
"""Bytes of files of one package that are held at most."""
HELD_FILE = 2**18
"""Bytes of one of them at most. In a larger one it is less work to change what must be changed
where it lies than to write it later."""

_METADATA = ".spack/"
_TEXT = 2048  # bytes among which there is a NUL if it is none
_SHALLOW = 3  # components that the install tree, its sbang and all its packages have in common
_AS_IT_IS, _LATER, _HELD = Treatment(), Treatment(is_hashed=False), Treatment(is_held=True)


class Holder:
    """Keeps back what may have to be relocated, as long as there is room.

    The build info says for certain, but comes last. A wrong guess costs time and nothing else:
    what is not held is relocated where it lies.

    Args:
        prefix: gives the prefix of the build, without the leading slash, once it is known.
    """

    def __init__(self, prefix: Callable[[], str]) -> None:
        self._prefix = prefix
        self._common: bytes | None = None
        self._room = HELD

    def choose(self, member: Member, beginning: bytes, contents: Contents) -> Treatment:
        """Hold ELF files, scripts, and texts that name a path of the builder."""
        if member.path.startswith(_METADATA) or not self._may_change(member, beginning, contents):
            return _AS_IT_IS
        if member.size > min(self._room, HELD_FILE):
            return _LATER
        self._room -= member.size
        return _HELD

    def _may_change(self, member: Member, beginning: bytes, contents: Contents) -> bool:
        if beginning == MAGIC or (member.executable and beginning.startswith(b"#!")):
            return True
        if contents and b"\0" in bytes(contents[0][:_TEXT]):
            return False
        if self._common is None:
            above = path_bytes(self._prefix()).split(b"/")[:-2][:_SHALLOW]
            self._common = b"".join(b"/" + component for component in above)
        common = self._common
        # `in` is many times as fast as any search that takes views, even with a copy first.
        return bool(common) and any(common in bytes(piece) for piece in contents)
