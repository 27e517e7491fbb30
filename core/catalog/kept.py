"""A catalog and the index that it was made from, side by side, replaced and removed together.

Every index that was fetched has a name of its own: what has the old one open goes on reading it,
and of two processes that refresh the same mirror at once neither destroys what the other needs.
"""

import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from core.cancel import CancelToken
from core.catalog.build import Progress, build_catalog
from core.catalog.schema import (
    CatalogSummary,
    connect_readonly,
    partial_of,
    problem_of,
    summary_of,
)
from core.errors import MirrorError

_ABANDONED_SECONDS = 3600


def keep_catalog(
    fetched: Path,
    catalog: Path,
    *,
    checksum: str,
    cancel: CancelToken | None = None,
    progress: Progress | None = None,
) -> CatalogSummary:
    """Put an index beside `catalog`, and make the catalog of it.

    If anything goes wrong, the last catalog and its index stay. If there is none, what was read so
    far is at `partial_of(catalog)` until the catalog is complete.

    Args:
        fetched: the index, uncompressed, at a `fetched_name` of the catalog; it is renamed.
        catalog: the catalog file; its directory exists.
        checksum: digest of the index.
        cancel: see `build_catalog`.
        progress: see `build_catalog`.

    Raises:
        MirrorError: see `build_catalog`.
        Interrupted: `cancel` was used.
    """
    index = fetched.with_suffix(".index")
    unneeded = _indices_of(catalog)
    is_first = not catalog.exists() or problem_of(catalog) is not None
    try:
        fetched.replace(index)
        summary = build_catalog(
            index,
            catalog,
            checksum=checksum,
            partial=partial_of(catalog) if is_first else None,
            cancel=cancel,
            progress=progress,
        )
    except BaseException as error:
        unneeded = {index.name}
        if not isinstance(error, OSError):
            raise
        title = f"The index of this mirror cannot be kept: {error.strerror}"
        raise MirrorError(title, str(index), "Make room, or look at the permissions") from error
    finally:
        _remove_old(catalog, unneeded)
    return summary


def remove_catalog(catalog: Path) -> None:
    """Remove a catalog and what belongs to it."""
    catalog.unlink(missing_ok=True)
    partial_of(catalog).unlink(missing_ok=True)
    for index in catalog.parent.glob(f"{catalog.stem}.*.index"):
        index.unlink(missing_ok=True)


def fetched_name(catalog: Path) -> Path:
    """Where an index is fetched to that `keep_catalog` then takes: a new name each time."""
    return catalog.with_name(f"{catalog.stem}.{os.getpid()}-{time.time_ns()}.fetched")


def _indices_of(catalog: Path) -> set[str]:
    """Names of the indices that a catalog was made from, or may have been if it does not say so."""
    try:
        with closing(connect_readonly(catalog)) as connection:
            return {summary_of(connection).index}
    except (sqlite3.Error, ValueError, KeyError):
        with suppress(OSError):
            made = catalog.stat().st_mtime
            found = catalog.parent.glob(f"{catalog.stem}.*.index")
            return {path.name for path in found if path.stat().st_mtime <= made}
    return set()


def _remove_old(catalog: Path, unneeded: set[str]) -> None:
    """Remove indices that no catalog needs, and what killed processes left."""
    needed = _indices_of(catalog)
    names = ("*.index", "*.fetched", "partial")
    old = (*(f"{catalog.stem}.{name}" for name in names), "blob-*")
    for path in [found for pattern in old for found in catalog.parent.glob(pattern)]:
        with suppress(OSError):
            is_abandoned = time.time() - path.stat().st_mtime > _ABANDONED_SECONDS
            if path.name not in needed and (is_abandoned or path.name in unneeded):
                path.unlink()
