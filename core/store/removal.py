"""Removing packages: invisible first, then out of the database, then off the disk.

All packages of one removal go in one step, which is the change of the database: whoever is killed
before it has removed nothing (`stage.sweep` puts the prefixes back), whoever is killed after it
has removed everything (`stage.sweep` deletes what is left). Spack's protocol (Spack 1.x
`package_base.py:uninstall_by_spec`): the prefix is locked, then the database.
"""

import os
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import msgspec

from core.cancel import CancelToken
from core.errors import StoreError
from core.events import NodeRemoved, RemovalDecided, RemovalFinished, RemovalStarted, Tell
from core.model.history import Operation, Removed, Touched
from core.model.ident import DagHash
from core.model.installed import InstalledRecord
from core.model.removal import Removal, RemovalPlan
from core.store.announced import Announcement, complete_announced, has_happened
from core.store.aside import forget_traces, put_back, set_aside
from core.store.database import Database
from core.store.forget import forget
from core.store.history import new_operation
from core.store.locks import prefix_lock
from core.store.paths import StorePaths
from core.store.records import DatabaseState
from core.store.stage import discard
from core.store.waiting import reporting

PATIENCE = 5.0
"""Seconds to wait for a package that somebody uses or installs."""


def remove(
    paths: StorePaths,
    plan: RemovalPlan,
    *,
    timeout: float = PATIENCE,
    cancel: CancelToken | None = None,
    tell: Tell = lambda _: None,
) -> Removal:
    """Carry out a plan: all of it, or nothing.

    Args:
        paths: the store.
        plan: what to remove, made by `core.planning.removal`.
        timeout: seconds to wait for the lock of each prefix.
        cancel: looked at while waiting for locks; too late once the database has been changed.
        tell: takes in what happens. The last event is `RemovalFinished`, unless this raises.

    Raises:
        StoreError: the store is not as the plan says any more, a package is in use, or the store
            cannot be written. Nothing was removed then.
        Interrupted: `cancel` was set in time.
    """
    complete_announced(paths)
    operation = _operation(plan)
    packages = tuple(item.package for item in plan.removed)
    tell(RemovalStarted(time=operation.started, store=plan.store, packages=packages))
    with ExitStack() as locks:
        # In one order for everybody: two who remove cannot wait for each other for ever.
        for hash_ in sorted(package.hash for package in packages):
            listener = reporting(tell, hash_, "prefix")
            held = prefix_lock(paths, hash_, timeout=timeout, cancel=cancel, listener=listener)
            locks.enter_context(held)
        database = Database(paths, reporting(tell, None, "database"))
        records = _same_as_planned(database.read(), plan)
        announcement = Announcement(paths, operation)
        aside: dict[DagHash, Path] = {}
        try:
            _take_away(database, plan, records, aside, cancel)
        except BaseException:
            if _is_written(operation, database):
                announcement.leave()
                raise
            for hash_, moved in aside.items():
                put_back(moved, Path(records[hash_].prefix or ""))
            announcement.withdraw()
            raise
        number, problem = _note(announcement)
        tell(RemovalDecided(time=time.time()))
        left = dict(_delete(packages, aside, tell))
    done = Removal(number, packages, left, problem)
    tell(_end(done, operation.started))
    return done


def disk_usage(record: InstalledRecord) -> int:
    """Bytes on disk of an installed package; what cannot be read does not count."""
    prefix = Path(record.prefix or "")
    if not record.prefix or prefix.is_symlink():
        return 0
    blocks: dict[tuple[int, int], int] = {}
    for top, directories, files in os.walk(prefix):
        for name in (".", *directories, *files):
            try:
                found = Path(top, name).lstat()
            except OSError:
                continue
            blocks[found.st_dev, found.st_ino] = found.st_blocks
    return 512 * sum(blocks.values())


def _operation(plan: RemovalPlan) -> Operation:
    operation = new_operation(plan.kind, f"{plan.kind}-{secrets.token_hex(8)}", time.time())
    return msgspec.structs.replace(
        operation,
        roots=plan.roots,
        removed=tuple(
            Removed(
                hash=item.package.hash,
                name=item.package.name,
                version=item.package.version,
                prefix=item.package.prefix,
                explicit=item.explicit,
            )
            for item in plan.removed
        ),
        implicit=plan.implicit,
        undoes=plan.undoes,
    )


def _same_as_planned(state: DatabaseState, plan: RemovalPlan) -> dict[DagHash, InstalledRecord]:
    """The records of what is to be removed; nobody can change them while we hold the locks."""
    state.check_writable()
    records: dict[DagHash, InstalledRecord] = {}
    for item in plan.removed:
        record = state.records.get(item.package.hash)
        is_there = record and (record.installed or record.deprecated_for)
        if record is None or not is_there or (record.prefix or "") != item.package.prefix:
            raise StoreError(
                f"{item.package.label} was removed meanwhile, or is somewhere else now",
                f"Store: {plan.store}",
                "Nothing was removed. Do it again to see what there is to remove now",
                retry=True,
            )
        records[item.package.hash] = record
    return records


def _take_away(
    database: Database,
    plan: RemovalPlan,
    records: Mapping[DagHash, InstalledRecord],
    aside: dict[DagHash, Path],
    cancel: CancelToken | None,
) -> None:
    """The part that is all or nothing; `aside` gets the places where the prefixes are then."""
    for hash_, record in records.items():
        moved = set_aside(database.paths, record)
        if moved:
            aside[hash_] = moved
    implicit = [item.hash for item in plan.implicit]
    database.change(lambda installs: forget(installs, list(records), implicit), cancel=cancel)


def _is_written(operation: Operation, database: Database) -> bool:
    """True if an operation has happened although something went wrong: an interrupt comes late."""
    try:
        return has_happened(operation, database.read())
    except StoreError:
        return False


def _note(announcement: Announcement) -> tuple[int, str]:
    """The number in the history; or 0, and why there is none yet."""
    try:
        return announcement.happened().number, ""
    except StoreError as error:
        return 0, str(error)


def _delete(
    packages: Iterable[Touched], asides: Mapping[DagHash, Path], tell: Tell
) -> Iterator[tuple[str, str]]:
    """Delete what is out of sight; what cannot be deleted now, and why."""
    for package in packages:
        aside = asides.get(package.hash)
        problem = _deleted(package.hash, aside) if aside else ""
        if problem:
            yield str(aside), problem
        tell(NodeRemoved(time=time.time(), node=package.hash, prefix=package.prefix, left=problem))


def _deleted(hash_: DagHash, aside: Path) -> str:
    """Delete one package; why something of it is left, or nothing."""
    try:
        forget_traces(aside, hash_)
        discard(aside)
    except OSError as error:
        return error.strerror or str(error)
    except StoreError as error:
        return error.title
    return ""


def _end(done: Removal, started: float) -> RemovalFinished:
    now = time.time()
    return RemovalFinished(
        time=now,
        number=done.number,
        removed=len(done.removed),
        left=len(done.left),
        seconds=now - started,
    )
