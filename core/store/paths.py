"""Where things are in a store (an install tree), and whether one can be written.

The layout is Spack's own (Spack 1.x `directory_layout.py`, `database.py`, `store.py`).
"""

import errno
import fcntl
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from core.errors import StoreError, WrongUse
from core.model.spec import ConcreteSpec
from core.model.value import Value
from core.store.disk import store_error

QUARANTINE = "-quarantine-"
"""Between the name of a store and that of a mirror, in the name of that mirror's quarantine."""
CANNOT_LOCK = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
"""What a file system that has no record locks answers to `fcntl`."""

_IMPOLITE = re.compile(r"[^A-Za-z0-9_+.-]")
# Run paths end at a colon or a dollar sign, shebangs at a blank, shell words at the rest.
_BREAKING = re.compile(r"[\s:;$'\"`\\\x00-\x1f\x7f]")


class StorePaths(Value, frozen=True):
    """The places in one store."""

    root: Path
    """Root of the install tree, absolute."""
    is_before_1_0: bool = False
    """True if it is laid out as Spack 0.23 does it, see `DatabaseState.placing`."""

    @property
    def database_dir(self) -> Path:
        """Directory of the database and its locks."""
        return self.root / ".spack-db"

    @property
    def database(self) -> Path:
        """The database itself."""
        return self.database_dir / "index.json"

    @property
    def verifier(self) -> Path:
        """A text that is another one after each write of the database."""
        return self.database_dir / "index_verifier"

    @property
    def lock(self) -> Path:
        """File whose lock is that of the database."""
        return self.database_dir / "lock"

    @property
    def prefix_lock(self) -> Path:
        """File of which each byte is the lock of a prefix."""
        return self.database_dir / "prefix_lock"

    @property
    def sbang(self) -> Path:
        """The script that runs scripts whose shebang is too long for the kernel."""
        return self.root / "bin" / "sbang"

    def prefix_of(self, spec: ConcreteSpec) -> Path:
        """Where `spec` is, or would be installed: the default projection of Spack 1.x, or 0.23.

        Raises:
            StoreError: the system provides it through modules alone, so that it has no prefix.
        """
        if spec.external is None:
            projected = (*self._above(spec), f"{spec.name}-{spec.version}-{spec.hash}")
            # A slash within a version does not make a directory: parts are formatted first.
            return self.root.joinpath(*(_IMPOLITE.sub("_", part) for part in projected))
        if spec.external.path is None:
            raise StoreError(f"{spec.label} comes from modules and has no prefix")
        return Path(spec.external.path)

    def _above(self, spec: ConcreteSpec) -> tuple[str, ...]:
        if not self.is_before_1_0:
            return (f"{spec.platform}-{spec.target}",)
        compiler = cast("Mapping[str, object]", spec.node.get("compiler", {}))
        return (
            f"{spec.platform}-{spec.os}-{spec.target}",
            f"{compiler.get('name', 'none')}-{compiler.get('version', 'none')}",
        )

    def relative(self, prefix: Path) -> str:
        """`prefix` as seen from the root.

        Raises:
            StoreError: it is not below the root.
        """
        try:
            return str(prefix.relative_to(self.root))
        except ValueError:
            raise StoreError(f"{prefix} is not in the store {self.root}") from None


def store_above(prefix: Path) -> StorePaths:
    """The store that a prefix lies in: the nearest one with a database.

    Raises:
        StoreError: there is none.
    """
    for directory in prefix.parents:
        if (directory / ".spack-db").is_dir():
            return StorePaths(directory)
    raise StoreError(f"{prefix} is in no store")


def check_writable(root: Path) -> None:
    """Refuse a store that cannot be installed into. Leaves nothing behind.

    A root that does not exist yet is fine if its parent does and can be written.

    Raises:
        WrongUse: the path is not absolute, or holds characters that break installed programs.
        StoreError: it is not a directory, cannot be written or locked, or its programs would not
            be allowed to run.
    """
    _check_characters(root)
    try:
        _check_places(root)
    except OSError as error:
        raise store_error("The store cannot be written", root, error) from error


def _check_places(root: Path) -> None:
    if root.exists():
        _check_directory(root)
        database_dir = StorePaths(root).database_dir
        if database_dir.exists():
            _check_directory(database_dir)
    elif root.is_symlink():
        raise StoreError("The store is a dangling symbolic link", str(root), "Remove or repair it")
    elif root.parent.exists():
        _check_directory(root.parent)
    else:
        raise StoreError(
            f"The directory {root.parent} does not exist",
            f"Store: {root}",
            "Create it, or choose another store with --store",
        )


def _check_characters(root: Path) -> None:
    if not root.is_absolute():
        raise WrongUse(f"The path of a store must be absolute, not {os.fspath(root)!a}")
    found = _BREAKING.search(os.fspath(root))
    if found:
        raise WrongUse(
            f"The path of the store holds {found.group()!a}, which installed programs and scripts"
            " cannot have in their paths",
            ascii(os.fspath(root)),
            "Choose another store with --store",
        )


def _check_directory(directory: Path) -> None:
    if not directory.is_dir():
        raise StoreError(f"{directory} is not a directory", "", "Choose another store with --store")
    try:
        # An unnamed file where the system has such: nothing stays even if we are killed.
        with tempfile.TemporaryFile(dir=directory) as probe:
            _check_lockable(probe.fileno(), directory)
        flags = os.statvfs(directory).f_flag
    except OSError as error:
        raise store_error("The store cannot be written", directory, error) from error
    if flags & os.ST_NOEXEC:
        raise StoreError(
            "Programs may not run from the file system of the store (mounted noexec)",
            str(directory),
            "Choose another store with --store",
        )


def _check_lockable(descriptor: int, directory: Path) -> None:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in CANNOT_LOCK:
            raise cannot_lock(directory) from error
        raise


def cannot_lock(where: Path) -> StoreError:
    """The error for a file system without record locks."""
    return StoreError(
        "The file system of the store cannot lock files",
        str(where),
        "Choose a store on a file system with POSIX locks (NFS needs a lock service, Lustre the"
        " mount option flock)",
    )
