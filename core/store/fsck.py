"""What a writer that died left in a store, whoever it was."""

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from core.errors import StoreError
from core.model.ident import DagHash
from core.model.value import Value
from core.store.database import Database
from core.store.locks import database_lock, try_prefix_lock
from core.store.paths import StorePaths
from core.store.records import DatabaseState
from core.store.stage import package_directories, stages

_TEMPORARY = (".spack-db/index.json.*.temp", "bin/.sbang.*.tmp")
_PREFIX = re.compile(r"[^.].*-(?P<hash>[a-z2-7]{32})")


class Kind(StrEnum):
    """What can be half done."""

    STAGE = "a stage that nobody works on"
    """Invisible to all who look for packages; the next install removes it."""
    PREFIX = "a prefix that is not registered"
    """A package to the eye, and none to the database."""
    RECORD = "a record without its prefix"
    """A package to the database, and nothing on disk."""
    TEMPORARY = "a file that was being written"
    """Beside the file that it should have replaced."""


class HalfDone(Value, frozen=True):
    """One thing that somebody did not finish."""

    kind: Kind
    """What it is."""
    path: Path
    """Where it is, or should be."""


def half_done(root: Path) -> tuple[HalfDone, ...]:
    """All that is half done in the store at `root` and that nobody is working on, by path.

    Changes nothing. What is locked belongs to somebody who lives.

    Raises:
        StoreError: the database cannot be read, or the file system cannot lock.
    """
    paths = StorePaths(root)
    if not paths.database_dir.is_dir():
        return ()
    state = Database(paths).read()
    found = (*_stages(paths), *_prefixes(paths, state), *_records(state), *_temporary(paths))
    return tuple(sorted(found, key=lambda item: item.path))


def _stages(paths: StorePaths) -> Iterator[HalfDone]:
    for stage, hash_ in stages(paths):
        if _is_free(paths, hash_):
            yield HalfDone(Kind.STAGE, stage)


def _prefixes(paths: StorePaths, state: DatabaseState) -> Iterator[HalfDone]:
    registered = {record.prefix for record in state.records.values() if record.installed}
    for directory in package_directories(paths):
        for path in directory.glob("*-*"):
            named = _PREFIX.fullmatch(path.name)
            if named is None or str(path) in registered or state.installed_at(path):
                continue
            if _is_free(paths, DagHash(named["hash"])):
                yield HalfDone(Kind.PREFIX, path)


def _records(state: DatabaseState) -> Iterator[HalfDone]:
    for record in state.records.values():
        if record.installed and not record.is_external and record.prefix:
            prefix = Path(record.prefix)
            if not prefix.is_dir():
                yield HalfDone(Kind.RECORD, prefix)


def _temporary(paths: StorePaths) -> Iterator[HalfDone]:
    found = [path for pattern in _TEMPORARY for path in paths.root.glob(pattern)]
    if not found:
        return
    try:
        # They are written by one who holds this lock.
        with database_lock(paths, write=False, timeout=0):
            for path in found:
                yield HalfDone(Kind.TEMPORARY, path)
    except StoreError:
        return


def _is_free(paths: StorePaths, hash_: DagHash) -> bool:
    with try_prefix_lock(paths, hash_, write=False) as is_free:
        return is_free
