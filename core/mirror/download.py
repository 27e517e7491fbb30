"""Blobs from a mirror into files."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from core.cancel import CancelToken
from core.errors import StoreError
from core.model.artifact import BlobRecord
from core.model.ident import Sha256
from core.net.transport import Transport

Progress = Callable[[int, int], None]
"""Called with the bytes that are here and those that will be."""


def download(
    transport: Transport,
    url: str,
    record: BlobRecord,
    directory: Path,
    *,
    cancel: CancelToken | None,
    progress: Progress,
) -> tuple[Path, int, Sha256]:
    """Fetch a blob into a new file in `directory`; nothing is left there if it fails.

    Returns:
        The file, how many bytes came, and their digest. Neither was compared with `record`,
        but more bytes than it says never come.

    Raises:
        MirrorError: the blob cannot be had; `TooLong` if it is longer than `record` says.
        StoreError: the file cannot be written.
    """
    path, stream = _new_file(directory, record.sha256)
    try:
        with stream, transport.stream(url, limit=record.size, cancel=cancel) as chunks:
            size, digest = _copy(chunks, stream, record.size, progress, path)
        return path, size, digest
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _new_file(directory: Path, digest: Sha256) -> tuple[Path, BinaryIO]:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f"{digest[:12]}-", dir=directory)
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
