"""What is in an archive: every member looked at before anything is written.

Spack has two shapes (`buildcache_layout_version`). Layout 2 (0.22 and later, and the only one in v3
mirrors): names are the build prefix without its leading slash, an entry for every directory comes
before what is in it, modes are 0755 or 0644, and `.spack/binary_distribution` comes last (Spack
`util/archive.py:reproducible_tarfile_from_prefix`). Layout 1: in 0.21 the same without entries for
the directories above the prefix; before, names begin with the last part of the prefix, modes,
owners and times are those of the build machine, and there may be two build infos, of which the
later one counts. Spack reads all of it with less care than we do.
"""

from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from pathlib import Path

from core.archive.headers import (
    DIRECTORY,
    FILE,
    HARDLINK,
    OLD_FILE,
    SYMLINK,
    Header,
    read_headers,
)
from core.archive.limits import Limits
from core.archive.paths import PathCheck, check_text, parent_of, refuse
from core.archive.stream import UnpackedStream, open_unpacked
from core.cancel import CancelToken
from core.model.value import Value

BUILD_INFO = ".spack/binary_distribution"
"""Where the build info is, relative to the prefix."""
SET_ID_BITS = 0o6000
PLAIN_MODES = 2
"""The layout from which on archives hold no modes but 0755 and 0644."""

_METADATA = ".spack"
_BUILD_INFO_ENDING = f"/{BUILD_INFO}"


class Kind(StrEnum):
    """What a member is. Nothing else is let in."""

    DIRECTORY = "directory"
    FILE = "file"
    SYMLINK = "symbolic link"
    HARDLINK = "hard link"


_KINDS = {
    DIRECTORY: Kind.DIRECTORY,
    FILE: Kind.FILE,
    OLD_FILE: Kind.FILE,
    SYMLINK: Kind.SYMLINK,
    HARDLINK: Kind.HARDLINK,
}


class Member(Value, frozen=True, gc=False):
    """One member of an archive."""

    path: str
    """Path relative to the prefix; empty for the prefix itself. Foreign text."""
    kind: Kind
    """What it is."""
    executable: bool
    """True if the user may execute it."""
    size: int
    """Bytes of a file, else 0."""
    target: str
    """Text of a symbolic link; for a hard link the path, relative to the prefix, of the file."""
    offset: int
    """Where the bytes of a file begin in the unpacked archive."""


class Inventory(Value, frozen=True):
    """The members of an archive that may be unpacked safely in this order."""

    members: tuple[Member, ...]
    """All below the prefix, itself excluded; each path once, directories before what they hold."""

    def paths(self, *kinds: Kind) -> frozenset[str]:
        """Paths of the members of these kinds."""
        return frozenset(member.path for member in self.members if member.kind in kinds)


def read_inventory(
    archive: Path,
    *,
    layout: int = PLAIN_MODES,
    limits: Limits | None = None,
    cancel: CancelToken | None = None,
) -> Inventory:
    """Look through the whole of `archive`, a tar.gz.

    Args:
        archive: the file.
        layout: which shape it has, 1 or 2.
        limits: bounds for what is in it.
        cancel: looked at while it is read.

    Raises:
        Refused: it is not whole, too large, no Spack package, or holds anything that could do
            harm outside of its prefix.
        Interrupted: `cancel` was cancelled.
        OSError: the file cannot be read.
    """
    limits = (limits or Limits()).within(archive.stat().st_size)
    with open_unpacked(archive, limits, cancel or CancelToken()) as stream:
        members = list(_admitted(stream, limits, layout))
    if layout < PLAIN_MODES:
        members = _without_old_build_info(members)
    checks = _Checks(_common_prefix(members))
    return Inventory(tuple(checks.below(member) for member in members if checks.admits(member)))


class MemberReader:
    """The members of an archive as they come, each checked as `read_inventory` checks it.

    Where the package was built is known before the build info is, by the order in which Spack packs
    (layout 2): the directories above the prefix one in the other, the prefix, what is in it.

    Args:
        stream: the archive from its beginning.
        ending: how the name of the prefix ends, if it is named as usual.
        limits: bounds for what is in it, `within` its size.
    """

    def __init__(self, stream: UnpackedStream, ending: str, limits: Limits) -> None:
        self._stream = stream
        self._ending = ending
        self._limits = limits
        self._members: list[Member] = []
        self.prefix = ""
        """Where the package was built, without the leading slash; once a member was given."""
        self.inventory: Inventory | None = None
        """All that was given, at the end. `None` then: the members are in another order, and
        whether the archive is safe must be found out by `read_inventory`."""

    def __iter__(self) -> Iterator[Member]:
        """Each member below the prefix; the stream stands at its bytes.

        Raises:
            Refused: as `read_inventory`.
        """
        members = _admitted(self._stream, self._limits, PLAIN_MODES)
        above, first = _directories_above(members)
        self.prefix = _guessed(above, first, self._ending)
        checks = _Checks(self.prefix)
        build_info = ""
        for member in chain(above, [first] if first else [], members):
            if not checks.knows(member):
                return
            if member.kind is Kind.FILE and member.path.endswith(_BUILD_INFO_ENDING):
                if build_info:
                    raise refuse(f"it holds {BUILD_INFO} more than once", member.path)
                build_info = member.path
            if checks.admits(member):
                below = checks.below(member)
                self._members.append(below)
                yield below
        if build_info == f"{self.prefix}/{BUILD_INFO}":
            self.inventory = Inventory(tuple(self._members))


