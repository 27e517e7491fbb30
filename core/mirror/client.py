"""A mirror that is in use: index, manifests, keys and blobs, all of them unverified."""

from pathlib import Path

from core.cancel import CancelToken
from core.errors import MirrorError, NotFound, Refused, StoreError, TooLong
from core.mirror.download import Progress, download
from core.mirror.layout import IndexRecord, Layout
from core.mirror.oci import check_unsigned, recognised_registry
from core.mirror.v2 import LayoutV2
from core.mirror.v3 import LayoutV3
from core.model.artifact import FetchedArtifact, RawManifest, VerifiedManifest, Wanted, wanted_of
from core.model.blobs import INDEX
from core.model.ident import Sha256
from core.model.mirror import Mirror
from core.model.spec import ConcreteSpec
from core.net.memory import Memory
from core.net.registry import SCHEMES as REGISTRY_SCHEMES
from core.net.transport import Transport, open_transport
from core.net.urls import scheme_of, shown

LARGEST_ARCHIVE = 1 << 37
"""Bytes that an archive may have whose manifest tells no size (128 GiB, far above real ones)."""


def probe(url: str) -> Layout:
    """The layout of the build cache at `url`.

    Raises:
        MirrorError: there is none, or the URL cannot be reached.
        WrongUse: the URL has a scheme that we do not speak.
    """
    transport = open_transport(url)
    try:
        return _recognised(transport, url)
    finally:
        transport.close()


def open_mirror(mirror: Mirror, memory: Memory | None = None) -> "MirrorClient":
    """A client for `mirror`, which is asked for its layout. Close it after use.

    Args:
        mirror: which.
        memory: documents that need not be sent again if they are unchanged.

    Raises:
        MirrorError: there is no build cache, or it cannot be reached.
        Refused: it is in a registry, which has no signatures, and configured as signed.
        WrongUse: the URL has a scheme that we do not speak.
    """
    check_unsigned(mirror)
    transport = open_transport(mirror.url, mirror.connection, memory)
    try:
        return MirrorClient(mirror, _recognised(transport, mirror.url), transport)
    except BaseException:
        transport.close()
        raise


def _recognised(transport: Transport, url: str) -> Layout:
    """The newest layout that is there, as Spack has it."""
    if scheme_of(url) in REGISTRY_SCHEMES:
        return recognised_registry(transport, url)
    layouts: tuple[Layout, ...] = (LayoutV3(url), LayoutV2(url))
    for layout in layouts:
        if layout.is_here(transport):
            return layout
    raise NotFound(
        f"There is no Spack build cache at {shown(url)}",
        hint="The URL must be that of the directory in which v3 and blobs are, or build_cache,"
        " and may need a release or branch at its end",
    )


