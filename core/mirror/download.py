"""Blobs from a mirror into files."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from core.cancel import CancelToken
from core.errors import StoreError
from core.model.ident import Sha256
from core.net.transport import Transport

Progress = Callable[[int, int], None]
"""Called with the bytes that are here and those that will be; 0 if nobody knows these."""


def download(
    transport: Transport,
    urls: tuple[str, ...],
    directory: Path,
    *,
    size: int | None,
    limit: int,
    cancel: CancelToken | None,
    progress: Progress,
) -> tuple[Path, int, Sha256]:
    """Fetch a blob into a new file in `directory`; nothing is left there if it fails.

    Args:
        transport: how to fetch.
        urls: where it may be; the first that has something counts.
        directory: where the file goes; made if need be.
        size: bytes that are announced, `None` if nobody knows.
        limit: bytes that may come if nobody knows how many there are.
        cancel: looked at between pieces.
        progress: told after each piece.

    Returns:
        The file, how many bytes came, and their digest. The number was not compared with `size`,
        but more never come.

    Raises:
        MirrorError: the blob cannot be had; `TooLong` if it is longer than it may be.
        StoreError: the file cannot be written.
    """
    path, stream = _new_file(directory)
    try:
        with stream, _first_stream(transport, urls, size or limit, cancel) as chunks:
            count, digest = _copy(chunks, stream, size or 0, progress, path)
        return path, count, digest
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@contextmanager
def _first_stream(
    transport: Transport, urls: tuple[str, ...], limit: int, cancel: CancelToken | None
) -> Generator[Iterator[bytes]]:
    *others, last = urls
    found = next((url for url in others if transport.exists(url)), last)
    with transport.stream(found, limit=limit, cancel=cancel) as chunks:
        yield chunks


def _new_file(directory: Path) -> tuple[Path, BinaryIO]:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix="blob-", dir=directory)
    except OSError as error:
        raise _not_written(error, directory) from error
    # Unbuffered: whatever cannot be written must show at once, and here.
    return Path(name), os.fdopen(descriptor, "wb", buffering=0)


def _copy(
    chunks: Iterator[bytes], stream: BinaryIO, total: int, progress: Progress, path: Path
) -> tuple[int, Sha256]:
    digest = hashlib.sha256()
    size = 0
    for chunk in chunks:
        _write(stream, chunk, path)
        digest.update(chunk)
        size += len(chunk)
        progress(size, total)
    return size, Sha256(digest.hexdigest())


def _write(stream: BinaryIO, chunk: bytes, path: Path) -> None:
    rest = memoryview(chunk)
    try:
        while rest:
            rest = rest[stream.write(rest) :]
    except OSError as error:
        raise _not_written(error, path) from error


def _not_written(error: OSError, path: Path) -> StoreError:
    return StoreError(
        f"A download cannot be written: {error.strerror}",
        str(path),
        "Make room, or name another place with SPACKBIN_CACHE_DIR",
    )
