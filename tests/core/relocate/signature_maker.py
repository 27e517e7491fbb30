"""Ad-hoc signatures of Mach-O files as linkers make them, and a look at whether they hold."""

import hashlib
import struct

_PAGE = 4096


def ad_hoc_signature(
    data: bytes, name: str, text: int, by_somebody: bytes = b"", *, hashes: tuple[int, ...] = (2,)
) -> bytes:
    """The signature of a file of which `data` is all that stands before it.

    Args:
        data: what is hashed.
        name: the name in it.
        text: bytes of the segment with the program.
        by_somebody: bytes of a signature proper; there is no such blob if empty.
        hashes: kinds of hash, a table for each: 1 is SHA-1, 2 SHA-256, 3 that cut short.
    """
    blobs = [
        (0 if index == 0 else 0x1000 + index - 1, _table(data, name, text, kind))
        for index, kind in enumerate(hashes)
    ]
    if by_somebody:
        blobs.append((0x10000, struct.pack(">2L", 0xFADE0B01, 8 + len(by_somebody)) + by_somebody))
    at = -(-(12 + 8 * len(blobs)) // 8) * 8
    index, body = b"", b""
    for slot, blob in blobs:
        index += struct.pack(">2L", slot, at + len(body))
        body += blob
    head = struct.pack(">3L", 0xFADE0CC0, at + len(body), len(blobs)) + index
    return head.ljust(at, b"\0") + body


def wrong_pages(data: bytes, start: int, signature: int) -> list[int]:
    """Numbers of the pages whose hash in the first table does not hold.

    Args:
        data: the file.
        start: where the slice begins in it.
        signature: where in the slice the signature begins.
    """
    at = start + signature
    (first,) = struct.unpack_from(">L", data, at + 16)
    hashes, _, _, count, end = struct.unpack_from(">5L", data, at + first + 16)
    found: list[int] = []
    for number in range(count):
        page = data[start + number * _PAGE : start + min((number + 1) * _PAGE, end)]
        slot = at + first + hashes + 32 * number
        if hashlib.sha256(page).digest() != data[slot : slot + 32]:
            found.append(number)
    return found


def _table(data: bytes, name: str, text: int, kind: int) -> bytes:
    algorithm, kept = {1: ("sha1", 20), 2: ("sha256", 32), 3: ("sha256", 20)}[kind]
    pages = [data[at : at + _PAGE] for at in range(0, len(data), _PAGE)]
    digests = b"".join(hashlib.new(algorithm, page).digest()[:kept] for page in pages)
    names = 88
    words = name.encode() + b"\0"
    # The digests begin at a multiple of 16, as linkers have it, if this is the only table.
    words = words.ljust(-(-(24 + names + len(words)) // 16) * 16 - 24 - names, b"\0")
    hashes = names + len(words)
    head = struct.pack(">4L", 0xFADE0C02, hashes + len(digests), 0x20400, 0x20002)
    where = struct.pack(">5L", hashes, names, 0, len(pages), len(data))
    about = struct.pack(">4BL", kept, kind, 0, 12, 0)
    later = struct.pack(">3L4Q", 0, 0, 0, 0, 0, text, 0)
    return (head + where + about + later) + words + digests
