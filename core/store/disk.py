"""Small dealings with the operating system that the whole store room needs."""

import contextlib
import errno
import os
import shutil
import stat
from pathlib import Path

from core.errors import StoreError

_REASONS = {
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EROFS: "the file system is read-only",
    errno.ENOSPC: "no space is left on the file system",
    errno.EDQUOT: "the disk quota is used up",
    errno.ENOTDIR: "a part of the path is not a directory",
    errno.EXDEV: "it crosses from one file system to another",
}
_CHOOSE = "Ask its owner for permission to write, or choose another store with --store"
_HINTS = {
    errno.EACCES: _CHOOSE,
    errno.EPERM: _CHOOSE,
    errno.EROFS: "Choose another store with --store",
    errno.ENOSPC: "Free some space (or inodes), then try again",
    errno.EDQUOT: "Free some of your quota, then try again",
}
_PASSING = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE}


def store_error(what: str, path: Path, error: OSError) -> StoreError:
    """`error` in plain words.

    Args:
        what: what could not be done, without the reason, e.g. `The store cannot be written`.
        path: where.
        error: why.
    """
    number = error.errno or 0
    reason = _REASONS.get(number) or (error.strerror or str(error)).lower()
    return StoreError(
        f"{what}: {reason}", str(path), _HINTS.get(number, ""), retry=number in _PASSING
    )


def sync_directory(directory: Path) -> None:
    """Make what was renamed in `directory` survive a power cut, where the file system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def is_one_file_system(one: Path, other: Path) -> bool:
    """Whether a flush of the file system of one path flushes that of the other; both are there.

    Raises:
        OSError: one of them cannot be looked at.
    """
    return one.stat().st_dev == other.stat().st_dev


def is_directory(path: str | Path) -> bool:
    """True if a directory is there, or if we may not look: then who says so is believed."""
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116 - for thousands of paths
    except (PermissionError, TimeoutError):
        return True
    except (OSError, ValueError):
        return False


def remove_if_possible(path: Path) -> None:
    """Remove a temporary file after a failure, which is not to be hidden by another."""
    with contextlib.suppress(OSError):
        path.unlink()


def remove_tree(path: Path) -> None:
    """Remove a file, a link, or a directory with all in it, read-only directories too.

    Raises:
        OSError: something in it belongs to somebody else.
    """
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    _make_writable(path)
    for top, directories, _ in os.walk(path):
        for directory in directories:
            inner = Path(top, directory)
            if not inner.is_symlink():
                _make_writable(inner)
    shutil.rmtree(path)


def _make_writable(directory: Path) -> None:
    # That of somebody else may be writable for us as it is.
    with contextlib.suppress(PermissionError):
        directory.chmod(0o700)
