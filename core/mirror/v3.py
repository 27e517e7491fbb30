"""Build caches of layout v3 (Spack 1.x `url_buildcache.py`).

v3/layout.json
v3/manifests/index/index.manifest.json, v3/manifests/index/VIEW/index.manifest.json
v3/manifests/key/keys.manifest.json, v3/manifests/key/FINGERPRINT.key.manifest.json
v3/manifests/spec/NAME/NAME-VERSION-HASH.spec.manifest.json
blobs/sha256/HH/HHHH...
"""

import hashlib
from urllib.parse import quote

from core.errors import MirrorError, NotFound, WrongUse
from core.mirror.documents import MAX_DOCUMENT, first_found, key_names, read, sanitised, understood
from core.mirror.layout import Document, IndexRecord, Place
from core.model.artifact import BlobRecord, ManifestForm, VerifiedManifest
from core.model.blobs import INDEX, SPEC_DOCUMENT, blob_records, only_record
from core.model.documents import json_object
from core.model.spec import ConcreteSpec
from core.net.transport import Transport
from core.net.urls import shown


class LayoutV3:
    """The build cache at one URL.

    Args:
        root: its URL.
        view: the index to read in place of the whole one (Spack 1.2 and later).
    """

    name = "v3"
    form = ManifestForm.BLOBS

    def __init__(self, root: str, view: str = "") -> None:
        self._root = root
        self._index = f"{view}/index" if view else "index"

    def is_here(self, transport: Transport) -> bool:
        """See `Layout.is_here`; one of `layout.json`, index and key index is enough."""
        for attempt in (self._layout_file, self.index_record, self._key_index):
            try:
                attempt(transport)
            except NotFound:
                continue
            return True
        return False

    def index_record(self, transport: Transport) -> IndexRecord:
        """See `Layout.index_record`."""
        url = self._url(f"v3/manifests/index/{self._index}.manifest.json")
        record = read(transport, url, lambda data: only_record(blob_records(data), INDEX))
        return IndexRecord(self.blob_url(record), record.sha256, record.size, is_binding=True)

    def key_texts(self, transport: Transport) -> tuple[bytes, ...]:
        """See `Layout.key_texts`."""
        try:
            record = self._key_index(transport)
        except NotFound:
            return ()
        text = self._blob(transport, record)
        names = understood("The key index", self.blob_url(record), text, key_names)
        manifests = (self._url(f"v3/manifests/key/{name}.key.manifest.json") for name in names)
        return tuple(
            self._blob(transport, read(transport, url, _first_record)) for url in manifests
        )

    def manifest(self, transport: Transport, spec: ConcreteSpec) -> Document:
        """See `Layout.manifest`."""
        return first_found(transport, (self.manifest_url(spec),), MAX_DOCUMENT)

    def spec_document(self, transport: Transport, manifest: VerifiedManifest) -> bytes:
        """See `Layout.spec_document`."""
        record = manifest.spec_blob
        limit = record.size or SPEC_DOCUMENT.max_size
        return transport.get(self.blob_url(record), limit=limit)

    def archive_place(
        self,
        transport: Transport,  # noqa: ARG002 - nothing is to be asked
        manifest: VerifiedManifest,
    ) -> Place:
        """See `Layout.archive_place`."""
        return Place(self.blob_url(manifest.archive))

    def manifest_url(self, spec: ConcreteSpec) -> str:
        """Where the manifest of a build is."""
        stem = sanitised(f"{spec.name}-{spec.version}-{spec.hash}")
        return self._url(f"v3/manifests/spec/{spec.name}/{stem}.spec.manifest.json")

    def blob_url(self, record: BlobRecord) -> str:
        """Where a blob is."""
        return self._url(f"blobs/sha256/{record.sha256[:2]}/{record.sha256}")

    def _layout_file(self, transport: Transport) -> object:
        return read(transport, self._url("v3/layout.json"), json_object)

    def _key_index(self, transport: Transport) -> BlobRecord:
        return read(transport, self._url("v3/manifests/key/keys.manifest.json"), _first_record)

    def _blob(self, transport: Transport, record: BlobRecord) -> bytes:
        url = self.blob_url(record)
        data = transport.get(url, limit=record.size or MAX_DOCUMENT)
        if hashlib.sha256(data).hexdigest() != record.sha256:
            raise MirrorError(
                "A blob is not what its manifest says", shown(url), "Try again later", retry=True
            )
        return data

    def _url(self, path: str) -> str:
        return f"{self._root}/{quote(path)}"


def _first_record(data: bytes) -> BlobRecord:
    """The record of a key or of the key index; Spack too takes the first, of whatever type."""
    records = blob_records(data)
    if not records:
        raise WrongUse("it names no blob")
    size = records[0].size or 0
    if size > MAX_DOCUMENT:
        raise WrongUse(f"its blob has {size:,} bytes")
    return records[0]
