"""Build caches of layout v3 (Spack 1.x `url_buildcache.py`).

v3/layout.json
v3/manifests/index/index.manifest.json
v3/manifests/key/keys.manifest.json, v3/manifests/key/FINGERPRINT.key.manifest.json
v3/manifests/spec/NAME/NAME-VERSION-HASH.spec.manifest.json
blobs/sha256/HH/HHHH...
"""

import hashlib
import re
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import quote

from core.errors import MirrorError, NotFound, WrongUse
from core.model.artifact import BlobRecord, Wanted
from core.model.blobs import INDEX, blob_records, only_record
from core.model.documents import as_object, gunzip, json_object
from core.model.ident import Fingerprint, fingerprint
from core.net.transport import Transport
from core.net.urls import shown

MAX_DOCUMENT = 1 << 20
"""Bytes that a manifest, a key or a key index may have."""
MAX_KEYS = 50
"""Keys that one mirror may offer."""

_T = TypeVar("_T")


class LayoutV3:
    """The build cache at one URL."""

    name = "v3"

    def __init__(self, root: str) -> None:
        self._root = root

    def manifest_url(self, wanted: Wanted) -> str:
        """See `Layout.manifest_url`."""
        # Spack's format_path: each part of the path keeps A-Z a-z 0-9 _ + . - alone.
        stem = re.sub(r"[^A-Za-z0-9_+.-]", "_", f"{wanted.name}-{wanted.version}-{wanted.hash}")
        return self._url(f"v3/manifests/spec/{wanted.name}/{stem}.spec.manifest.json")

    def blob_url(self, record: BlobRecord) -> str:
        """See `Layout.blob_url`."""
        return self._url(f"blobs/sha256/{record.sha256[:2]}/{record.sha256}")

    def index_record(self, transport: Transport) -> BlobRecord:
        """See `Layout.index_record`."""
        url = self._url("v3/manifests/index/index.manifest.json")
        return _read(transport, url, lambda data: only_record(blob_records(data), INDEX))

    def is_here(self, transport: Transport) -> bool:
        """See `Layout.is_here`; one of `layout.json`, index and key index is enough."""
        for attempt in (self._layout_file, self.index_record, self._key_index):
            try:
                attempt(transport)
            except NotFound:
                continue
            return True
        return False

    def key_texts(self, transport: Transport) -> tuple[bytes, ...]:
        """See `Layout.key_texts`."""
        try:
            record = self._key_index(transport)
        except NotFound:
            return ()
        text = self._blob(transport, record)
        names = _understood("The key index", self.blob_url(record), text, _key_names)
        manifests = (self._url(f"v3/manifests/key/{name}.key.manifest.json") for name in names)
        return tuple(
            self._blob(transport, _read(transport, url, _first_record)) for url in manifests
        )

    def _layout_file(self, transport: Transport) -> object:
        return _read(transport, self._url("v3/layout.json"), json_object)

    def _key_index(self, transport: Transport) -> BlobRecord:
        return _read(transport, self._url("v3/manifests/key/keys.manifest.json"), _first_record)

    def _blob(self, transport: Transport, record: BlobRecord) -> bytes:
        url = self.blob_url(record)
        data = transport.get(url, limit=record.size)
        if hashlib.sha256(data).hexdigest() != record.sha256:
            raise MirrorError(
                "A blob is not what its manifest says", shown(url), "Try again later", retry=True
            )
        return data

    def _url(self, path: str) -> str:
        return f"{self._root}/{quote(path)}"


def _read(transport: Transport, url: str, parse: Callable[[bytes], _T]) -> _T:
    data = transport.get(url, limit=MAX_DOCUMENT)
    name = url.rpartition("/")[2]
    return _understood(name, url, data, lambda text: parse(gunzip(text, MAX_DOCUMENT)))


def _understood(what: str, url: str, data: bytes, parse: Callable[[bytes], _T]) -> _T:
    try:
        return parse(data)
    except WrongUse as error:
        raise MirrorError(
            f"{what} cannot be used: {error.title}",
            shown(url),
            "If the URL is right, tell who runs the mirror",
        ) from error


def _first_record(data: bytes) -> BlobRecord:
    """The record of a key or of the key index; Spack too takes the first, of whatever type."""
    records = blob_records(data)
    if not records:
        raise WrongUse("it names no blob")
    if records[0].size > MAX_DOCUMENT:
        raise WrongUse(f"its blob has {records[0].size:,} bytes")
    return records[0]


def _key_names(data: bytes) -> tuple[Fingerprint, ...]:
    names = as_object(json_object(data).get("keys"), "its field keys")
    if len(names) > MAX_KEYS:
        raise WrongUse(f"it offers {len(names)} keys, and more than {MAX_KEYS} are not looked at")
    return tuple(fingerprint(name) for name in names)
