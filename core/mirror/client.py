"""A mirror that is in use: index, manifests, keys and blobs, all of them unverified."""

from pathlib import Path

from core.cancel import CancelToken
from core.errors import MirrorError, NotFound, Refused, StoreError, TooLong
from core.mirror.download import Progress, download
from core.mirror.layout import Layout
from core.mirror.v3 import MAX_DOCUMENT, LayoutV3
from core.model.artifact import (
    BlobRecord,
    FetchedArtifact,
    RawManifest,
    VerifiedManifest,
    Wanted,
)
from core.model.mirror import Mirror
from core.net.transport import Transport, open_transport
from core.net.urls import shown


def probe(url: str) -> Layout:
    """The layout of the build cache at `url`.

    Raises:
        MirrorError: there is none, it has an old layout, or the URL cannot be reached.
        WrongUse: the URL has a scheme that we do not speak.
    """
    transport = open_transport(url)
    try:
        return _recognised(transport, url)
    finally:
        transport.close()


def open_mirror(mirror: Mirror) -> "MirrorClient":
    """A client for `mirror`, which is asked for its layout. Close it after use.

    Raises:
        MirrorError: there is no build cache, it has an old layout, or it cannot be reached.
        WrongUse: the URL has a scheme that we do not speak.
    """
    transport = open_transport(mirror.url)
    try:
        return MirrorClient(mirror, _recognised(transport, mirror.url), transport)
    except BaseException:
        transport.close()
        raise


def _recognised(transport: Transport, url: str) -> Layout:
    layout = LayoutV3(url)
    if layout.is_here(transport):
        return layout
    if _has_old_layout(transport, url):
        raise MirrorError(
            f"The build cache at {shown(url)} has a layout from before Spack 1.0",
            "Such layouts are not read yet",
            "Ask who runs the mirror for one made by Spack 1.0 or later",
        )
    raise MirrorError(
        f"There is no Spack build cache at {shown(url)}",
        hint="The URL must be that of the directory in which v3 and blobs are, and may need"
        " a release or branch at its end",
    )


def _has_old_layout(transport: Transport, url: str) -> bool:
    places = ("build_cache/index.json", "build_cache/_pgp/index.json", "build_cache/")
    return any(transport.exists(f"{url}/{place}") for place in places)


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

    def index_record(self) -> BlobRecord:
        """Which blob is the index at present. It is not signed, and nothing vouches for it.

        Raises:
            MirrorError: there is no index, or it needs a newer spackbin.
        """
        try:
            return self._layout.index_record(self._transport)
        except NotFound as error:
            raise MirrorError(
                f"Mirror {self.mirror.name} has no index",
                shown(self.mirror.url),
                "Ask who runs it to run: spack buildcache update-index",
            ) from error

    def fetch_index(
        self,
        record: BlobRecord,
        destination: Path,
        *,
        cancel: CancelToken | None = None,
        progress: Progress,
    ) -> None:
        """Fetch the index to `destination`; what was there stays unless all is well.

        Raises:
            MirrorError: it cannot be had, or is not what its manifest says.
            StoreError: it cannot be written.
        """
        url = self._layout.blob_url(record)
        try:
            path, size, digest = download(
                self._transport,
                url,
                record,
                destination.parent,
                cancel=cancel,
                progress=progress,
            )
        except TooLong as error:
            raise self._wrong_index(url) from error
        try:
            if (size, digest) != (record.size, record.sha256):
                raise self._wrong_index(url)
            path.replace(destination)
        except OSError as error:
            title = f"The index cannot be put into place: {error.strerror}"
            raise StoreError(title, str(destination)) from error
        finally:
            path.unlink(missing_ok=True)

    def manifest(self, wanted: Wanted) -> RawManifest:
        """The manifest at the place of `wanted`, as it came.

        Raises:
            NotFound: the mirror does not have it.
        """
        url = self._layout.manifest_url(wanted)
        try:
            data = self._transport.get(url, limit=MAX_DOCUMENT)
        except NotFound as error:
            raise self._missing(wanted, "it", error) from error
        return RawManifest(wanted, self.mirror.name, shown(url), data)

    def spec_document(self, manifest: VerifiedManifest) -> bytes:
        """The spec document as stored; never more bytes than the manifest says.

        Raises:
            NotFound: the mirror does not have it.
            Refused: it is longer than the manifest says.
        """
        record = manifest.spec_blob
        try:
            return self._transport.get(self._layout.blob_url(record), limit=record.size)
        except NotFound as error:
            raise self._missing(manifest.wanted, "its spec document", error) from error
        except TooLong as error:
            raise self._longer(manifest, "spec document") from error

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
                self._layout.blob_url(record),
                record,
                directory,
                cancel=cancel,
                progress=progress,
            )
        except NotFound as error:
            raise self._missing(manifest.wanted, "its archive", error) from error
        except TooLong as error:
            raise self._longer(manifest, "archive") from error
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

    def _longer(self, manifest: VerifiedManifest, what: str) -> Refused:
        return Refused(
            f"The {what} of {manifest.wanted.label} is longer than its manifest says",
            f"Mirror {self.mirror.name}",
            "Tell who runs the mirror; nothing of it was kept",
        )

    def _wrong_index(self, url: str) -> MirrorError:
        return MirrorError(
            f"The index of mirror {self.mirror.name} is not what its manifest says",
            shown(url),
            "It may be changing just now: try again",
            retry=True,
        )
