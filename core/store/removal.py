"""Removing packages: invisible first, then out of the database, then off the disk.

All packages of one removal go in one step, which is the change of the database: whoever is killed
before it has removed nothing (`stage.sweep` puts the prefixes back), whoever is killed after it
has removed everything (`stage.sweep` deletes what is left). Spack's protocol (Spack 1.x
`package_base.py:uninstall_by_spec`): the prefix is locked, then the database.
"""

import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

import msgspec

from core.cancel import CancelToken
from core.errors import StoreError
from core.model.artifact import InstalledRecord
from core.model.history import Operation, Removed
from core.model.ident import DagHash
from core.model.removal import Removal, RemovalPlan
from core.store.announced import Announcement, complete_announced
from core.store.aside import forget_traces, put_back, set_aside
from core.store.database import Database
from core.store.forget import forget
from core.store.history import new_operation
from core.store.locks import prefix_lock
from core.store.paths import StorePaths
from core.store.records import DatabaseState
from core.store.stage import discard, sweep

PATIENCE = 5.0
"""Seconds to wait for a package that somebody uses or installs."""


def remove(
    paths: StorePaths,
    plan: RemovalPlan,
    *,
    timeout: float = PATIENCE,
    cancel: CancelToken | None = None,
) -> Removal:
    """Carry out a plan: all of it, or nothing.

    Args:
        paths: the store.
        plan: what to remove, made by `core.planning.removal`.
        timeout: seconds to wait for the lock of each prefix.
        cancel: looked at while waiting for locks; too late once the database has been changed.

    Raises:
        StoreError: the store is not as the plan says any more, a package is in use, or the store
            cannot be written. Nothing was removed then.
        Interrupted: `cancel` was set in time.
    """
    complete_announced(paths)
    # What others left, and we may not delete, is not in our way.
    with suppress(StoreError):
        sweep(paths.root)
    operation = _operation(plan)
    with ExitStack() as locks:
        # In one order for everybody: two who remove cannot wait for each other for ever.
        for hash_ in sorted(item.package.hash for item in plan.removed):
            held = prefix_lock(paths, hash_, timeout=timeout, cancel=cancel)
            locks.enter_context(held)
        records = _same_as_planned(Database(paths).read(), plan)
        announcement = Announcement(paths, operation)
        try:
            aside = _take_away(paths, plan, records, cancel)
        except BaseException:
            announcement.withdraw()
            raise
        number, problem = _note(announcement)
        left = dict(_delete(aside))
    return Removal(number, tuple(item.package for item in plan.removed), left, problem)


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
    paths: StorePaths,
    plan: RemovalPlan,
    records: Mapping[DagHash, InstalledRecord],
    cancel: CancelToken | None,
) -> dict[DagHash, Path]:
    """The part that is all or nothing; where the prefixes are now."""
    aside: dict[DagHash, Path] = {}
    try:
        for hash_, record in records.items():
            moved = set_aside(paths, record)
            if moved:
                aside[hash_] = moved
        implicit = [item.hash for item in plan.implicit]
        Database(paths).change(
            lambda installs: forget(installs, list(records), implicit), cancel=cancel
        )
    except BaseException:
        for hash_, moved in aside.items():
            put_back(moved, Path(records[hash_].prefix or ""))
        raise
    return aside


def _note(announcement: Announcement) -> tuple[int, str]:
    """The number in the history; or 0, and why there is none yet."""
    try:
        return announcement.happened().number, ""
    except StoreError as error:
        return 0, str(error)


def _delete(asides: Mapping[DagHash, Path]) -> Iterator[tuple[str, str]]:
    """Delete what is out of sight; what cannot be deleted now, and why."""
    for hash_, aside in asides.items():
        try:
            forget_traces(aside, hash_)
            discard(aside)
        except OSError as error:
            yield str(aside), error.strerror or str(error)
        except StoreError as error:
            yield str(aside), error.title
