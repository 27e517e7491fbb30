"""Stages: complete trees beside their prefixes, invisible until one rename.

A stage is a hidden sibling of its prefix, `.spackbin-HASH-CREATED-RANDOM`: the hash whose prefix
lock its owner holds, and how many directories above it had to be created. Whoever gets that lock
knows that the owner is gone: the kernel (or the lock service of NFS) takes it from the dead.
"""

import contextlib
import os
import re
import stat
import tempfile
import threading
from collections.abc import Collection, Iterator
from pathlib import Path

from msgspec.structs import replace

from core.errors import StoreError
from core.model.artifact import StagedTree
from core.model.ident import DagHash, dag_hash
from core.model.value import Value
from core.store.aside import restore
from core.store.database import Database
from core.store.disk import remove_tree, store_error, sync_directory
from core.store.history import user_name
from core.store.locks import try_prefix_lock
from core.store.paths import StorePaths, store_above
from core.store.records import BEFORE_1_0, DatabaseState

_NAME = re.compile(r"\.spackbin-(?P<hash>[a-z2-7]{32})-(?P<created>\d+)-\w+")
_ATTEMPTS = 20
_making = threading.Lock()
_made: dict[Path, int] = {}
"""How many directories this process has made above the stages in a directory."""


def new_stage(prefix: Path) -> Path:
    """An empty directory in which `prefix` can be prepared.

    Missing directories above get mode and group of the nearest that exists, as Spack does. The
    caller holds the lock of the prefix as long as the stage exists.

    Raises:
        StoreError: the prefix is in no store, or the store cannot be written.
        WrongUse: the name of the prefix does not end with a DAG hash.
    """
    hash_ = dag_hash(prefix.name.rpartition("-")[2])
    store_above(prefix)
    try:
        for _ in range(_ATTEMPTS):
            # A neighbour that fails may have taken the empty directory away again.
            with contextlib.suppress(FileNotFoundError), _making:
                created = _make_parents(prefix.parent)
                # Whichever of several stages goes last takes what was made for any of them.
                created = _made[prefix.parent] = max(created, _made.get(prefix.parent, 0))
                name = f".spackbin-{hash_}-{created}-"
                return Path(tempfile.mkdtemp(prefix=name, dir=prefix.parent))
    except OSError as error:
        raise store_error("The store cannot be written", prefix.parent, error) from error
    raise StoreError("A directory of the store vanishes again and again", str(prefix.parent))


def commit(staged: StagedTree) -> None:
    """Put a stage in the place of its prefix, by one rename.

    A prefix that nobody registered was left behind by somebody who died: it is moved aside first
    and deleted after. The caller holds the lock of the prefix. It has the rename on disk, by
    `sync_directory` of the parent, before the prefix is registered.

    Raises:
        StoreError: a package is registered in the prefix and is there, or the rename failed; the
            stage is then where it was.
    """
    prefix = staged.prefix
    _refuse_registered(prefix)
    try:
        aside = new_stage(prefix) if os.path.lexists(prefix) else None
        _replace(staged.stage, prefix, aside)
    except OSError as error:
        what = f"{staged.spec.label} cannot be put in its place"
        raise store_error(what, prefix, error) from error
    if aside:
        sync_directory(prefix.parent)
        # What cannot be deleted stays for `sweep`; the package is installed all the same.
        with contextlib.suppress(StoreError):
            discard(aside)


def take_back(staged: StagedTree) -> None:
    """Undo `commit`: the prefix becomes a stage again.

    Raises:
        StoreError: the rename failed.
    """
    try:
        staged.prefix.rename(staged.stage)
    except OSError as error:
        what = f"{staged.spec.label} cannot be taken back"
        raise store_error(what, staged.prefix, error) from error


def remove_unregistered(prefix: Path) -> None:
    """Remove a prefix that no database knows: out of sight first, in one step, and then away.

    The caller holds the lock of the prefix.

    Raises:
        StoreError: it cannot be moved, or something in it cannot be removed.
    """
    aside = new_stage(prefix)
    try:
        prefix.rename(aside / "old")
    except OSError as error:
        discard(aside)
        raise store_error("What was left behind cannot be removed", prefix, error) from error
    sync_directory(prefix.parent)
    discard(aside)


def discard(stage: Path) -> None:
    """Remove a stage, and the directories created for it that are empty now.

    Raises:
        StoreError: something in it cannot be removed.
    """
    found = _NAME.fullmatch(stage.name)
    try:
        remove_tree(stage)
    except OSError as error:
        raise store_error("What was staged cannot be removed", stage, error) from error
    for directory in list(stage.parents)[: int(found["created"]) if found else 0]:
        try:
            directory.rmdir()
        except OSError:
            return


