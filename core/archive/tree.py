"""A directory that is written to by descriptors, never through a symbolic link."""

import os
from pathlib import Path
from types import TracebackType

from core.archive.members import Kind, Member
from core.archive.paths import path_bytes

# Where there is O_PATH, a file server is not asked to open what is only passed through.
_DIRECTORY = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Tree:
    """Makes what members say below one existing directory.

    Every method raises `OSError` if it cannot, or if something is there already. It is for one
    thread; another one takes `another`.

    Args:
        top: the directory, or a descriptor of it that stays open until there is this one.
    """

    def __init__(self, top: Path | int) -> None:
        self._top = os.dup(top) if isinstance(top, int) else os.open(top, _DIRECTORY)
        self._parent = os.dup(self._top)  # the directory used last stays open
        self._parent_path: str = ""
        self._alike: dict[int, tuple[int, int, bool]] = {}
        """Owner and group of new files there, and whether they lack bits, by mode."""

    def __enter__(self) -> "Tree":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Keep nothing open."""
        os.close(self._parent)
        os.close(self._top)

    def another(self) -> "Tree":
        """The same directory for another thread."""
        return Tree(self._top)

    def add(self, path: str, member: Member, directory_mode: int) -> None:
        """Make a directory or a link."""
        directory, _, name = path.rpartition("/")
        name, parent = path_bytes(name), self._open_parent(directory)
        if member.kind is Kind.DIRECTORY:
            os.mkdir(name, 0o755, dir_fd=parent)
            # `mkdir` minds the umask and leaves off special bits. The name is a directory of ours.
            os.chmod(name, directory_mode, dir_fd=parent)
        elif member.kind is Kind.SYMLINK:
            os.symlink(path_bytes(member.target), name, dir_fd=parent)
        else:
            self._link(member.target, name, parent)

    def create(self, path: str, mode: int) -> tuple[int, int, int]:
        """Make an empty file: its descriptor, to write to and to close, its owner and its group.

        It has just these permission bits, whatever the umask says.
        """
        directory, _, name = path.rpartition("/")
        parent = self._open_parent(directory)
        descriptor = os.open(path_bytes(name), _NEW_FILE, mode, dir_fd=parent)
        try:
            owner, group, lacks_bits = self._alike.get(mode) or self._look(mode, descriptor)
            if lacks_bits:
                os.fchmod(descriptor, mode)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor, owner, group

    def _look(self, mode: int, descriptor: int) -> tuple[int, int, bool]:
        """What a new file is like; all that one process makes in one directory are alike."""
        status = os.fstat(descriptor)
        lacks_bits = status.st_mode & 0o7777 != mode
        self._alike[mode] = status.st_uid, status.st_gid, lacks_bits
        return self._alike[mode]

    def _link(self, target: str, name: bytes, parent: int) -> None:
        directory, _, old_name = target.rpartition("/")
        source = self._open(directory)
        try:
            os.link(
                path_bytes(old_name),
                name,
                src_dir_fd=source,
                dst_dir_fd=parent,
                follow_symlinks=False,
            )
        finally:
            os.close(source)

    def _open_parent(self, directory: str) -> int:
        if directory != self._parent_path:
            descriptor = self._open(directory)
            os.close(self._parent)
            self._parent, self._parent_path = descriptor, directory
            self._alike.clear()
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
