"""What is in an archive: every member looked at before anything is written.

Spack has two shapes (`buildcache_layout_version`). Layout 2 (0.22 and later, and the only one in v3
mirrors): names are the build prefix without its leading slash, an entry for every directory comes
before what is in it, modes are 0755 or 0644, and `.spack/binary_distribution` comes last (Spack
`util/archive.py:reproducible_tarfile_from_prefix`). Layout 1: in 0.21 the same without entries for
the directories above the prefix; before, names begin with the last part of the prefix, modes,
owners and times are those of the build machine, and there may be two build infos, of which the
later one counts. Spack reads all of it with less care than we do.
"""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from core.archive.limits import Limits
from core.archive.paths import check_path, check_text, parent_of, refuse
from core.archive.stream import UnpackedStream, open_unpacked
from core.cancel import CancelToken
from core.errors import SpackbinError

BUILD_INFO = ".spack/binary_distribution"
"""Where the build info is, relative to the prefix."""
BLOCK = 512
"""Bytes of a tar block."""
SET_ID_BITS = 0o6000
PLAIN_MODES = 2
"""The layout from which on archives hold no modes but 0755 and 0644."""


class Kind(StrEnum):
    """What a member is. Nothing else is let in."""

    DIRECTORY = "directory"
    FILE = "file"
    SYMLINK = "symbolic link"
    HARDLINK = "hard link"


_KINDS = {
    tarfile.DIRTYPE: Kind.DIRECTORY,
    tarfile.REGTYPE: Kind.FILE,
    tarfile.AREGTYPE: Kind.FILE,
    tarfile.SYMTYPE: Kind.SYMLINK,
    tarfile.LNKTYPE: Kind.HARDLINK,
}


@dataclass(frozen=True, slots=True)
class Member:
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


@dataclass(frozen=True, slots=True)
class Inventory:
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
    limits = limits or Limits()
    with open_unpacked(archive, limits, cancel or CancelToken()) as stream:
        headers = _read_headers(stream, limits, layout)
    if layout < PLAIN_MODES:
        headers = _without_old_build_info(headers)
    return Inventory(tuple(_checked(headers, _common_prefix(headers))))


def _read_headers(stream: UnpackedStream, limits: Limits, layout: int) -> list[Member]:
    """All members by their full names, each for itself in order."""
    headers: list[Member] = []
    end = 0
    for entry in _entries(stream):
        if len(headers) == limits.entries:
            raise refuse(f"it has more than {limits.entries} members")
        header = _header(entry, limits, layout)
        headers.append(header)
        end = header.offset + -(-header.size // BLOCK) * BLOCK
    # `tarfile` takes a damaged header for the end, so the end is compared with the contents.
    stream.finish(end)
    return headers


def _entries(stream: UnpackedStream) -> Iterator[tarfile.TarInfo]:
    try:
        tar = tarfile.TarFile(
            fileobj=stream,  # pyright: ignore[reportArgumentType]
            mode="r",
            encoding="utf-8",
            errors="surrogateescape",
        )
        while entry := tar.next():
            if tar.pax_headers:
                raise refuse("it has a header that holds for all members")
            # It would keep every entry.
            tar.members.clear()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
            yield entry
    except SpackbinError:
        raise
    except Exception as error:  # broken headers make `tarfile` raise about any error of Python
        raise refuse("it is not a readable tar file") from error


def _header(entry: tarfile.TarInfo, limits: Limits, layout: int) -> Member:
    kind = _KINDS.get(entry.type)
    name = entry.name.rstrip("/") if kind is Kind.DIRECTORY else entry.name
    if kind is None:
        raise refuse("a member is neither file, directory nor link", name)
    check_path(name, limits)
    if entry.size < 0 or entry.issparse():
        raise refuse("a member does not say its size plainly", name)
    # In layout 1 they are nothing unusual, and are left off: the owner here is another.
    if layout >= PLAIN_MODES and kind is Kind.FILE and entry.mode & SET_ID_BITS:
        raise refuse("a file would run with the rights of its owner (set-uid or set-gid)", name)
    is_link = kind in (Kind.SYMLINK, Kind.HARDLINK)
    if is_link:
        check_text(entry.linkname, limits)
        if not entry.linkname:
            raise refuse("a link leads nowhere", name)
    return Member(
        path=name,
        kind=kind,
        executable=bool(entry.mode & 0o100),
        size=entry.size if kind is Kind.FILE else 0,
        target=entry.linkname if is_link else "",
        offset=entry.offset_data,
    )


def _without_old_build_info(headers: list[Member]) -> list[Member]:
    """Leave off build infos that the last one replaces.

    Spack 0.20 added its own to that of a package that came from a mirror itself.
    """
    places = {
        header.path: number
        for number, header in enumerate(headers)
        if header.kind is Kind.FILE and header.path.endswith(f"/{BUILD_INFO}")
    }
    return [
        header
        for number, header in enumerate(headers)
        if header.kind is not Kind.FILE or places.get(header.path, number) == number
    ]


def _common_prefix(headers: list[Member]) -> str:
    """The prefix that the package was built in: where its build info is."""
    ending = f"/{BUILD_INFO}"
    found = [
        header.path
        for header in headers
        if header.kind is Kind.FILE and header.path.endswith(ending)
    ]
    if not found:
        raise refuse(f"it is no Spack package, {BUILD_INFO} is missing")
    if len(found) > 1:
        raise refuse(f"it holds {BUILD_INFO} more than once", found[1])
    return found[0].removesuffix(ending)


def _checked(headers: list[Member], prefix: str) -> Iterator[Member]:
    """The members below `prefix`, by their paths below it, if they fit together."""
    seen: dict[str, Kind] = {}
    for header in headers:
        member = _below(header, prefix)
        if member is None or (seen.get(member.path) is member.kind is Kind.DIRECTORY):
            continue
        if member.path in seen:
            raise refuse("it holds a name twice", header.path)
        if member.path and seen.get(parent_of(member.path)) is not Kind.DIRECTORY:
            raise refuse("a member does not follow a directory that holds it", header.path)
        if member.kind is Kind.HARDLINK and seen.get(member.target) is not Kind.FILE:
            raise refuse("a hard link does not lead to an earlier file", header.path)
        seen[member.path] = member.kind
        if member.path:
            yield member


def _below(header: Member, prefix: str) -> Member | None:
    """`header` with paths relative to `prefix`; `None` for the directories above it."""
    if header.path == prefix and header.kind is Kind.DIRECTORY:
        return replace(header, path="")
    if header.path.startswith(f"{prefix}/"):
        path = header.path.removeprefix(f"{prefix}/")
        if header.kind is not Kind.HARDLINK:
            return replace(header, path=path)
        if header.target.startswith(f"{prefix}/"):
            return replace(header, path=path, target=header.target.removeprefix(f"{prefix}/"))
        raise refuse("a hard link leads outside", header.path)
    if header.kind is Kind.DIRECTORY and prefix.startswith(f"{header.path}/"):
        return None
    raise refuse("a member is outside of the prefix of the package", header.path)
