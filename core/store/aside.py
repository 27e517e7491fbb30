"""Prefixes on their way out: made invisible by one rename, and deleted after.

A prefix that is set aside is a hidden sibling of its old place, `.spackbin-HASH-DEPTH-removed_...`:
the hash whose prefix lock its owner holds, and how many directories above may be removed with it
if they are empty then, as Spack does (Spack 1.x `directory_layout.py:remove_install_directory`).
To `stage.sweep` it is a stage, and `stage.discard` deletes it; but one whose owner died before the
database was changed goes back to its place, see `restore`.
"""

import os
import secrets
from pathlib import Path

from core.errors import StoreError
from core.model.ident import DagHash
from core.model.installed import InstalledRecord
from core.store.disk import store_error, sync_directory
from core.store.paths import StorePaths
from core.store.records import DatabaseState

_MARK = "-removed_"
_SPEC = ".spack/spec.json"


def set_aside(paths: StorePaths, record: InstalledRecord) -> Path | None:
    """Make the prefix of a package invisible; where it is now, `None` if there is nothing.

    What the system provides stays where it is. The caller holds the lock of the prefix.

    Raises:
        StoreError: it is not in the store, or it cannot be renamed.
    """
    prefix = Path(record.prefix or "")
    if record.is_external or not record.prefix or not os.path.lexists(prefix):
        return None
    parts = _parts(paths.root, prefix)
    name = f".spackbin-{record.hash}-{len(parts) - 1}{_MARK}{secrets.token_hex(4)}"
    aside = prefix.with_name(name)
    try:
        prefix.rename(aside)
    except OSError as error:
        raise store_error(f"{record.spec.label} cannot be removed", prefix, error) from error
    sync_directory(prefix.parent)
    return aside


def put_back(aside: Path, prefix: Path) -> None:
    """Undo `set_aside`.

    Raises:
        StoreError: it cannot be renamed.
    """
    try:
        aside.rename(prefix)
    except OSError as error:
        raise store_error("A package cannot be put back", aside, error) from error


def restore(stage: Path, hash_: DagHash, state: DatabaseState) -> bool:
    """Put back what was set aside by somebody who died before it was removed; whether it was so.

    The caller holds the lock of the prefix, and `state` was read after it got that.

    Raises:
        StoreError: it cannot be put back.
    """
    record = state.records.get(hash_)
    is_there = record is not None and (record.installed or record.deprecated_for is not None)
    if _MARK not in stage.name or record is None or not is_there or not record.prefix:
        return False
    prefix = Path(record.prefix)
    # Its owner may have put it back, or gone on to the end, before we got the lock.
    if os.path.lexists(prefix) or not os.path.lexists(stage):
        return False
    put_back(stage, prefix)
    return True


def forget_traces(aside: Path, hash_: DagHash) -> None:
    """Take away first what a Spack would find of a package that is about to be deleted.

    That is what makes a directory a package to `spack reindex`; and of a deprecated package, which
    is a link, what lies in the package that stands in for it (Spack 1.x
    `directory_layout.py:deprecated_file_path`).

    Raises:
        OSError: it cannot be deleted.
    """
    trace = aside / _SPEC
    if aside.is_symlink():
        trace = aside.readlink() / ".spack" / "deprecated" / f"{hash_}_spec.json"
    trace.unlink(missing_ok=True)


def _parts(root: Path, prefix: Path) -> tuple[str, ...]:
    """The names from the root to the prefix."""
    if not prefix.is_relative_to(root):
        # The store may have had another name when it was registered.
        root, prefix = (
            Path(os.path.realpath(root)),
            Path(os.path.realpath(prefix.parent), prefix.name),
        )
    parts = prefix.parts[len(root.parts) :]
    if not prefix.is_relative_to(root) or not parts or ".." in parts or parts[0].startswith("."):
        raise StoreError(
            f"The database names {prefix} as the place of a package, which is none",
            f"Store: {root}",
            "Nothing was removed. Have a look at the database with 'spack find --paths'",
        )
    return parts
