"""Small documents that seldom change, kept with the tags by which a server knows them again.

A server that is asked with `If-None-Match` answers 304 (not modified) instead of sending the same
document again (RFC 9110). Weak tags are not used, as in Spack 1.x `util/web.py`.
"""

import contextlib
import hashlib
import re
from pathlib import Path

import msgspec

from core.atomic import write_atomically
from core.errors import StoreError
from core.model.value import Value
from core.net.urls import shown

MAX_REMEMBERED = 1 << 20
"""Bytes of a document that is remembered."""

_TAG = re.compile(r'"[\x21\x23-\x7e]{1,500}"')


class Remembered(msgspec.Struct, frozen=True):
    """A document as a server sent it."""

    url: str
    """Where it is; a login is not part of it."""
    tag: str
    """Its entity tag, with the quotes."""
    data: bytes
    """It."""


class Memory(Value, frozen=True):
    """Remembers documents in a directory, across processes. What is lost is fetched again."""

    directory: Path
    """Where; made when something is first remembered."""
    names: frozenset[str]
    """Which: those whose URL ends with one of these after the last slash."""

    def recall(self, url: str) -> Remembered | None:
        """The document of this URL, if it is here."""
        if not self._is_wanted(url):
            return None
        try:
            found = msgspec.json.decode(self._path(url).read_bytes(), type=Remembered)
        except (OSError, msgspec.DecodeError):
            return None
        return found if found.url == shown(url) and _TAG.fullmatch(found.tag) else None

    def keep(self, url: str, tag: str, data: bytes) -> None:
        """Remember a document if it has a strong tag."""
        if not self._is_wanted(url) or not _TAG.fullmatch(tag) or len(data) > MAX_REMEMBERED:
            return
        # Who cannot remember asks again.
        with contextlib.suppress(StoreError):
            document = Remembered(shown(url), tag, data)
            write_atomically(self._path(url), msgspec.json.encode(document))

    def _is_wanted(self, url: str) -> bool:
        return url.rpartition("/")[2] in self.names

    def _path(self, url: str) -> Path:
        digest = hashlib.sha256(shown(url).encode()).hexdigest()
        return self.directory / f"{digest[:16]}.json"
