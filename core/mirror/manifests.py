"""Manifests that were good once, kept as they came for the time when a mirror does not answer.

They are believed no more than fresh ones: each use checks the signature again.
"""

import hashlib
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import msgspec

from core.atomic import write_atomically
from core.errors import StoreError
from core.model.artifact import ManifestForm, RawManifest
from core.model.ident import DagHash
from core.model.mirror import Mirror
from core.model.spec import ConcreteSpec
from core.model.value import Value
from core.net.urls import shown

DIRECTORY = "manifests"
"""Where they are, below the cache directory."""
_FRESH = 24 * 3600.0


class Kept(msgspec.Struct, frozen=True):
    """A manifest as it is kept."""

    url: str
    """Where it came from; a login is not part of it."""
    form: ManifestForm
    """How it must be read."""
    time: float
    """A day or less before it was last seen at the mirror, seconds since the epoch."""
    data: bytes
    """The whole document, signature included."""


class ManifestShelf(Value, frozen=True):
    """The kept manifests of all mirrors, a file each. What is lost is fetched again."""

    directory: Path
    """Where; made when something is first kept."""

    def recall(self, mirror: Mirror, spec: ConcreteSpec) -> tuple[RawManifest, float] | None:
        """The manifest of a build as it was, and when; `None` if none is here."""
        kept = self._read(self._path(mirror, spec.hash))
        if kept is None:
            return None
        return RawManifest(spec, kept.form, mirror.name, kept.url, kept.data), kept.time

    def keep(self, mirror: Mirror, raw: RawManifest) -> None:
        """Keep a manifest that was found good just now."""
        path = self._path(mirror, raw.asked.hash)
        now = time.time()
        known = self._read(path)
        if known and known.data == raw.data and now - known.time < _FRESH:
            return
        with suppress(StoreError):
            document = Kept(raw.url, raw.form, now, raw.data)
            write_atomically(path, msgspec.json.encode(document), durable=False)

    def _read(self, path: Path) -> Kept | None:
        try:
            return msgspec.json.decode(path.read_bytes(), type=Kept)
        except (OSError, msgspec.DecodeError):
            return None

    def _path(self, mirror: Mirror, hash_: DagHash) -> Path:
        return self.directory.joinpath(_place_of(mirror.url), f"{hash_}.json")


@lru_cache(maxsize=64)
def _place_of(url: str) -> str:
    """The directory of a mirror's manifests."""
    return hashlib.sha256(shown(url).encode()).hexdigest()[:16]