class Swept(Value, frozen=True):
    """A stage whose owner is gone, and what became of it."""

    stage: Path
    """Where it is, or was."""
    owner: str
    """Login name of whom it belongs to."""
    restored: str = ""
    """The prefix that it was put back to: it was to be removed, and is still registered."""
    problem: str = ""
    """Why it is still there; empty if it is not."""


def sweep(root: Path) -> tuple[Path, ...]:
    """Remove the stages in the store at `root` whose owner is gone; which they were.

    What cannot be removed stays.

    Raises:
        StoreError: the database cannot be read.
    """
    found = swept(Database(StorePaths(root)))
    return tuple(item.stage for item in found if not item.restored and not item.problem)


def swept(database: Database, spare: Collection[DagHash] = ()) -> Iterator[Swept]:
    """Remove the stages in a store whose owner is gone, or put them back to where they were.

    Args:
        database: that of the store.
        spare: whose stages are left alone.

    Raises:
        StoreError: the database cannot be read.
    """
    for stage, hash_ in stages(database.paths, database.read()):
        if hash_ in spare:
            continue
        try:
            found = Swept(stage, user_name(stage.lstat().st_uid))
        except FileNotFoundError:
            continue  # its owner lives, or somebody else was faster
        over = _swept(found, hash_, database)
        if over:
            yield over


def _swept(found: Swept, hash_: DagHash, database: Database) -> Swept | None:
    """What became of it; `None` if its owner lives."""
    try:
        with try_prefix_lock(database.paths, hash_) as is_free:
            if not is_free:
                return None
            # What was to be removed, and is still registered, goes back to its place.
            state = database.read()
            if restore(found.stage, hash_, state):
                return replace(found, restored=state.records[hash_].prefix or "")
            discard(found.stage)
            return found
    except StoreError as error:
        return replace(found, problem=error.title)


def _make_parents(directory: Path) -> int:
    """Create `directory` and what is missing above it; how many were created."""
    missing: list[Path] = []
    while not directory.exists():
        missing.append(directory)
        directory = directory.parent
    model = directory.stat()
    created = 0
    for path in reversed(missing):
        with contextlib.suppress(FileExistsError):
            path.mkdir()
            # Not everyone may give a directory to any group; the mode comes after, as it is lost.
            with contextlib.suppress(PermissionError):
                os.chown(path, -1, model.st_gid)
            path.chmod(stat.S_IMODE(model.st_mode))
            created += 1
    return created


def _refuse_registered(prefix: Path) -> None:
    if not os.path.lexists(prefix):
        return
    record = Database(store_above(prefix)).read().installed_at(prefix)
    if record:
        raise StoreError(f"{record.spec.label} is already installed", str(prefix))
    if prefix.is_symlink():
        raise StoreError(
            "The prefix is a symbolic link, as those of deprecated packages are",
            str(prefix),
            "Remove the link if it is not meant to be",
        )


def _replace(stage: Path, prefix: Path, aside: Path | None) -> None:
    if aside is None:
        stage.rename(prefix)
        return
    prefix.rename(aside / "old")
    try:
        stage.rename(prefix)
    except OSError:
        (aside / "old").rename(prefix)
        discard(aside)
        raise


def stages(paths: StorePaths, state: DatabaseState | None = None) -> Iterator[tuple[Path, DagHash]]:
    """All stages in a store, with the hash whose lock their owner holds.

    Args:
        paths: the store.
        state: what its database says, if that is known.

    Raises:
        StoreError: the database cannot be read.
    """
    for directory in package_directories(paths, state):
        for stage in directory.glob(".spackbin-*"):
            found = _NAME.fullmatch(stage.name)
            if found:
                yield stage, DagHash(found["hash"])


def package_directories(paths: StorePaths, state: DatabaseState | None = None) -> set[Path]:
    """Where prefixes may be: beside any registered one, and where the default projection puts them.

    Args:
        paths: the store.
        state: what its database says, if that is known.

    Raises:
        StoreError: the database cannot be read.
    """
    state = state or Database(paths).read()
    above = "*/*/" if state.version == BEFORE_1_0 else "*/"
    registered = {
        os.path.dirname(record.prefix)  # noqa: PTH120 - of thousands, in a few directories
        for record in state.records.values()
        if record.prefix and not record.is_external
    }
    return {*map(Path, registered), *paths.root.glob(above)}
