"""A keys page: a document apart from the mirror that names the keys to be used.

It is whatever those who run a mirror publish: key blocks in ASCII armour, fingerprints in plain
text or in HTML, or both.
"""

import html
import re

from core.model.ident import Fingerprint, fingerprint
from core.trust.keys import read_keys

MAX_PAGE = 2 << 20
"""Bytes of a page that are looked at."""

_BLOCK = re.compile(
    rb"-----BEGIN PGP PUBLIC KEY BLOCK-----.*?-----END PGP PUBLIC KEY BLOCK-----", re.DOTALL
)
_TAG = re.compile(r"<[^<>]{0,1000}>")
_HEX = "[0-9A-Fa-f]"
_FINGERPRINT = re.compile(
    rf"(?<!{_HEX})(?:{_HEX}{{40}}|(?:{_HEX}{{4}}[ :\u00a0]{{1,3}}){{9}}{_HEX}{{4}})(?!{_HEX})"
)


def fingerprints_on(page: bytes) -> frozenset[Fingerprint]:
    """Every fingerprint of a primary key that a page names; empty if it names none.

    Forty hexadecimal digits count as a fingerprint, in one piece or in groups of four.

    Raises:
        Refused: a key block on it cannot be read, or GnuPG is not here.
    """
    blocks = b"\n".join(_BLOCK.findall(page))
    found = {key.fingerprint for key in read_keys(blocks)} if blocks else set[Fingerprint]()
    text = html.unescape(_TAG.sub(" ", _BLOCK.sub(b" ", page).decode("utf-8", "replace")))
    for match in _FINGERPRINT.findall(text):
        found.add(fingerprint(re.sub(r"[^0-9A-Fa-f]", "", match)))
    return frozenset(found)
