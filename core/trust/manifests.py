"""What a manifest says, by the form in which it is written.

All functions raise `WrongUse` with the reason alone as its title, like `core.model.documents`.
"""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple, assert_never

from core.errors import WrongUse
from core.model.artifact import BlobRecord, ManifestForm
from core.model.blobs import ARCHIVE, SPEC_DOCUMENT, blob_records, only_record
from core.model.documents import as_object, json_object
from core.model.ident import Sha256, sha256
from core.model.images import LAYER_TYPES, build_records

NEWEST_ARCHIVE = ARCHIVE.newest
"""The newest `buildcache_layout_version` whose archives we read (Spack 0.22 to 0.23)."""


class Named(NamedTuple):
    """What a manifest names."""

    archive: BlobRecord
    """The archive."""
    spec_blob: BlobRecord
    """The spec document."""


def read_manifest(form: ManifestForm, text: bytes) -> Named:
    """What a manifest of this form names.

    Raises:
        WrongUse: it cannot be understood or used.
    """
    match form:
        case ManifestForm.BLOBS:
            return _blobs(text)
        case ManifestForm.SPEC:
            return _spec(text)
        case ManifestForm.DETACHED:
            return _old_spec(text)
        case ManifestForm.IMAGE:
            return Named(*build_records(text))
        case _:
            assert_never(form)


def check_document(archive: BlobRecord, fields: Mapping[str, object]) -> None:
    """Nothing, if what a spec document says of its archive agrees with the manifest.

    In layout v2 it is the manifest, and in v3 says nothing of the archive; in images it does.

    Raises:
        WrongUse: it is of another archive.
    """
    if archive.media_type in LAYER_TYPES and _archive_digest(fields) != archive.sha256:
        raise WrongUse("its binary_cache_checksum is not that of the last layer")


def _blobs(text: bytes) -> Named:
    """Layout v3 (Spack 1.x `schema/url_buildcache_manifest.py`)."""
    records = blob_records(text)
    named = Named(only_record(records, ARCHIVE), only_record(records, SPEC_DOCUMENT))
    if len(records) != 2:
        raise WrongUse(f"it names {len(records)} blobs instead of two")
    return named


def _spec(text: bytes) -> Named:
    """Layout v2: the spec document with a few fields more (Spack 0.23 `binary_distribution.py`)."""
    fields = json_object(text)
    as_object(fields.get("spec"), "its spec")
    layout = fields.get("buildcache_layout_version", 0)
    if type(layout) is not int or layout < 0:
        raise WrongUse("its buildcache_layout_version is no number")
    if layout == 0:
        raise WrongUse("its archive is of the kind that Spack 0.17 and older made, and not read")
    if layout > NEWEST_ARCHIVE:
        raise WrongUse(f"its archive has format {layout}, which needs a newer spackbin")
    return _named(fields, layout, text)


def _named(fields: Mapping[str, object], layout: int, text: bytes) -> Named:
    digest = _archive_digest(fields)
    # Layout v3 has the number in the media type; so archives say here too what shape they have.
    kind = f"{ARCHIVE.prefix}{layout}{ARCHIVE.suffix}"
    itself = Sha256(hashlib.sha256(text).hexdigest())
    return Named(
        BlobRecord(kind, None, "gzip", digest),
        BlobRecord("application/json", len(text), "none", itself),
    )


def _old_spec(text: bytes) -> Named:
    """Archive layout 0: the same document, of which the digest is that of the inner archive.

    That is packed as in layout 1 (Spack 0.18 `binary_distribution.py`).
    """
    fields = json_object(text)
    as_object(fields.get("spec"), "its spec")
    if fields.get("buildcache_layout_version", 0) != 0:
        raise WrongUse("it is for another kind of archive than the one that it is in")
    return _named(fields, 1, text)


def _archive_digest(fields: Mapping[str, object]) -> Sha256:
    checksum = as_object(fields.get("binary_cache_checksum"), "its binary_cache_checksum")
    if checksum.get("hash_algorithm") != "sha256":
        raise WrongUse("its checksum is of another kind than sha256")
    return sha256(checksum.get("hash"))