def _directories_above(members: Iterator[Member]) -> tuple[list[Member], Member | None]:
    """Directories one in the other, of which one is the prefix; and what comes after them."""
    above: list[Member] = []
    for member in members:
        directory, _, name = member.path.rpartition("/")
        holder = above[-1].path if above else ""
        if member.kind is not Kind.DIRECTORY or directory != holder or name == _METADATA:
            return above, member
        above.append(member)
    return above, None


def _guessed(above: list[Member], first: Member | None, ending: str) -> str:
    """The prefix: named as usual, or what holds the first member that is not above it.

    Empty if it cannot be told.
    """
    directories = [directory.path for directory in above]
    usual = [path for path in directories if path.endswith(ending)]
    holder = parent_of(first.path) if first else ""
    return usual[0] if usual else holder if holder in directories else ""


def _admitted(stream: UnpackedStream, limits: Limits, layout: int) -> Iterator[Member]:
    """All members by their full names, each for itself in order."""
    check = PathCheck(limits)
    for count, header in enumerate(read_headers(stream)):
        if count == limits.entries:
            raise refuse(f"it has more than {limits.entries} members")
        member = _member(header, check, limits, layout)
        # Said here, nothing of it is written before its bytes turn out to be too many.
        if member.offset + member.size > limits.always:
            raise refuse(f"it unpacks to more than {limits.always} bytes", header.name)
        yield member


def _member(header: Header, check: PathCheck, limits: Limits, layout: int) -> Member:
    name, mode = header.name, header.mode
    kind = _KINDS.get(header.kind)
    if kind is None:
        raise refuse("a member is neither file, directory nor link", name)
    check(name)
    is_file = kind is Kind.FILE
    # In layout 1 they are nothing unusual, and are left off: the owner here is another.
    if layout >= PLAIN_MODES and is_file and mode & SET_ID_BITS:
        raise refuse("a file would run with the rights of its owner (set-uid or set-gid)", name)
    target = ""
    if not is_file and kind is not Kind.DIRECTORY:
        target = header.target
        check_text(target, limits)
        if not target:
            raise refuse("a link leads nowhere", name)
    size = header.size if is_file else 0
    return Member(name, kind, mode & 0o100 != 0, size, target, header.offset)


def _without_old_build_info(members: list[Member]) -> list[Member]:
    """Leave off build infos that the last one replaces.

    Spack 0.20 added its own to that of a package that came from a mirror itself.
    """
    places = {
        member.path: number
        for number, member in enumerate(members)
        if member.kind is Kind.FILE and member.path.endswith(f"/{BUILD_INFO}")
    }
    return [
        member
        for number, member in enumerate(members)
        if member.kind is not Kind.FILE or places.get(member.path, number) == number
    ]


def _common_prefix(members: list[Member]) -> str:
    """The prefix that the package was built in: where its build info is."""
    ending = f"/{BUILD_INFO}"
    found = [
        member.path
        for member in members
        if member.kind is Kind.FILE and member.path.endswith(ending)
    ]
    if not found:
        raise refuse(f"it is no Spack package, {BUILD_INFO} is missing")
    if len(found) > 1:
        raise refuse(f"it holds {BUILD_INFO} more than once", found[1])
    return found[0].removesuffix(ending)


class _Checks:
    """Whether the members of a package fit together, one after the other."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._inside = f"{prefix}/"
        self._seen: dict[str, Kind] = {}

    def knows(self, member: Member) -> bool:
        """False if `member` can only belong to a package with another prefix."""
        return member.path.startswith(self._inside) or (
            member.kind is Kind.DIRECTORY and self._inside.startswith(f"{member.path}/")
        )

    def admits(self, member: Member) -> bool:
        """True if it is to be unpacked; False for the prefix, what is above, what comes again.

        Raises:
            Refused: it does not fit to those before.
        """
        if not member.path.startswith(self._inside):
            if not self.knows(member):
                raise refuse("a member is outside of the prefix of the package", member.path)
            if member.path == self._prefix:
                self._seen[""] = Kind.DIRECTORY
            return False
        path = member.path[len(self._inside) :]
        if path in self._seen:
            if self._seen[path] is member.kind is Kind.DIRECTORY:
                return False
            raise refuse("it holds a name twice", member.path)
        if self._seen.get(parent_of(path)) is not Kind.DIRECTORY:
            raise refuse("a member does not follow a directory that holds it", member.path)
        if member.kind is Kind.HARDLINK:
            if not member.target.startswith(self._inside):
                raise refuse("a hard link leads outside", member.path)
            if self._seen.get(member.target[len(self._inside) :]) is not Kind.FILE:
                raise refuse("a hard link does not lead to an earlier file", member.path)
        self._seen[path] = member.kind
        return True

    def below(self, member: Member) -> Member:
        """`member`, which is admitted, with paths relative to the prefix."""
        target = member.target
        if member.kind is Kind.HARDLINK:
            target = target[len(self._inside) :]
        path = member.path[len(self._inside) :]
        return Member(path, member.kind, member.executable, member.size, target, member.offset)
