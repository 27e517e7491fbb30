"""Mirrors on a file system, by `file://` URLs."""

import errno
import os
import stat
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from io import FileIO
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from core.cancel import CancelToken
from core.errors import MirrorError, NotFound, TooLong
from core.net.urls import shown

_CHUNK = 1 << 18


def file_url(path: Path) -> str:
    """The `file://` URL of an absolute path, in percent encoding."""
    return "file://" + quote(os.fsencode(path))


def path_of(url: str) -> Path:
    """The path that a `file://` URL means.

    Raises:
        MirrorError: the URL names another host, or no path at all.
    """
    parts = urlsplit(url)
    path = unquote(parts.path, errors="surrogateescape")
    if parts.netloc not in ("", "localhost") or "\0" in path or not path.startswith("/"):
        raise MirrorError(
            f"{shown(url)} names no file on this host", hint="Write file:///absolute/path"
        )
    return Path(path)


class FileTransport:
    """Reads regular files, and nothing else: no device, no FIFO."""

    def get(self, url: str, *, limit: int, cancel: CancelToken | None = None) -> bytes:
        """See `Transport.get`."""
        with self.stream(url, limit=limit, cancel=cancel) as chunks:
            return b"".join(chunks)

    @contextmanager
    def stream(
        self, url: str, *, limit: int, start: int = 0, cancel: CancelToken | None = None
    ) -> Generator[Iterator[bytes]]:
        """See `Transport.stream`."""
        with closing(_chunks(path_of(url), limit, start, cancel)) as chunks:
            yield chunks

    def exists(self, url: str) -> bool:
        """See `Transport.exists`."""
        path = path_of(url)
        try:
            path.stat()
        except OSError as error:
            plain = _plainly(error, path)
            if isinstance(plain, NotFound):
                return False
            raise plain from error
        return True

    def close(self) -> None:
        """See `Transport.close`; there is nothing to give up."""


def _chunks(path: Path, limit: int, start: int, cancel: CancelToken | None) -> Generator[bytes]:
    try:
        with _opened(path) as stream:
            if os.fstat(stream.fileno()).st_size > limit:
                raise TooLong(f"{path} has more than {limit:,} bytes")
            done = stream.seek(start)
            while chunk := stream.read(_CHUNK):
                # The file may grow while it is read.
                done += len(chunk)
                if done > limit:
                    raise TooLong(f"{path} has more than {limit:,} bytes")
                if cancel:
                    cancel.check()
                yield chunk
    except OSError as error:
        raise _plainly(error, path) from error


def _opened(path: Path) -> FileIO:
    # A FIFO would otherwise wait for a writer that never comes.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise MirrorError(f"{path} is not a regular file")
    return FileIO(descriptor)


def _plainly(error: OSError, path: Path) -> MirrorError:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return NotFound(f"{path} does not exist")
    if error.errno in (errno.EACCES, errno.EPERM):
        return MirrorError(
            f"{path} may not be read", hint="Ask who runs the mirror for permission to read it"
        )
    # What is left is the file system's own trouble, such as EIO or ESTALE on a network.
    is_passing = error.errno in (errno.EIO, errno.ESTALE, errno.ETIMEDOUT)
    return MirrorError(f"{path} cannot be read: {error.strerror}", retry=is_passing)
