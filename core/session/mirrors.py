"""The mirrors of a session: configuration, clients, catalogs and how they stand."""

import hashlib
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from core.atomic import write_atomically
from core.cancel import CancelToken
from core.catalog.build import build_catalog
from core.catalog.reader import Catalog
from core.errors import NotFound, SpackbinError
from core.mirror.client import MirrorClient, open_mirror
from core.mirror.config import normalise_url
from core.mirror.layout import IndexRecord
from core.mirror.nearby import build_caches_near
from core.model.ident import MirrorName, mirror_name
from core.model.mirror import BrokenMirror, Connection, Mirror
from core.model.views import MirrorStatus
from core.net.memory import Memory
from core.session.configured import MirrorSources
from core.settings import Settings
from core.trust.pins import PinStore

Progress = Callable[[str, int, int], None]
"""Called with the step in words, what is done, and the total."""


LASTING = frozenset({"layout.json", "index.manifest.json", "keys.manifest.json", "index.json.hash"})
"""Names of documents of which a mirror has one, and which change with its index at most."""


class Refreshed(msgspec.Struct, frozen=True):
    """What the last refresh of a mirror found, kept beside its catalog."""

    checksum: str = ""
    """SHA-256 of the index that the catalog was made from."""
    layout: str = ""
    """Layout of the mirror."""
    builds: int = 0
    """Builds on offer."""
    good: float | None = None
    """When the index was last found good, seconds since the epoch."""
    error: str = ""
    """Why the last refresh failed; empty if it did not."""


