"""The index of a mirror into a file."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from core.cancel import CancelToken
from core.errors import StoreError
from core.model.ident import Sha256
from core.net.transport import Transport

_ROOM = "Make room, or name another place with SPACKBIN_CACHE_DIR"
Progress = Callable[[int, int], None]
"""Called with the bytes that are here and those that will be; 0 if nobody knows these."""


def download(
    transport: Transport,
    url: str,
    directory: Path,
    *,
    size: int | None,
    limit: int,
    cancel: CancelToken | None,
    progress: Progress,
) -> tuple[Path, int, Sha256]:
    """Fetch an index into a new file in `directory`; nothing is left there if it fails.

    Args:
        transport: how to fetch.
        url: where it is.
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
        _check_room(directory, size or 0)
        with stream, transport.stream(url, limit=size or limit, cancel=cancel) as chunks:
            count, digest = _copy(chunks, stream, size or 0, progress, path)
        return path, count, digest
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _new_file(directory: Path) -> tuple[Path, BinaryIO]:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix="blob-", dir=directory)
    except OSError as error:
        raise _not_written(error, directory) from error
    # Unbuffered: whatever cannot be written must show at once, and here.
    return Path(name), os.fdopen(descriptor, "wb", buffering=0)


def _check_room(directory: Path, size: int) -> None:
    """Refuse what cannot fit, before it fills the disk for everybody else."""
    left = shutil.disk_usage(directory).free
    if size > left:
        raise StoreError(
            f"A download does not fit: it has {size:,} bytes, and {left:,} are left",
            str(directory),
            _ROOM,
        )


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
        _ROOM,
    )
