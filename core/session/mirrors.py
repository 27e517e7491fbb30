"""The mirrors of a session: configuration, clients, catalogs and how they stand."""

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from core.atomic import write_atomically
from core.cancel import CancelToken
from core.catalog.reader import Catalog
from core.catalog.schema import partial_of, problem_of, read_summary
from core.errors import MirrorError, NotFound, Refused, SpackbinError, StoreError
from core.mirror.config import normalise_url
from core.model.ident import MirrorName, Sha256, mirror_name
from core.model.mirror import BrokenMirror, Mirror
from core.model.views import MirrorStatus
from core.net.memory import Memory
from core.session.configured import MirrorSources
from core.session.filters import filter_words, hidden_builds
from core.session.quarantine import quarantine_store, warnings_of
from core.session.revocations import learn_revocations
from core.settings import Settings
from core.trust.freshness import FreshnessStore
from core.trust.pins import PinStore

if TYPE_CHECKING:
    # Loaded when it is needed: most commands ask no mirror.
    from core.mirror.client import MirrorClient
    from core.mirror.layout import IndexRecord

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
        self._store = settings.store
        self._freshness = FreshnessStore(settings.state_dir / "indices.json")
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

    def client(self, mirror: Mirror) -> "MirrorClient":
        """An open client, kept for the life of the session."""
        with self._lock:
            opening = self._opening.setdefault(mirror, threading.Lock())
        # Opening asks the mirror what it is: once, and without holding up the other mirrors.
        with opening:
            client = self._clients.get(mirror)
            if client is None:
                client = self._clients[mirror] = self._opened(mirror)
            return client

    def _opened(self, mirror: Mirror) -> "MirrorClient":
        from core.mirror.client import open_mirror

        try:
            return open_mirror(mirror, self._memory)
        except NotFound as error:
            from core.mirror.nearby import build_caches_near

            found = build_caches_near(mirror.url)
            if not found:
                raise
            hint = f"There is one at {' and one at '.join(found)}"
            raise NotFound(error.title, error.detail, hint) from error

    def add(self, mirror: Mirror, confirmed: str) -> Mirror:
        """Look whether there is a build cache, and add it to the configuration.

        Args:
            mirror: what to add; its URL may be a path.
            confirmed: the name of the mirror as the user typed it after the warnings were shown;
                needed for one that is doubtful.

        Raises:
            WrongUse: the name is taken, or name or URL cannot be understood.
            Refused: it is doubtful, and not confirmed.
            MirrorError: there is no build cache at the URL.
        """
        url = normalise_url(mirror.url, Path.cwd())
        mirror = replace(mirror, name=mirror_name(mirror.name), url=url)
        self.sources.check_free(mirror.name)
        if mirror.is_doubtful and confirmed != mirror.name:
            raise Refused(
                f"Mirror {mirror.name} ({mirror.badge}) is not added without its name typed once"
                " more",
                " ".join(warnings_of(mirror)),
                f"If you accept that: --allow-doubtful {mirror.name}",
            )
        self.client(mirror)
        self.sources.add(mirror)
        return mirror

    def remove(self, name: str) -> None:
        """Forget a mirror, its catalog, its past, and the keys trusted for it."""
        from core.catalog.kept import remove_catalog

        mirrors = self.sources.remove(name)
        for mirror in mirrors:
            self._pins.forget(mirror.name)
            self._freshness.forget(mirror.name)
            remove_catalog(self._catalog_path(mirror))
            self._note_path(mirror).unlink(missing_ok=True)

    def statuses(self) -> tuple[MirrorStatus, ...]:
        """How all mirrors stand, from disk alone; last those that cannot be used."""
        found = self.sources.read()
        return (*map(self.status, found.mirrors), *map(_unusable, found.broken))

    def status(self, mirror: Mirror) -> MirrorStatus:
        """How a mirror stands, from disk alone."""
        found = self._noted(mirror)
        read, expected = self._read_so_far(mirror)
        return MirrorStatus(
            name=mirror.name,
            url=mirror.url,
            signed=mirror.signed,
            layout=found.layout,
            builds=found.builds,
            read=read,
            expected=expected,
            refreshed=found.good,
            trusted_keys=len(self._pins.pins(mirror)),
            error=found.error or _text(problem_of(self._catalog_path(mirror))),
            origin=mirror.origin,
            channel=mirror.channel,
            badge=mirror.badge,
            quarantine=self._quarantine(mirror),
            note=self._freshness.lateness(mirror),
            filters=filter_words(mirror),
            hidden=len(self.catalog().hidden.get(mirror.name, ())) if mirror.has_filter else 0,
        )

    def _read_so_far(self, mirror: Mirror) -> tuple[int, int]:
        """Records that were read and those that there will be, during the first reading alone."""
        path = self._path_to_read(mirror)
        if path == self._catalog_path(mirror):
            return 0, 0
        with suppress(MirrorError):
            if summary := read_summary(path):
                return summary.records, summary.expected
        return 0, 0

    def quarantines(self) -> tuple[Path, ...]:
        """The quarantine stores of the mirrors to use."""
        return tuple(
            quarantine_store(self._store, mirror.name)
            for mirror in self.configured()
            if mirror.is_quarantined
        )

    def _quarantine(self, mirror: Mirror) -> str:
        return str(quarantine_store(self._store, mirror.name)) if mirror.is_quarantined else ""

    def refresh(
        self, mirror: Mirror, cancel: CancelToken, progress: Progress, *, accept_older: bool = False
    ) -> MirrorStatus:
        """Read the index of a mirror, if it is another than the one known.

        The last good catalog stays when this fails.

        Raises:
            Refused: the mirror had a newer one, and `accept_older` does not allow that.
        """
        try:
            self._read_index(mirror, cancel, progress, accept_older=accept_older)
        except SpackbinError as error:
            # Where nothing can be written, the error itself counts, not that it is not noted.
            with suppress(StoreError):
                noted = msgspec.structs.replace(self._noted(mirror), error=str(error))
                self._write_note(mirror, noted)
            raise
        return self.status(mirror)

    def catalog(self) -> Catalog:
        """What all mirrors offer, by their last good indices; kept open until one changes.

        Of an index that is read for the first time, what was read so far.
        """
        with self._lock:
            # Twice, if one changes while it is opened.
            while self._catalog is None or self._catalog[0] != self._stamps():
                stamps = self._stamps()
                catalog = _opened({mirror: path for mirror, path, _ in stamps})
                self._catalog = (stamps, catalog)
            return self._catalog[1]

    def _stamps(self) -> tuple[tuple[Mirror, Path, tuple[int, int]], ...]:
        """The catalogs to read, and what tells each from the next in its place."""
        paths = {mirror: self._path_to_read(mirror) for mirror in self.configured()}
        return tuple((mirror, path, _stamp(path)) for mirror, path in paths.items())

    def _path_to_read(self, mirror: Mirror) -> Path:
        """The catalog of a mirror; without a good one what there is of it while it is made."""
        catalog = self._catalog_path(mirror)
        partial = partial_of(catalog)
        is_first = partial.exists() and (not catalog.exists() or problem_of(catalog))
        return partial if is_first else catalog

    def catalogs_left_out(self) -> Catalog:
        """What those mirrors offer that the session is not limited to; to be closed."""
        left_out = self.sources.left_out()
        return _opened({mirror: self._catalog_path(mirror) for mirror in left_out})

    def close(self) -> None:
        """Close all clients."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _read_index(
        self, mirror: Mirror, cancel: CancelToken, progress: Progress, *, accept_older: bool
    ) -> None:
        progress("asking for the index", 0, 0)
        client = self.client(mirror)
        record = client.index_record()
        known = self._noted(mirror)

        def check(index: Sha256) -> None:
            if not accept_older:
                self._freshness.check(mirror, index)

        if record.sha256 and record.is_binding:
            check(record.sha256)
        is_known = record.sha256 is not None and known.checksum == record.sha256
        if problem := self._problem(mirror):
            progress(f"{problem.title}: it is made anew", 0, 0)
        if not is_known or problem or not self._catalog_path(mirror).exists():
            known = self._take_index(client, record, known, check, cancel, progress)
            learn_revocations(client, self._pins)
        self._freshness.note(mirror, Sha256(known.checksum))
        self._write_note(mirror, msgspec.structs.replace(known, good=time.time(), error=""))
        progress("done", 1, 1)

    def _take_index(
        self,
        client: "MirrorClient",
        record: "IndexRecord",
        known: Refreshed,
        check: Callable[[Sha256], None],
        cancel: CancelToken,
        progress: Progress,
    ) -> Refreshed:
        """Fetch the index and make the catalog of it, unless it is the known one after all."""
        from core.catalog.kept import fetched_name, keep_catalog

        catalog = self._catalog_path(client.mirror)
        blob = fetched_name(catalog)
        try:
            checksum = client.fetch_index(
                record,
                blob,
                cancel=cancel,
                progress=lambda done, total: progress("fetching the index", done, total),
            )
            check(checksum)
            is_there = catalog.exists() and not self._problem(client.mirror)
            if checksum == known.checksum and is_there:
                return known
            summary = keep_catalog(
                blob,
                catalog,
                checksum=checksum,
                cancel=cancel,
                progress=lambda done, total: progress("reading the index", done, total),
            )
            return Refreshed(checksum, client.layout, summary.builds)
        finally:
            with suppress(OSError):
                blob.unlink()

    def _problem(self, mirror: Mirror) -> MirrorError | None:
        """Why the catalog of a mirror cannot be used, seen at once or when it was read."""
        return problem_of(self._catalog_path(mirror)) or self.catalog().problems.get(mirror.name)

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


def _opened(paths: Mapping[Mirror, Path]) -> Catalog:
    """The catalogs of some mirrors as one, without the builds that their filters hide."""
    by_name = {mirror.name: path for mirror, path in paths.items()}
    whole = Catalog(by_name)
    hidden = hidden_builds(paths, whole)
    if not hidden:
        return whole
    whole.close()
    return Catalog(by_name, hidden)


def _text(error: MirrorError | None) -> str:
    return str(error) if error else ""


def _stamp(path: Path) -> tuple[int, int]:
    """Tells one catalog file from the next that takes its place."""
    try:
        found = path.stat()
    except OSError:
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