class MirrorDesk:
    """All that a session knows of its mirrors. Safe for threads."""

    def __init__(self, settings: Settings, pins: PinStore, only: tuple[str, ...] = ()) -> None:
        self._directory = settings.cache_dir / "catalogs"
        self._memory = Memory(settings.cache_dir / "documents", LASTING)
        self._pins = pins
        self.sources = MirrorSources(settings, only)
        """The configuration."""
        self._clients: dict[Mirror, MirrorClient] = {}
        self._opening: dict[Mirror, threading.Lock] = {}
        self._catalog: tuple[object, Catalog] | None = None
        self._lock = threading.Lock()

    def configured(self) -> tuple[Mirror, ...]:
        """The mirrors to use, first in priority first."""
        return self.sources.read().mirrors

    def get(self, name: str) -> Mirror:
        """The mirror of this name; raises `WrongUse` if there is none that can be used."""
        return self.sources.get(name)

    def client(self, mirror: Mirror) -> MirrorClient:
        """An open client, kept for the life of the session."""
        with self._lock:
            opening = self._opening.setdefault(mirror, threading.Lock())
        # Opening asks the mirror what it is: once, and without holding up the other mirrors.
        with opening:
            client = self._clients.get(mirror)
            if client is None:
                client = self._clients[mirror] = self._opened(mirror)
            return client

    def _opened(self, mirror: Mirror) -> MirrorClient:
        try:
            return open_mirror(mirror, self._memory)
        except NotFound as error:
            found = build_caches_near(mirror.url)
            if not found:
                raise
            hint = f"There is one at {' and one at '.join(found)}"
            raise NotFound(error.title, error.detail, hint) from error

    def add(
        self, name: str, url: str, *, signed: bool, connection: Connection | None = None
    ) -> Mirror:
        """Probe the URL and add it to the configuration.

        Raises:
            WrongUse: the name is taken, or name or URL cannot be understood.
            MirrorError: there is no build cache at the URL.
        """
        url = normalise_url(url, Path.cwd())
        mirror = Mirror(mirror_name(name), url, signed, connection or Connection())
        self.sources.check_free(mirror.name)
        self.client(mirror)
        self.sources.add(mirror)
        return mirror

    def remove(self, name: str) -> None:
        """Forget a mirror, its catalog and the keys trusted for it."""
        mirrors = self.sources.remove(name)
        for mirror in mirrors:
            self._pins.forget(mirror.name)
            for path in (self._catalog_path(mirror), self._note_path(mirror)):
                path.unlink(missing_ok=True)

    def statuses(self) -> tuple[MirrorStatus, ...]:
        """How all mirrors stand, from disk alone; last those that cannot be used."""
        found = self.sources.read()
        return (*map(self.status, found.mirrors), *map(_unusable, found.broken))

    def status(self, mirror: Mirror) -> MirrorStatus:
        """How a mirror stands, from disk alone."""
        found = self._noted(mirror)
        return MirrorStatus(
            name=mirror.name,
            url=mirror.url,
            signed=mirror.signed,
            layout=found.layout,
            builds=found.builds,
            refreshed=found.good,
            trusted_keys=len(self._pins.pins(mirror)),
            error=found.error,
            origin=mirror.origin,
        )

    def refresh(self, mirror: Mirror, cancel: CancelToken, progress: Progress) -> MirrorStatus:
        """Read the index of a mirror, if it is another than the one known.

        The last good catalog stays when this fails.
        """
        try:
            self._read_index(mirror, cancel, progress)
        except SpackbinError as error:
            self._write_note(mirror, msgspec.structs.replace(self._noted(mirror), error=str(error)))
            raise
        return self.status(mirror)

    def catalog(self) -> Catalog:
        """What all mirrors offer, by their last good indices; kept open until one changes."""
        paths = {mirror.name: self._catalog_path(mirror) for mirror in self.configured()}
        stamps = tuple((name, path, _stamp(path)) for name, path in paths.items())
        with self._lock:
            if self._catalog is None or self._catalog[0] != stamps:
                self._catalog = (stamps, Catalog(paths))
            return self._catalog[1]

    def close(self) -> None:
        """Close all clients."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _read_index(self, mirror: Mirror, cancel: CancelToken, progress: Progress) -> None:
        progress("asking for the index", 0, 0)
        client = self.client(mirror)
        record = client.index_record()
        catalog = self._catalog_path(mirror)
        known = self._noted(mirror)
        if record.sha256 is None or known.checksum != record.sha256 or not catalog.exists():
            known = self._take_index(client, record, catalog, known, cancel, progress)
        self._write_note(mirror, msgspec.structs.replace(known, good=time.time(), error=""))
        progress("done", 1, 1)

    def _take_index(
        self,
        client: MirrorClient,
        record: IndexRecord,
        catalog: Path,
        known: Refreshed,
        cancel: CancelToken,
        progress: Progress,
    ) -> Refreshed:
        """Fetch the index and make the catalog of it, unless it is the known one after all."""
        blob = catalog.with_suffix(".index")
        blob.parent.mkdir(parents=True, exist_ok=True)
        try:
            checksum = client.fetch_index(
                record,
                blob,
                cancel=cancel,
                progress=lambda done, total: progress("fetching the index", done, total),
            )
            if checksum == known.checksum and catalog.exists():
                return known
            summary = build_catalog(
                blob,
                catalog,
                checksum=checksum,
                cancel=cancel,
                progress=lambda done, total: progress("reading the index", done, total),
            )
            return Refreshed(checksum, client.layout, summary.builds)
        finally:
            blob.unlink(missing_ok=True)

    def _noted(self, mirror: Mirror) -> Refreshed:
        try:
            return msgspec.json.decode(self._note_path(mirror).read_bytes(), type=Refreshed)
        except (OSError, msgspec.DecodeError):
            return Refreshed()

    def _write_note(self, mirror: Mirror, found: Refreshed) -> None:
        write_atomically(self._note_path(mirror), msgspec.json.encode(found))

    def _catalog_path(self, mirror: Mirror) -> Path:
        return self._directory / f"{_digest(mirror)}.sqlite"

    def _note_path(self, mirror: Mirror) -> Path:
        return self._directory / f"{_digest(mirror)}.json"


def _stamp(path: Path) -> tuple[int, int]:
    """Tells one catalog file from the next that takes its place."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_ino)


def _digest(mirror: Mirror) -> str:
    return hashlib.sha256(mirror.url.encode()).hexdigest()[:16]


def _unusable(broken: BrokenMirror) -> MirrorStatus:
    return MirrorStatus(
        name=MirrorName(broken.name),
        url=broken.url,
        signed=True,
        layout="",
        builds=0,
        refreshed=None,
        trusted_keys=0,
        error=broken.problem,
        origin=broken.origin,
        is_usable=False,
    )
