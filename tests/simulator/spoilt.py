"""Archives spoilt on purpose: the bytes of tar members, put into a good archive."""

import gzip
import io
import tarfile
import zlib
from collections.abc import Callable, Mapping

from core.archive.headers import BLOCK
from tests.simulator.mirror import SimulatedMirror
from tests.simulator.packages import Package, archive_of, build, spec_document

Spoil = Callable[[bytes, str], bytes]
"""Makes of a good archive, and the name of its prefix, a bad one."""

_SIZE, _SUM = slice(124, 136), slice(148, 156)


def push_spoilt(mirror: SimulatedMirror, name: str, spoil: Spoil) -> None:
    """Upload a package, well signed, whose archive is spoilt; it has the file `share/good`."""
    built = build(Package(name, files={"share/good": b"good\n"}), {})
    mirror.builds[name] = built
    archive = spoil(archive_of(built), built.prefix.lstrip("/"))
    mirror.upload(name, archive, spec_document(built))


def member(
    name: str,
    kind: bytes = tarfile.REGTYPE,
    *,
    data: bytes = b"",
    link: str = "",
    mode: int = 0o644,
    pax: Mapping[str, str] | None = None,
) -> bytes:
    """One member, with its extended headers before it and its content after."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode, info.size = kind, link, mode, len(data)
    info.pax_headers = dict(pax or {})
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape") + padded(data)


def gnu(kind: bytes, text: bytes) -> bytes:
    """A header of GNU for the next member: a long name (`L`) or a long target (`K`)."""
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = kind, len(text)
    return info.tobuf(tarfile.GNU_FORMAT) + padded(text)


def with_size(header: bytes, field: bytes) -> bytes:
    """A header that says its size in these bytes, its checksum right."""
    return summed(header[: _SIZE.start] + field.ljust(12, b"\0") + header[_SIZE.stop :])


def summed(header: bytes) -> bytes:
    """A header of one block with the right checksum."""
    spaced = header[: _SUM.start] + b" " * 8 + header[_SUM.stop :]
    return spaced[: _SUM.start] + b"%06o\0 " % sum(spaced[:BLOCK]) + spaced[_SUM.stop :]


def padded(data: bytes) -> bytes:
    """Data up to the end of a block."""
    return data + bytes(-len(data) % BLOCK)


def adding(*more: bytes | Callable[[str], bytes]) -> Spoil:
    """Puts members before the build info; those that need it are given the name of the prefix."""

    def spoil(archive: bytes, top: str) -> bytes:
        raw, at = gzip.decompress(archive), start_of(archive, ".spack/binary_distribution")
        added = b"".join(part if isinstance(part, bytes) else part(top) for part in more)
        return packed(raw[:at] + added + raw[at:])

    return spoil


def instead(suffix: str, *more: Callable[[str], bytes]) -> Spoil:
    """Puts members in the place of the file whose name ends so, or leaves it off."""

    def spoil(archive: bytes, top: str) -> bytes:
        raw, at = gzip.decompress(archive), start_of(archive, suffix)
        after = min((start for start in starts(archive).values() if start > at), default=len(raw))
        if suffix.endswith("binary_distribution"):
            after = len(raw) - len(raw[at:]) + ending(raw[at:])
        return packed(raw[:at] + b"".join(part(top) for part in more) + raw[after:])

    return spoil


def ending(rest: bytes) -> int:
    """Where the zeros begin that end a tar archive, in whole blocks."""
    return -(-len(rest.rstrip(b"\0")) // BLOCK) * BLOCK


def starts(archive: bytes) -> dict[str, int]:
    """Where in the unpacked archive each member begins, its extended headers included."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return {info.name: info.offset for info in opened.getmembers()}


def start_of(archive: bytes, suffix: str) -> int:
    """Where the one member begins whose name ends so."""
    (start,) = (at for name, at in starts(archive).items() if name.endswith(suffix))
    return start


def packed(raw: bytes) -> bytes:
    """A gzip file."""
    return gzip.compress(raw, compresslevel=1, mtime=0)


def bomb(raw: bytes, zeros: int) -> bytes:
    """A gzip file that unpacks to `raw` and then to so many zeros; its end is missing."""
    piece = 16 << 20
    pressed = zlib.compressobj(9, wbits=31)
    first = pressed.compress(raw) + pressed.flush(zlib.Z_FULL_FLUSH)
    again = pressed.compress(bytes(piece)) + pressed.flush(zlib.Z_FULL_FLUSH)
    return first + again * (zeros // piece)
