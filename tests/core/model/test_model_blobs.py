"""Manifests of layout v3 name their blobs."""

import json
from pathlib import Path

import pytest

from core.errors import WrongUse
from core.model.artifact import BlobRecord
from core.model.blobs import ARCHIVE, INDEX, SPEC_DOCUMENT, blob_records, only_record
from core.model.ident import Sha256

DIGEST = "0d79feba0756c8bbc69e65d1870f4199d489162ab0be39989d1dcc85276148e5"
GOOD: dict[str, object] = {
    "contentLength": 7,
    "mediaType": "application/vnd.spack.db.v8+json",
    "compression": "none",
    "checksumAlgorithm": "sha256",
    "checksum": DIGEST,
}


def manifest(*records: object, version: object = 3) -> bytes:
    return json.dumps({"version": version, "data": list(records)}).encode()


def why_not(document: bytes) -> str:
    with pytest.raises(WrongUse) as caught:
        blob_records(document)
    return caught.value.title


def test_the_index_manifest_of_spack(golden: Path) -> None:
    path = golden / "dev/mirror-signed/v3/manifests/index/index.manifest.json"
    assert blob_records(path.read_bytes()) == (
        BlobRecord("application/vnd.spack.db.v8+json", 22740, "none", Sha256(DIGEST)),
    )


def test_further_fields_do_not_matter() -> None:
    record = BlobRecord("application/vnd.spack.db.v8+json", 7, "none", Sha256(DIGEST))
    assert blob_records(manifest({**GOOD, "annotations": {}})) == (record,)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"checksumAlgorithm": "md5"}, "a checksum is of the kind 'md5' instead of sha256"),
        ({"checksumAlgorithm": None}, "a checksum is of the kind None instead of sha256"),
        ({"compression": "zstd"}, "a compression is 'zstd' instead of gzip or none"),
        ({"compression": []}, "a compression is [] instead of gzip or none"),
        ({"contentLength": 0}, "a contentLength is 0 instead of a positive number"),
        ({"contentLength": -5}, "a contentLength is -5 instead of a positive number"),
        ({"contentLength": True}, "a contentLength is True instead of a positive number"),
        ({"contentLength": 7.0}, "a contentLength is 7.0 instead of a positive number"),
        ({"contentLength": "7"}, "a contentLength is '7' instead of a positive number"),
        ({"mediaType": 3}, "a mediaType is not text"),
        ({"checksum": DIGEST.upper()}, "is not a SHA-256 digest"),
        ({"checksum": DIGEST[:-1]}, "is not a SHA-256 digest"),
        ({"checksum": "../" + DIGEST[3:]}, "is not a SHA-256 digest"),
        ({"checksum": DIGEST + "\n"}, "is not a SHA-256 digest"),
    ],
)
def test_a_record_with_a_bad_field_is_refused(changes: dict[str, object], why: str) -> None:
    assert why in why_not(manifest({**GOOD, **changes}))


def test_the_frame_must_be_right() -> None:
    assert why_not(manifest(GOOD, version=4)) == "its version is 4 instead of 3"
    assert why_not(manifest(GOOD, version=True)) == "its version is True instead of 3"
    assert why_not(b'{"version": 3}') == "its data is not a list"
    assert why_not(manifest(3)) == "a blob record is not an object"
    assert why_not(manifest(*[GOOD] * 17)) == "it names 17 blobs"


def test_one_record_of_a_kind_is_found_among_others() -> None:
    archive = {**GOOD, "mediaType": "application/vnd.spack.install.v1.tar+gzip"}
    spec = {**GOOD, "mediaType": "application/vnd.spack.spec.v5+json"}
    records = blob_records(manifest(GOOD, archive, spec))
    assert only_record(records, INDEX) == records[0]
    assert only_record(records, ARCHIVE) == records[1]
    assert only_record(records, SPEC_DOCUMENT) == records[2]


@pytest.mark.parametrize(
    ("kinds", "why"),
    [
        ([], "it names no index"),
        (["application/vnd.spack.db.v+json"], "it names no index"),
        (["application/vnd.spack.db.v-8+json"], "it names no index"),
        (["application/vnd.spack.db.v8"], "it names no index"),
        (["application/vnd.spack.db.v88888+json"], "it names no index"),
        (["application/vnd.spack.db.v\u0668+json"], "it names no index"),
        (["application/vnd.spack.db.v8+json"] * 2, "it names 2 blobs of the kind index"),
        (
            ["application/vnd.spack.db.v8+json", "application/vnd.spack.db.v7+json"],
            "it names 2 blobs of the kind index",
        ),
        (
            ["application/vnd.spack.db.v9+json"],
            "its index has format 9, which needs a newer spackbin",
        ),
    ],
)
def test_a_kind_must_be_there_once_and_known(kinds: list[str], why: str) -> None:
    records = blob_records(manifest(*({**GOOD, "mediaType": kind} for kind in kinds)))
    with pytest.raises(WrongUse) as caught:
        only_record(records, INDEX)
    assert caught.value.title == why


def test_an_unbelievable_size_is_refused() -> None:
    kind = "application/vnd.spack.install.v2.tar+gzip"
    records = blob_records(manifest({**GOOD, "mediaType": kind, "contentLength": 2**40 + 1}))
    with pytest.raises(WrongUse, match="too many to be true"):
        only_record(records, ARCHIVE)
