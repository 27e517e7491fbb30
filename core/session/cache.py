"""The blob cache as a user sees it: what is in it, and making it smaller."""

import os
import shutil
from pathlib import Path

from core.blobs.shelf import BLOBS
from core.blobs.usage import default_limit, entries, trim
from core.errors import StoreError
from core.mirror.manifests import DIRECTORY
from core.model.views import CacheReport, SharedCache
from core.settings import Settings


class CacheDesk:
    """Answers what is asked about the cache of these settings.

    Every method raises `StoreError` if the cache directory cannot be looked at.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._directory = settings.cache_dir

    def report(self) -> CacheReport:
        """What is in the cache."""
        known = entries(self._directory)
        parts = sum(entry.is_part for entry in known)
        return CacheReport(
            directory=str(self._directory),
            limit=self._limit(),
            size=sum(entry.size for entry in known),
            blobs=len(known) - parts,
            parts=parts,
            manifests=sum(1 for _ in (self._directory / DIRECTORY).glob("*/*.json")),
            shared=tuple(
                SharedCache(str(shared), _is_readable(shared))
                for shared in self._settings.shared_caches
            ),
        )

    def trim(self) -> int:
        """Evict what was not used for longest until the cache has its size; the bytes freed."""
        return trim(self._directory, self._limit())

    def clear(self) -> int:
        """Remove every blob that is not in use, and all kept manifests; the bytes freed."""
        shutil.rmtree(self._directory / DIRECTORY, ignore_errors=True)
        return trim(self._directory, 0)

    def _limit(self) -> int:
        if self._settings.cache_size is not None:
            return self._settings.cache_size
        try:
            return default_limit(self._directory)
        except OSError as error:
            title = f"The cache cannot be looked at: {error.strerror}"
            raise StoreError(title, str(self._directory)) from error


def _is_readable(cache: Path) -> bool:
    return os.access(cache / BLOBS, os.R_OK | os.X_OK)
