"""The archive in an archive of Spack 0.17 and before (layout 0; `binary_distribution.py`).

STEM.spack is an uncompressed tar with the package as STEM.tar.gz, its spec as STEM.spec.json, and
if it is signed, a detached signature of the spec as STEM.spec.json.asc. The package comes first and
is large, the others are small: by parts of the file they are read without it.

Spack 0.18 to 0.23 hold the package against the digest in the spec outside of the tar, which nobody
signs. We take the spec inside: that is what the signature is about.
"""

import io
import tarfile
from typing import NamedTuple

from core.errors import MirrorError, WrongUse
from core.mirror.archives import LARGEST_ARCHIVE
from core.model.blobs import SPEC_DOCUMENT
from core.model.documents import json_object
from core.net.transport import Transport
from core.net.urls import shown

_WINDOW = 1 << 18
_MAX_READ = 16 << 20
_MAX_MEMBERS = 8
_MAX_SIGNATURE = 1 << 16


class Wrapped(NamedTuple):
    """What is in the outer tar."""

    spec: bytes
    """The spec, as it was signed."""
    signature: bytes
    """The detached signature in ASCII armour; empty if there is none."""
    start: int
    """Where in the file the package begins."""
    size: int
    """Its bytes."""


def is_wrapped(spec_document: bytes) -> bool:
    """True if the archive of a spec document is of layout 0: it tells no other."""
    try:
        fields = json_object(spec_document)
    except WrongUse:
        return False
    return "spec" in fields and fields.get("buildcache_layout_version", 0) == 0


def unwrapped(transport: Transport, url: str) -> Wrapped:
    """What is in the outer tar at `url`; of the package, where.

    Raises:
        NotFound: it is not there.
        MirrorError: it is not such a tar.
    """
    try:
        with tarfile.open(fileobj=_Remote(transport, url), mode="r:") as outer:
            return _read(outer, url)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise _unusable(url, "it is not a tar with a tar in it") from error


def _read(outer: tarfile.TarFile, url: str) -> Wrapped:
    spec = signature = b""
    package: tuple[int, int] | None = None
    for number, member in enumerate(outer):
        if number >= _MAX_MEMBERS or not member.isreg():
            raise _unusable(url, "it has members that do not belong there")
        if member.name.endswith(".tar.gz"):
            package = (member.offset_data, member.size)
        elif member.name.endswith(".spec.json"):
            spec = _content(outer, member, SPEC_DOCUMENT.max_size, url)
        elif member.name.endswith(".spec.json.asc"):
            signature = _content(outer, member, _MAX_SIGNATURE, url)
        elif member.name.endswith((".tar.bz2", ".spec.yaml")):
            raise _unusable(url, "it is of a Spack older than 0.17")
    if not spec or package is None:
        raise _unusable(url, "the package or its spec is not in it")
    return Wrapped(spec, signature, *package)


def _content(outer: tarfile.TarFile, member: tarfile.TarInfo, limit: int, url: str) -> bytes:
    stream = outer.extractfile(member)
    if stream is None or member.size > limit:
        raise _unusable(url, "a member of it is too large to be true")
    return stream.read()


def _unusable(url: str, reason: str) -> MirrorError:
    return MirrorError(
        f"An archive of the kind that Spack 0.17 made cannot be used: {reason}",
        shown(url),
        "Tell who runs the mirror",
    )


class _Remote(io.RawIOBase):
    """A file of a mirror that can be read in any order, a window at a time."""

    def __init__(self, transport: Transport, url: str) -> None:
        self._transport = transport
        self._url = url
        self._position = 0
        self._start = 0
        self._window = b""
        self._read_so_far = 0

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def seekable(self) -> bool:
        """Any place can be read next."""
        return True

    def tell(self) -> int:
        """The place that is read next."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Read at `offset` next; the end is not known."""
        if whence == io.SEEK_END:
            raise io.UnsupportedOperation("the end is not known")
        self._position = offset + (self._position if whence == io.SEEK_CUR else 0)
        return self._position

    def read(self, size: int = -1) -> bytes:
        """The next `size` bytes, less at the end."""
        data = b""
        while len(data) < size and (piece := self._next(size - len(data))):
            data += piece
        return data

    def _next(self, size: int) -> bytes:
        begin = self._position - self._start
        if not 0 <= begin < len(self._window):
            self._fill()
            begin = 0
        piece = self._window[begin : begin + size]
        self._position += len(piece)
        return piece

    def _fill(self) -> None:
        self._start, self._window = self._position, b""
        with self._transport.stream(
            self._url, limit=LARGEST_ARCHIVE, start=self._position
        ) as pieces:
            while len(self._window) < _WINDOW and (piece := next(pieces, b"")):
                self._window += piece
        self._read_so_far += len(self._window)
        if self._read_so_far > _MAX_READ:
            raise _unusable(self._url, "what is beside the package is too large to be true")
