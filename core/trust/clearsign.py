"""The outer form of a clearsigned document (RFC 4880, section 7).

GnuPG finds a signed block anywhere in a text and says nothing of what stands around it. So the
form is checked here, before GnuPG sees the document; what was signed is taken from GnuPG alone.
"""

import re

MAX_LINE = 19_995
"""Bytes of a line. GnuPG cuts longer ones off when it signs."""

_BEGIN = b"-----BEGIN PGP SIGNED MESSAGE-----"
_ARMOUR = [_BEGIN, b"-----BEGIN PGP SIGNATURE-----", b"-----END PGP SIGNATURE-----"]
_HASH = re.compile(rb"Hash: [A-Za-z0-9-]{1,20}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def is_clearsigned(document: bytes) -> bool:
    """True if the document begins like a signed one; anything else counts as unsigned."""
    return document.startswith(_BEGIN)


def flaw_of(document: bytes) -> str:
    """What is wrong with the form of a clearsigned document ("has ..."); empty if nothing is."""
    lines = document.replace(b"\r\n", b"\n").split(b"\n")
    while lines and not lines[-1]:
        lines.pop()
    if max(map(len, lines), default=0) > MAX_LINE:
        return f"has a line of more than {MAX_LINE:,} characters"
    armour = [line.rstrip() for line in lines if line.startswith(b"-----")]
    if armour.count(_BEGIN) > 1:
        return "has more than one signed block"
    if armour != _ARMOUR or lines[0] != _ARMOUR[0] or lines[-1] != _ARMOUR[-1]:
        return "has text outside of its signed block, or the block is not complete"
    if not _HASH.fullmatch(lines[1]) or lines[2]:
        return "has an unusual header before the signed text"
    return _flaw_of_text(lines)


def _flaw_of_text(lines: list[bytes]) -> str:
    try:
        text = b"\n".join(lines).decode("utf-8")
    except UnicodeDecodeError:
        return "has signed text that is not UTF-8"
    if _CONTROL.search(text):
        return "has control characters in it"
    return ""
