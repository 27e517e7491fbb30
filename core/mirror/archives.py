"""Archives by way of the blob cache."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from core.blobs.cache import BlobCache
from core.blobs.fetching import Order, Progress
from core.cancel import CancelToken
from core.errors import Refused, TooLong
from core.mirror.layout import Place
from core.model.artifact import FetchedArtifact, VerifiedManifest

LARGEST_ARCHIVE = 1 << 37
"""Bytes that an archive may have whose manifest tells no size (128 GiB, far above real ones)."""

Pieces = Callable[[VerifiedManifest, int, CancelToken], AbstractContextManager[Iterator[bytes]]]
"""Gives the bytes of the archive that a manifest names from an offset on."""


def fetched(
    manifest: VerifiedManifest,
    spec_document: bytes,
    blobs: BlobCache,
    pieces: Pieces,
    *,
    cancel: CancelToken | None,
    progress: Progress,
) -> FetchedArtifact:
    """The archive that a manifest names, from the cache or by `pieces`.

    Release its file in `blobs` after use.

    Raises:
        NotFound: the mirror does not have it.
        Refused: it is longer than the manifest says. Bytes beyond that are never written.
        MirrorError: the connection broke; `retry` is true.
        StoreError: the file cannot be written.
    """
    record = manifest.archive
    token = cancel or CancelToken()
    order = Order(
        record.sha256,
        record.size,
        LARGEST_ARCHIVE,
        lambda start: pieces(manifest, start, token),
        token,
        progress,
    )
    try:
        taken = blobs.take(order)
    except TooLong as error:
        raise too_long(manifest, "archive", record.size) from error
    return FetchedArtifact(manifest, taken.path, taken.size, taken.sha256, spec_document)


def within(place: Place, pieces: Iterator[bytes], start: int) -> Iterator[bytes]:
    """Of the bytes of a file from `start` bytes into the place on, those that are in the place."""
    if place.size is None:
        yield from pieces
        return
    rest = place.size - start
    while rest > 0 and (piece := next(pieces, b"")):
        yield piece[:rest]
        rest -= len(piece)


def too_long(manifest: VerifiedManifest, what: str, size: int | None) -> Refused:
    """The refusal of a blob that has more bytes than its manifest says."""
    bound = f"{LARGEST_ARCHIVE >> 30} GiB, too long to be true"
    return Refused(
        f"The {what} of {manifest.wanted.label} is longer than"
        f" {bound if size is None else 'its manifest says'}",
        f"Mirror {manifest.mirror}",
        "Tell who runs the mirror; nothing of it was kept",
    )
