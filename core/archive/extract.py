"""Writing the members of an archive below one directory, and nowhere else."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from core.archive.limits import Limits
from core.archive.members import Inventory, Kind, Member
from core.archive.paths import parent_of, path_bytes, refuse
from core.archive.stream import LARGEST_READ, UnpackedStream, open_unpacked
from core.cancel import CancelToken

Progress = Callable[[int, int], None]
"""Called with the entries done and all entries."""

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_members(
    archive: Path,
    inventory: Inventory,
    target: Path,
    *,
    names: Mapping[str, str],
    progress: Progress,
    limits: Limits | None = None,
    cancel: CancelToken | None = None,
) -> None:
    """Unpack `archive` into the empty directory `target`.

    Files get mode 0755 or 0644 and the modification time 0, as in Spack's archives of layout 2;
    owners are not changed.

    Args:
        archive: the file that `inventory` was made from.
        inventory: what to unpack.
        target: an existing directory.
        names: paths of files that are to have another path for now.
        progress: called after each member.
        limits: those that `inventory` was made with.
        cancel: looked at between members and within large ones.

    Raises:
        Refused: the archive is not what the inventory says.
        Interrupted: `cancel` was cancelled.
        OSError: the archive cannot be read or the target not be written.
    """
    cancel = cancel or CancelToken()
    total = len(inventory.members)
    with (
        open_unpacked(archive, limits or Limits(), cancel) as stream,
        _Tree(target) as tree,
    ):
        for done, member in enumerate(inventory.members, start=1):
            cancel.check()
            path = names.get(member.path, member.path)
            if member.kind is Kind.FILE:
                tree.add_file(path, member, stream)
            else:
                tree.add(path, member)
            progress(done, total)


class _Tree:
    """A directory that is written to by descriptors, never through a symbolic link."""

    def __init__(self, top: Path) -> None:
        self._top = os.open(top, _DIRECTORY)
        self._parent = os.dup(self._top)  # the directory used last stays open
        self._parent_path: str = ""

    def __enter__(self) -> "_Tree":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._parent)
        os.close(self._top)

    def add(self, path: str, member: Member) -> None:
        """Make a directory or a link."""
        name, parent = _name(path), self._open_parent(path)
        if member.kind is Kind.DIRECTORY:
            os.mkdir(name, 0o755, dir_fd=parent)
        elif member.kind is Kind.SYMLINK:
            os.symlink(path_bytes(member.target), name, dir_fd=parent)
        else:
            source = self._open(parent_of(member.target))
            try:
                os.link(
                    _name(member.target),
                    name,
                    src_dir_fd=source,
                    dst_dir_fd=parent,
                    follow_symlinks=False,
                )
            finally:
                os.close(source)

    def add_file(self, path: str, member: Member, stream: UnpackedStream) -> None:
        """Write a file."""
        descriptor = os.open(_name(path), _NEW_FILE, 0o600, dir_fd=self._open_parent(path))
        with os.fdopen(descriptor, "wb") as file:
            stream.seek(member.offset)
            left = member.size
            while left:
                data = stream.read(min(left, LARGEST_READ))
                if not data:
                    raise refuse("it has changed while it was read", member.path)
                file.write(data)
                left -= len(data)
            file.flush()
            os.fchmod(descriptor, 0o755 if member.executable else 0o644)
            os.utime(descriptor, (0, 0))

    def _open_parent(self, path: str) -> int:
        wanted = parent_of(path)
        if wanted != self._parent_path:
            descriptor = self._open(wanted)
            os.close(self._parent)
            self._parent, self._parent_path = descriptor, wanted
        return self._parent

    def _open(self, path: str) -> int:
        descriptor = os.dup(self._top)
        for component in path.split("/") if path else ():
            try:
                below = os.open(path_bytes(component), _DIRECTORY, dir_fd=descriptor)
            finally:
                os.close(descriptor)
            descriptor = below
        return descriptor


def _name(path: str) -> bytes:
    return path_bytes(path.rpartition("/")[2])
