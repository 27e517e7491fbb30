"""Headers read in one go are what headers read step by step are, damaged ones too."""

import io
import tarfile

from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core.archive.headers import BLOCK, Header, read_headers
from core.archive.stream import UnpackedStream
from core.errors import Refused

NAMES = ("a", "b" * 99, "c" * 160, "d/" + "e" * 120, "caf\u00e9", "f" * 80 + "/" + "g" * 60)
TYPES = (tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.AREGTYPE)
ENTRIES = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from(TYPES),
        st.sampled_from((0o644, 0o755, 0o4755, 0)),
        st.integers(0, 1500),
    ),
    min_size=1,
    max_size=6,
)
PLAIN = [("c" * 160, tarfile.REGTYPE, 0o644, 700)] * 4
FORMATS = st.sampled_from((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT))
DAMAGE = st.lists(st.tuples(st.integers(0, 10 * BLOCK), st.sampled_from(b"\0 079x=\n/._-+\x80")))


def packed(entries: list[tuple[str, bytes, int, int]], form: int) -> bytes:
    with io.BytesIO() as raw:
        with tarfile.open(fileobj=raw, mode="w", format=form) as tar:
            for name, kind, mode, size in entries:
                entry = tarfile.TarInfo(name)
                entry.type, entry.mode = kind, mode
                entry.linkname = "a" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
                entry.size = size if kind in (tarfile.REGTYPE, tarfile.AREGTYPE) else 0
                tar.addfile(entry, io.BytesIO(b"x" * entry.size))
        return raw.getvalue()


def repair_checksums(data: bytearray) -> None:
    """So that damage is looked at, and not only found."""
    for at in range(0, len(data), BLOCK):
        block = data[at : at + BLOCK]
        if block[257:262] == b"ustar":
            total = sum(block[:148]) + sum(block[156:]) + 8 * 32
            data[at + 148 : at + 156] = b"%06o\0 " % total


def read(data: bytes, piece: int) -> list[Header | str]:
    """The headers, then what was wrong; targets of what is no link do not matter."""
    pieces = (data[at : at + piece] for at in range(0, len(data), piece))
    found: list[Header | str] = []
    try:
        for header in read_headers(UnpackedStream(pieces)):
            is_link = header.kind in (b"1", b"2")
            found.append(header if is_link else replace(header, target=""))
    except Refused as error:
        found.append(str(error))
    return found


@given(entries=ENTRIES, form=FORMATS, damage=DAMAGE, is_repaired=st.booleans())
@example(entries=PLAIN, form=tarfile.PAX_FORMAT, damage=[], is_repaired=False)
@example(entries=PLAIN, form=tarfile.PAX_FORMAT, damage=[(3709, ord("_"))], is_repaired=True)
@settings(deadline=None, max_examples=300)
def test_at_once_or_step_by_step(
    entries: list[tuple[str, bytes, int, int]],
    form: int,
    damage: list[tuple[int, int]],
    *,
    is_repaired: bool,
) -> None:
    try:
        data = bytearray(packed(entries, form))
    except ValueError:  # the format cannot hold such a name
        return
    for at, byte in damage:
        data[at % len(data)] = byte
    if is_repaired:
        repair_checksums(data)
    at_once = read(bytes(data), len(data))
    # No header is ever at hand as a whole.
    assert at_once == read(bytes(data), BLOCK - 1)
    if not damage:
        assert len(at_once) == len(entries)
