"""The blob records of manifest documents of layout v3.

Format: Spack 1.x `schema/url_buildcache_manifest.py`. All functions raise `WrongUse` with the
reason alone as its title, like `core.model.documents`.
"""

from collections.abc import Mapping, Sequence

from core.errors import WrongUse
from core.model.artifact import BlobRecord
from core.model.documents import as_list, as_object, json_object
from core.model.ident import sha256
from core.model.value import Value

MANIFEST_VERSION = 3
"""The `version` that manifests of layout v3 carry."""
MAX_RECORDS = 16
"""Blobs that one manifest may name; Spack writes at most two."""
COMPRESSIONS = ("gzip", "none")
"""The compressions that Spack writes."""


class BlobKind(Value, frozen=True):
    """A kind of blob, told by its media type with a format number in it."""

    name: str
    """What it is called in messages."""
    prefix: str
    """Media type before the number."""
    suffix: str
    """Media type after the number."""
    newest: int
    """The largest format number that we can read."""
    max_size: int
    """Bytes that such a blob may have as stored."""

    def number_of(self, record: BlobRecord) -> int | None:
        """The format number of a record of this kind, `None` if it is of another."""
        kind = record.media_type
        number = kind[len(self.prefix) : len(kind) - len(self.suffix)]
        if kind != f"{self.prefix}{number}{self.suffix}":
            return None
        return int(number) if number.isascii() and number.isdigit() and len(number) < 5 else None


ARCHIVE = BlobKind("archive", "application/vnd.spack.install.v", ".tar+gzip", 2, 1 << 40)
"""The installed package (tarball layout 2, Spack 1.x `binary_distribution.py`)."""
SPEC_DOCUMENT = BlobKind("spec document", "application/vnd.spack.spec.v", "+json", 5, 8 << 20)
"""The concrete spec (format 5, Spack 1.x `spec.py`)."""
INDEX = BlobKind("index", "application/vnd.spack.db.v", "+json", 8, 1 << 32)
"""The index (version 8, Spack 1.x `database.py`); one of 200,000 specs has 360 MB."""


def blob_records(document: bytes) -> tuple[BlobRecord, ...]:
    """The records of a manifest document, in its order."""
    fields = json_object(document)
    version = fields.get("version")
    if type(version) is not int or version != MANIFEST_VERSION:
        raise WrongUse(f"its version is {_shown(version)} instead of {MANIFEST_VERSION}")
    items = as_list(fields.get("data"), "its data")
    if len(items) > MAX_RECORDS:
        raise WrongUse(f"it names {len(items)} blobs")
    return tuple(_record(as_object(item, "a blob record")) for item in items)


def only_record(records: Sequence[BlobRecord], kind: BlobKind) -> BlobRecord:
    """The one record of `kind`, of a format that we can read and of a bearable size."""
    found = [record for record in records if kind.number_of(record) is not None]
    if not found:
        raise WrongUse(f"it names no {kind.name}")
    if len(found) > 1:
        raise WrongUse(f"it names {len(found)} blobs of the kind {kind.name}")
    record = found[0]
    number = kind.number_of(record) or 0
    if number > kind.newest:
        raise WrongUse(f"its {kind.name} has format {number}, which needs a newer spackbin")
    size = record.size or 0
    if size > kind.max_size:
        raise WrongUse(f"its {kind.name} has {size:,} bytes, too many to be true")
    return record


def _record(fields: Mapping[str, object]) -> BlobRecord:
    algorithm = fields.get("checksumAlgorithm")
    if algorithm != "sha256":
        raise WrongUse(f"a checksum is of the kind {_shown(algorithm)} instead of sha256")
    compression = fields.get("compression")
    if not isinstance(compression, str) or compression not in COMPRESSIONS:
        raise WrongUse(f"a compression is {_shown(compression)} instead of gzip or none")
    size = fields.get("contentLength")
    if type(size) is not int or size <= 0:
        raise WrongUse(f"a contentLength is {_shown(size)} instead of a positive number")
    media_type = fields.get("mediaType")
    if not isinstance(media_type, str):
        raise WrongUse("a mediaType is not text")
    return BlobRecord(media_type, size, compression, sha256(fields.get("checksum")))


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 40 else text[:37] + "..."
