"""A mirror that is in use: index, manifests, keys and blobs, all of them unverified."""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.cancel import CancelToken
from core.errors import MirrorError, NotFound, StoreError, TooLong
from core.mirror.archives import LARGEST_ARCHIVE, too_long, within
from core.mirror.download import Progress, download
from core.mirror.layout import IndexRecord, Layout
from core.mirror.v3 import LayoutV3
from core.model.artifact import RawManifest, VerifiedManifest, Wanted, wanted_of
from core.model.blobs import INDEX
from core.model.ident import Sha256
from core.model.mirror import Mirror
from core.model.spec import ConcreteSpec
from core.net.files import path_of
from core.net.memory import Memory
from core.net.registry import SCHEMES as REGISTRY_SCHEMES
from core.net.transport import Transport, open_transport
from core.net.urls import scheme_of, shown

_LOST = "Look at how it is written, and whether its file system is mounted"


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
    if scheme_of(mirror.url) in REGISTRY_SCHEMES:
        from core.mirror.oci import check_unsigned

        check_unsigned(mirror)
    transport = open_transport(mirror.url, mirror.connection, memory)
    try:
        return MirrorClient(mirror, _recognised(transport, mirror.url, mirror.view), transport)
    except BaseException:
        transport.close()
        raise


def _recognised(transport: Transport, url: str, view: str = "") -> Layout:
    """The newest layout that is there, as Spack has it; only v3 has views.

    What is not of the newest layout is loaded when it is met.
    """
    if scheme_of(url) in REGISTRY_SCHEMES:
        if view:
            raise MirrorError(f"A registry has no views of its index, such as {view}", shown(url))
        from core.mirror.oci import recognised_registry

        return recognised_registry(transport, url)
    newest = LayoutV3(url, view)
    if newest.is_here(transport):
        return newest
    if not view:
        from core.mirror.v2 import LayoutV2

        older = LayoutV2(url)
        if older.is_here(transport):
            return older
    if scheme_of(url) == "file" and not os.path.exists(path_of(url)):
        raise NotFound(f"There is no directory {path_of(url)}", hint=_LOST)
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
                record.url,
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
            url, data, form = self._layout.manifest(self._transport, spec)
        except NotFound as error:
            raise self._missing(wanted_of(spec), "it", error) from error
        return RawManifest(spec, form or self._layout.form, self.mirror.name, shown(url), data)

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
            raise too_long(manifest, "spec document", manifest.spec_blob.size) from error

    def key_texts(self) -> tuple[bytes, ...]:
        """The public keys on offer, as they came; empty if none are."""
        return self._layout.key_texts(self._transport)

    @contextmanager
    def archive(
        self, manifest: VerifiedManifest, start: int, cancel: CancelToken
    ) -> Generator[Iterator[bytes]]:
        """The bytes of the archive from `start` on, in pieces of any size.

        Raises:
            NotFound: the mirror does not have it.
            TooLong: it is longer than the manifest says. No piece beyond that is delivered.
            MirrorError: the connection broke; `retry` is true.
        """
        try:
            place = self._layout.archive_place(self._transport, manifest)
            # More may follow after an archive that is a part of a file.
            size = None if place.size else manifest.archive.size
            with self._transport.stream(
                place.url,
                limit=size or LARGEST_ARCHIVE,
                start=place.start + start,
                cancel=cancel,
            ) as pieces:
                yield within(place, pieces, start)
        except NotFound as error:
            raise self._missing(manifest.wanted, "its archive", error) from error

    def close(self) -> None:
        """Give up all connections."""
        self._transport.close()

    def _missing(self, wanted: Wanted, what: str, error: NotFound) -> NotFound:
        return NotFound(
            f"Mirror {self.mirror.name} lists {wanted.label} and does not have {what}",
            error.title,
            f"Its index may be out of date: spackbin mirror refresh {self.mirror.name}",
        )

    def _no_index(self) -> MirrorError:
        view = self.mirror.view
        return MirrorError(
            f"Mirror {self.mirror.name} has no index" + (f" named {view}" if view else ""),
            shown(self.mirror.url),
            "Ask who runs it to run: spack buildcache update-index"
            + (f" --name {view}" if view else ""),
        )

    def _wrong_index(self, record: IndexRecord) -> MirrorError:
        return MirrorError(
            f"The index of mirror {self.mirror.name} is not what its manifest says",
            shown(record.url),
            "It may be changing just now: try again",
            retry=True,
        )
