"""Puts stores in order after those who died in them, and says what was done.

Whoever looks at a store does this first, as far as the rights of the user go, and for the user's
own quarantine stores beside it, where perhaps nobody looks any more. What belongs to somebody who
lives is not touched: who holds the lock of a prefix lives, and so does who keeps a note
(`core.engine.atwork`), for the case that locks do not reach from one machine to another.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from core.cancel import CancelToken
from core.engine.atwork import FoundNote, notes_in
from core.engine.history import catch_up
from core.engine.recovery import recover
from core.errors import StoreError
from core.model.history import Operation
from core.model.ident import DagHash
from core.settings import Settings
from core.store.announced import is_announced, settle_announced
from core.store.database import Database
from core.store.locks import try_prefix_lock
from core.store.paths import QUARANTINE, StorePaths
from core.store.stage import Swept, package_directories, remove_unregistered, swept

_NAMED = 3
_CLOCKS = 120.0  # seconds by which the clocks of machines may differ


def tidy(
    settings: Settings, database: Database, cancel: CancelToken, current: str = ""
) -> Iterator[str]:
    """Finish or take back what the dead have left; what was done or cannot be, as sentences.

    Sentences begin with a small letter and have no final full stop. They may hold foreign text.
    What cannot be read or written beside the store is left as it is.

    Args:
        settings: where the runs of this user are kept, and the store.
        database: that of the store.
        cancel: ends the work early.
        current: id of the run on whose behalf this is done; it is alive.

    Raises:
        StoreError: the store cannot be read, or not be written where that must be.
        Interrupted: `cancel` was set.
    """
    yield from _tidied(settings, database, cancel, current)
    for root in _left_beside(settings.store):
        beside = replace(settings, store=root)
        with suppress(StoreError):
            for sentence in _tidied(beside, Database(StorePaths(root)), cancel):
                yield f"in {root}: {sentence}"


def _left_beside(store: Path) -> list[Path]:
    """This user's stores that belong to the same one, and where only the dead have left notes."""
    name = store.name.partition(QUARANTINE)[0]
    found = {name}
    # Who may not list the directory has made no store in it.
    with suppress(OSError):
        found.update(one for one in os.listdir(store.parent) if one.startswith(name + QUARANTINE))
    others = (store.parent / one for one in sorted(found - {store.name}))
    return [root for root in others if _is_ours(root) and _is_left(StorePaths(root))]


def _is_ours(root: Path) -> bool:
    """True for a directory of this user's: whoever could make another one decides what is in it."""
    with suppress(OSError):
        status = root.lstat()
        return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
    return False


def _is_left(paths: StorePaths) -> bool:
    notes = notes_in(paths)
    return bool(notes or is_announced(paths)) and not any(found.is_alive for found in notes)


def _tidied(
    settings: Settings, database: Database, cancel: CancelToken, current: str = ""
) -> Iterator[str]:
    announced = settle_announced(database.paths)
    yield from (_finished(operation) for operation in announced.done)
    yield from (_given_up(operation) for operation in announced.given_up)
    notes = notes_in(database.paths)
    others = [found.note for found in notes if found.is_alive and found.note.run != current]
    working = frozenset(hash_ for note in others for hash_ in note.hashes)
    for item in swept(database, spare=working):
        yield _said(item)
    yield from recover(settings, database, cancel, current)
    for found in notes:
        if not found.is_alive and found.note.run != current:
            yield from _remove_left(found, database, working)
    catch_up(settings, database.paths)


def _remove_left(
    found: FoundNote, database: Database, working: frozenset[DagHash]
) -> Iterator[str]:
    """Remove what a dead run has put in place without a record; recovery had its chance before."""
    note, has_problem = found.note, False
    wanted = frozenset(note.hashes) - working
    for directory in package_directories(database.paths, database.read()):
        for prefix in directory.glob("[!.]*-*"):
            hash_ = DagHash(prefix.name.rpartition("-")[2])
            if hash_ not in wanted or not _is_of(found, prefix):
                continue
            try:
                with try_prefix_lock(database.paths, hash_) as is_free:
                    if not is_free or database.read().installed_at(prefix):
                        continue
                    remove_unregistered(prefix)
            except StoreError as error:
                has_problem = True
                problem = f"cannot be removed: {error.title}"
                yield f"{prefix}, which {note.words} had left half done, {problem}"
            else:
                yield f"removed {prefix}, which {note.words} had left half done"
    if not has_problem:
        # In a store that may only be read it stays.
        with suppress(OSError):
            found.path.unlink()


def _is_of(found: FoundNote, prefix: Path) -> bool:
    """True if a prefix was put in place by the user of a run since that began."""
    try:
        status = prefix.lstat()
    except OSError:
        return False
    is_later = status.st_ctime >= found.note.since - _CLOCKS
    return stat.S_ISDIR(status.st_mode) and status.st_uid == found.uid and is_later


def _said(item: Swept) -> str:
    if item.restored:
        return f"put {item.restored} back, which {item.owner} was about to remove"
    if item.problem:
        return f"{item.stage}, left behind by {item.owner}, cannot be deleted: {item.problem}"
    return f"deleted {item.stage}, left behind by {item.owner}"


def _finished(operation: Operation) -> str:
    return f"{_about(operation)} was done, and is operation {operation.number} of the history now"


def _given_up(operation: Operation) -> str:
    return f"{_about(operation)} was not done: its process died before anything was removed"


def _about(operation: Operation) -> str:
    """`an uninstall of a@1/abc by alice`."""
    labels = [item.label for item in (*operation.removed, *operation.implicit)]
    more = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
    article = "the" if operation.undoes else "an"
    what = f"undo of operation {operation.undoes}" if operation.undoes else operation.kind
    return f"{article} {what} of {', '.join(labels[:_NAMED])}{more} by {operation.user}"
