"""The mirrors of a run, each opened when the first package needs what no cache has."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from core.blobs.cache import BlobCache
from core.engine.reporter import Reporter
from core.errors import SpackbinError
from core.mirror.client import MirrorClient, open_mirror
from core.mirror.manifests import DIRECTORY, ManifestShelf
from core.mirror.reader import MirrorReader
from core.model.ident import MirrorName
from core.model.mirror import Mirror
from core.settings import Settings
from core.trust.pins import PinStore
from core.trust.policy import policy_of
from core.trust.verify import Verifier


@dataclass(frozen=True, slots=True)
class Source:
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

        Raises:
            Refused: its configuration does not allow to use it.
            StoreError: the trusted keys cannot be read.
        """
        door = self._doors[name]
        with door.mutex:
            if door.found is None:
                door.found = self._made(door)
            if isinstance(door.found, SpackbinError):
                raise door.found
            return door.found

    def close(self) -> None:
        """Give up all connections."""
        for door in self._doors.values():
            door.close()

    def _made(self, door: _Door) -> Source | SpackbinError:
        mirror = door.mirror
        try:
            policy = policy_of(mirror)
            pins = self._pins.pins(mirror)
            verifier = Verifier(mirror, pins, policy, self._settings.state_dir / "keyrings")
        except SpackbinError as error:
            return error
        if policy.announcement:
            self._reporter.log(None, policy.announcement)
        return Source(MirrorReader(mirror, door.open, self._blobs, self._manifests), verifier)
