"""Reading builds of one mirror by way of the caches: what is here is not asked for again."""

import hashlib
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from core.blobs.cache import BlobCache
from core.blobs.fetching import Progress
from core.cancel import CancelToken
from core.errors import MirrorError, NotFound, TooLong
from core.mirror.archives import fetched
from core.mirror.client import MirrorClient
from core.mirror.manifests import ManifestShelf
from core.model.artifact import FetchedArtifact, RawManifest, VerifiedManifest
from core.model.blobs import SPEC_DOCUMENT
from core.model.mirror import Mirror
from core.model.spec import ConcreteSpec

SILENCE = 30.0
"""Seconds for which a mirror that did not answer is not asked again."""


class Found(NamedTuple):
    """A manifest, nothing in it believed."""

    raw: RawManifest
    """It, as it came."""
    seen: float | None = None
    """When the mirror had it, seconds since the epoch; `None` if that is now."""
    silence: MirrorError | None = None
    """Why the mirror could not be asked, of a manifest that is not of now."""

    @property
    def note(self) -> str:
        """What to tell about it, a sentence without a final full stop; may be empty."""
        if self.seen is None:
            return ""
        day = time.strftime("%Y-%m-%d", time.localtime(self.seen))
        return f"Mirror {self.raw.mirror} did not answer, its manifest of {day} was used"


class MirrorReader:
    """Reads one mirror. May be used by several threads at once.

    The mirror is asked for a manifest each time; one that was good before stands in for it only
    while the mirror does not answer. Blobs are known by their digest, and fetched once.
    """

    def __init__(
        self,
        mirror: Mirror,
        opened: Callable[[], MirrorClient],
        blobs: BlobCache,
        manifests: ManifestShelf,
    ) -> None:
        """Make ready; nothing is asked yet.

        Args:
            mirror: the mirror.
            opened: gives the open client; called when the mirror must be asked, and again after
                it failed.
            blobs: the blob cache.
            manifests: manifests that were good before.
        """
        self.mirror = mirror
        """The mirror."""
        self._opened = opened
        self._blobs = blobs
        self._manifests = manifests
        self._opening = threading.Lock()
        self._silence: tuple[float, MirrorError] | None = None

    def manifest(self, spec: ConcreteSpec) -> Found:
        """The manifest at the place of `spec`; an old one if the mirror does not answer.

        Raises:
            NotFound: the mirror does not have it.
            MirrorError: the mirror does not answer, and there is no old one.
        """
        is_open = False
        try:
            with self._opening:
                # One tries a mirror that does not answer, and the others hear of it.
                silence = self._lasting_silence()
                if silence and (kept := self._manifests.recall(self.mirror, spec)):
                    return Found(*kept, silence)
                client = self._client()
            is_open = True
            return Found(client.manifest(spec))
        except MirrorError as error:
            # That it is not there, or not any more, is an answer.
            is_answer = is_open and isinstance(error, NotFound | TooLong)
            kept = None if is_answer else self._manifests.recall(self.mirror, spec)
            if kept is None:
                raise
            self._silence = (time.monotonic(), error)
            return Found(*kept, error)

    def keep(self, found: Found) -> None:
        """Keep a manifest that was verified just now."""
        if found.seen is None:
            self._manifests.keep(self.mirror, found.raw)

    def spec_document_size(self, manifest: VerifiedManifest) -> int | None:
        """Bytes of the spec document if it need not be fetched, unless it turns out to be damaged.

        `None` if the mirror must be asked.
        """
        return self._blobs.size_of(manifest.spec_blob.sha256)

    def spec_document(self, manifest: VerifiedManifest) -> bytes:
        """The spec document as stored; never more bytes than the manifest says.

        Raises:
            NotFound: the mirror does not have it.
            Refused: it is longer than the manifest says.
        """
        record = manifest.spec_blob
        known = self._blobs.document(record.sha256, record.size or SPEC_DOCUMENT.max_size)
        if known is not None:
            return known
        document = self._opened().spec_document(manifest)
        if document != manifest.text and hashlib.sha256(document).hexdigest() == record.sha256:
            self._blobs.keep(document)
        return document

    def has_archive(self, manifest: VerifiedManifest) -> bool:
        """True if the archive need not be fetched, unless it turns out to be damaged."""
        return self._blobs.has(manifest.archive.sha256)

    def fetch_artifact(
        self,
        manifest: VerifiedManifest,
        spec_document: bytes,
        *,
        cancel: CancelToken | None = None,
        progress: Progress,
    ) -> FetchedArtifact:
        """The archive; see `core.mirror.archives.fetched`. Release its file after use."""
        return fetched(
            manifest, spec_document, self._blobs, self._archive, cancel=cancel, progress=progress
        )

    @contextmanager
    def _archive(
        self, manifest: VerifiedManifest, start: int, cancel: CancelToken
    ) -> Generator[Iterator[bytes]]:
        with self._opened().archive(manifest, start, cancel) as pieces:
            yield pieces

    def _client(self) -> MirrorClient:
        try:
            return self._opened()
        except MirrorError as error:
            # Noted before the next in the queue may try.
            self._silence = (time.monotonic(), error)
            raise

    def _lasting_silence(self) -> MirrorError | None:
        silence = self._silence
        if silence and time.monotonic() - silence[0] < SILENCE:
            return silence[1]
        return None
