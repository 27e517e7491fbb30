"""Small documents of a mirror: fetched within a bound, and understood or refused plainly."""

import re
from collections.abc import Callable
from typing import TypeVar

from core.errors import MirrorError, NotFound, WrongUse
from core.mirror.layout import Document
from core.model.documents import as_object, gunzip, json_object
from core.model.ident import Fingerprint, fingerprint
from core.net.transport import Transport
from core.net.urls import shown

MAX_DOCUMENT = 1 << 20
"""Bytes that a manifest, a key or a key index may have."""
MAX_KEYS = 50
"""Keys that one mirror may offer."""

_T = TypeVar("_T")
_UNUSUAL = re.compile(r"[^A-Za-z0-9_+.-]")


def read(transport: Transport, url: str, parse: Callable[[bytes], _T]) -> _T:
    """What `parse` makes of the document at `url`, which may be compressed.

    Raises:
        NotFound: it is not there.
        MirrorError: it cannot be fetched, or `parse` cannot use it.
    """
    data = transport.get(url, limit=MAX_DOCUMENT)
    name = url.rpartition("/")[2]
    return understood(name, url, data, lambda text: parse(gunzip(text, MAX_DOCUMENT)))


def understood(what: str, url: str, data: bytes, parse: Callable[[bytes], _T]) -> _T:
    """What `parse` makes of `data`; its `WrongUse` becomes a `MirrorError` about `what`."""
    try:
        return parse(data)
    except WrongUse as error:
        raise MirrorError(
            f"{what} cannot be used: {error.title}",
            shown(url),
            "If the URL is right, tell who runs the mirror",
        ) from error


def first_found(transport: Transport, urls: tuple[str, ...], limit: int) -> Document:
    """The document at the first of `urls` (at least one) that has one.

    Raises:
        NotFound: none has; it names the first.
        MirrorError: it cannot be fetched.
    """
    missing: NotFound | None = None
    for url in urls:
        try:
            return Document(url, transport.get(url, limit=limit))
        except NotFound as error:
            missing = missing or error
    raise missing or NotFound("There is no place where it could be")


def key_names(data: bytes) -> tuple[Fingerprint, ...]:
    """The fingerprints in a key index, `{"keys": {FINGERPRINT: {}}}`.

    Raises:
        WrongUse: it is no key index, or names too many keys.
    """
    names = as_object(json_object(data).get("keys"), "its field keys")
    if len(names) > MAX_KEYS:
        raise WrongUse(f"it offers {len(names)} keys, and more than {MAX_KEYS} are not looked at")
    return tuple(fingerprint(name) for name in names)


def sanitised(text: str) -> str:
    """`text` as part of a path: A-Z a-z 0-9 _ + . - alone (Spack `Spec.format_path`)."""
    return _UNUSUAL.sub("_", text)
