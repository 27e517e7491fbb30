"""Blobs, and places that they come from."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.blobs.cache import BlobCache
from core.blobs.fetching import Order
from core.cancel import CancelToken
from core.errors import MirrorError
from core.model.ident import Sha256


def digest(data: bytes) -> Sha256:
    return Sha256(hashlib.sha256(data).hexdigest())


class Place:
    """Something that sends a blob, and counts how often it is asked."""

    def __init__(self, data: bytes, piece: int = 1000) -> None:
        self.data = data
        self.piece = piece
        self.starts: list[int] = []
        """Where it was asked to begin, in order."""
        self.breaks_at: int | None = None
        """Byte at which it breaks the connection off."""

    @contextmanager
    def pieces(self, start: int) -> Iterator[Iterator[bytes]]:
        self.starts.append(start)
        yield self._pieces(start)

    def _pieces(self, start: int) -> Iterator[bytes]:
        end = len(self.data) if self.breaks_at is None else self.breaks_at
        for begin in range(start, end, self.piece):
            yield self.data[begin : min(end, begin + self.piece)]
        if self.breaks_at is not None:
            raise MirrorError("The line is cut", retry=True)

    def order(
        self, wanted: bytes | None = None, *, size: bool = True, cancel: CancelToken | None = None
    ) -> Order:
        data = self.data if wanted is None else wanted
        return Order(
            digest(data),
            len(data) if size else None,
            1 << 30,
            self.pieces,
            cancel or CancelToken(),
        )


def files(cache: BlobCache) -> dict[str, int]:
    """What lies in a cache: name and size."""
    found = (path for path in cache.directory.rglob("*") if path.is_file())
    return {path.name: path.stat().st_size for path in found}


def blob_path(directory: Path, data: bytes) -> Path:
    name = digest(data)
    return directory / "blobs/sha256" / name[:2] / name


def put(directory: Path, data: bytes, content: bytes | None = None) -> Path:
    """Put a blob, or something else in its place, into a cache as its owner would."""
    path = blob_path(directory, data)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if content is None else content)
    return path