class MirrorClient:
    """Reads one mirror. May be used by several threads at once.

    Every method that reads raises `MirrorError` if the mirror cannot be reached or understood.
    """

    def __init__(self, mirror: Mirror, layout: Layout, transport: Transport) -> None:
        self.mirror = mirror
        """The mirror."""
        self.layout = layout.name
        """Name of its layout, e.g. `v3`."""
        self._layout = layout
        self._transport = transport

    def index_record(self) -> IndexRecord:
        """What is known of the index at present. It is not signed, and nothing vouches for it.

        Raises:
            MirrorError: there is no index, or it needs a newer spackbin.
        """
        try:
            return self._layout.index_record(self._transport)
        except NotFound as error:
            raise self._no_index() from error

    def fetch_index(
        self,
        record: IndexRecord,
        destination: Path,
        *,
        cancel: CancelToken | None = None,
        progress: Progress,
    ) -> Sha256:
        """Fetch the index to `destination`; what was there stays unless all is well.

        Returns:
            Its digest.

        Raises:
            MirrorError: it cannot be had, or is not what its manifest says.
            StoreError: it cannot be written.
        """
        try:
            path, size, digest = download(
                self._transport,
                (record.url,),
                destination.parent,
                size=record.size,
                limit=INDEX.max_size,
                cancel=cancel,
                progress=progress,
            )
        except TooLong as error:
            raise self._wrong_index(record) from error
        except NotFound as error:
            if record.is_binding:
                raise
            raise self._no_index() from error
        is_right = record.size in (None, size) and record.sha256 == digest
        try:
            if record.is_binding and not is_right:
                raise self._wrong_index(record)
            path.replace(destination)
        except OSError as error:
            title = f"The index cannot be put into place: {error.strerror}"
            raise StoreError(title, str(destination)) from error
        finally:
            path.unlink(missing_ok=True)
        return digest

    def manifest(self, spec: ConcreteSpec) -> RawManifest:
        """The manifest at the place of `spec`, as it came.

        Raises:
            NotFound: the mirror does not have it.
        """
        try:
            url, data = self._layout.manifest(self._transport, spec)
        except NotFound as error:
            raise self._missing(wanted_of(spec), "it", error) from error
        return RawManifest(spec, self._layout.form, self.mirror.name, shown(url), data)

    def spec_document(self, manifest: VerifiedManifest) -> bytes:
        """The spec document as stored; never more bytes than the manifest says.

        Raises:
            NotFound: the mirror does not have it.
            Refused: it is longer than the manifest says.
        """
        try:
            return self._layout.spec_document(self._transport, manifest)
        except NotFound as error:
            raise self._missing(manifest.wanted, "its spec document", error) from error
        except TooLong as error:
            raise self._longer(manifest, "spec document", manifest.spec_blob.size) from error

    def key_texts(self) -> tuple[bytes, ...]:
        """The public keys on offer, as they came; empty if none are."""
        return self._layout.key_texts(self._transport)

    def fetch_artifact(
        self,
        manifest: VerifiedManifest,
        spec_document: bytes,
        directory: Path,
        *,
        cancel: CancelToken | None = None,
        progress: Progress,
    ) -> FetchedArtifact:
        """Fetch the archive into a new file in `directory`; no part of it stays on failure.

        Raises:
            NotFound: the mirror does not have it.
            Refused: it is longer than the manifest says. Bytes beyond that are never written.
            MirrorError: the connection broke; `retry` is true.
            StoreError: the file cannot be written.
        """
        record = manifest.archive
        try:
            path, size, digest = download(
                self._transport,
                self._layout.archive_urls(manifest),
                directory,
                size=record.size,
                limit=LARGEST_ARCHIVE,
                cancel=cancel,
                progress=progress,
            )
        except NotFound as error:
            raise self._missing(manifest.wanted, "its archive", error) from error
        except TooLong as error:
            raise self._longer(manifest, "archive", record.size) from error
        return FetchedArtifact(manifest, path, size, digest, spec_document)

    def close(self) -> None:
        """Give up all connections."""
        self._transport.close()

    def _missing(self, wanted: Wanted, what: str, error: NotFound) -> NotFound:
        return NotFound(
            f"Mirror {self.mirror.name} lists {wanted.label} and does not have {what}",
            error.title,
            f"Its index may be out of date: spackbin mirror refresh {self.mirror.name}",
        )

    def _longer(self, manifest: VerifiedManifest, what: str, size: int | None) -> Refused:
        bound = f"{LARGEST_ARCHIVE >> 30} GiB, too long to be true"
        return Refused(
            f"The {what} of {manifest.wanted.label} is longer than"
            f" {bound if size is None else 'its manifest says'}",
            f"Mirror {self.mirror.name}",
            "Tell who runs the mirror; nothing of it was kept",
        )

    def _no_index(self) -> MirrorError:
        return MirrorError(
            f"Mirror {self.mirror.name} has no index",
            shown(self.mirror.url),
            "Ask who runs it to run: spack buildcache update-index",
        )

    def _wrong_index(self, record: IndexRecord) -> MirrorError:
        return MirrorError(
            f"The index of mirror {self.mirror.name} is not what its manifest says",
            shown(record.url),
            "It may be changing just now: try again",
            retry=True,
        )
