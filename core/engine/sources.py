"""The mirrors of a run, each opened when the first package needs what no cache has."""

import threading
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from core.blobs.cache import BlobCache
from core.engine.reporter import Reporter
from core.errors import SpackbinError
from core.mirror.client import MirrorClient, open_mirror
from core.mirror.manifests import DIRECTORY, ManifestShelf
from core.mirror.reader import MirrorReader
from core.model.ident import MirrorName
from core.model.mirror import Mirror
from core.model.value import Value
from core.settings import Settings
from core.trust.pins import Pin, PinStore
from core.trust.policy import policy_of
from core.trust.verify import Verifier


class Source(Value, frozen=True):
    """A mirror in use."""

    reader: MirrorReader
    """The mirror, behind the caches."""
    verifier: Verifier
    """What its manifests are held against."""


class _Door:
    """One mirror: opened once, or found closed once."""

    def __init__(self, mirror: Mirror) -> None:
        self.mirror = mirror
        self.mutex = threading.RLock()
        self.found: Source | SpackbinError | None = None
        self.pins: tuple[Pin, ...] = ()
        self.client: MirrorClient | SpackbinError | None = None

    def open(self) -> MirrorClient:
        """The open client; who asks for one that could not be opened hears it again."""
        with self.mutex:
            if self.client is None:
                try:
                    self.client = open_mirror(self.mirror)
                except SpackbinError as error:
                    self.client = error
            if isinstance(self.client, SpackbinError):
                raise self.client
            return self.client

    def close(self) -> None:
        """Close the client, if there is one."""
        if isinstance(self.client, MirrorClient):
            self.client.close()


class Sources:
    """May be used by several threads at once; a mirror that is slow to open keeps no other."""

    def __init__(
        self,
        mirrors: Iterable[Mirror],
        pins: PinStore,
        settings: Settings,
        reporter: Reporter,
        blobs: BlobCache,
    ) -> None:
        self._pins = pins
        self._settings = settings
        self._reporter = reporter
        self._blobs = blobs
        self._manifests = ManifestShelf(settings.cache_dir / DIRECTORY)
        self._doors = {mirror.name: _Door(mirror) for mirror in mirrors}

    def get(self, name: MirrorName) -> Source:
        """The mirror of this name; it is not asked anything yet.

        The keys that count are those that are trusted now, whatever was when the run began.

        Raises:
            Refused: its configuration does not allow to use it.
            StoreError: the trusted keys cannot be read.
        """
        door = self._doors[name]
        with door.mutex:
            pins = self._pins.pins(door.mirror)
            if door.found is None:
                door.found = self._made(door, pins)
            elif isinstance(door.found, Source) and pins != door.pins:
                door.found = replace(door.found, verifier=self._verifier(door.mirror, pins))
            door.pins = pins
            if isinstance(door.found, SpackbinError):
                raise door.found
            return door.found

    def close(self) -> None:
        """Give up all connections."""
        for door in self._doors.values():
            door.close()

    def _made(self, door: _Door, pins: Sequence[Pin]) -> Source | SpackbinError:
        mirror = door.mirror
        try:
            verifier = self._verifier(mirror, pins)
        except SpackbinError as error:
            return error
        announcement = policy_of(mirror).announcement
        if announcement:
            self._reporter.log(None, announcement)
        return Source(MirrorReader(mirror, door.open, self._blobs, self._manifests), verifier)

    def _verifier(self, mirror: Mirror, pins: Sequence[Pin]) -> Verifier:
        return Verifier(mirror, pins, policy_of(mirror), self._settings.state_dir / "keyrings")
