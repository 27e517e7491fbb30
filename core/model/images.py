"""The manifests of images in OCI registries.

Format: Spack 1.x `oci/oci.py`, and Docker's older manifest of the same shape. All functions raise
`WrongUse` with the reason alone as its title, like `core.model.documents`.
"""

from collections.abc import Mapping

from core.errors import WrongUse
from core.model.artifact import BlobRecord
from core.model.blobs import ARCHIVE, INDEX, SPEC_DOCUMENT
from core.model.documents import as_list, as_object, json_object
from core.model.ident import Sha256, sha256
from core.model.value import Value

MAX_IMAGE_MANIFEST = 4 << 20
"""Bytes that an image manifest may have; what most registries allow."""
MAX_LAYERS = 10_000
"""Layers that an image may have; Spack writes one for each package that is needed to run."""
IMAGE_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
"""Media types of a manifest, OCI's and Docker's."""
LAYER_TYPES = (
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
)
"""Media types of a layer, OCI's and Docker's; Spack gives them to its index too."""


class Image(Value, frozen=True):
    """What an image manifest names."""

    config: BlobRecord
    """The configuration; in images of builds it is the spec document."""
    layers: tuple[BlobRecord, ...]
    """The layers, at least one; in images of builds the last one is the archive."""


def read_image(document: bytes) -> Image:
    """The image that a manifest describes."""
    fields = json_object(document)
    media_type = fields.get("mediaType", IMAGE_TYPES[0])
    if media_type not in IMAGE_TYPES or "manifests" in fields:
        raise WrongUse(f"it is of the kind {_shown(media_type)} instead of a single image")
    if fields.get("schemaVersion") != 2:
        raise WrongUse(f"its schemaVersion is {_shown(fields.get('schemaVersion'))} instead of 2")
    layers = as_list(fields.get("layers"), "its list of layers")
    if not 0 < len(layers) <= MAX_LAYERS:
        raise WrongUse(f"it has {len(layers):,} layers")
    config = _record(as_object(fields.get("config"), "its config"), "none")
    return Image(config, tuple(_record(as_object(item, "a layer"), "gzip") for item in layers))


def build_records(document: bytes) -> tuple[BlobRecord, BlobRecord]:
    """Archive and spec document of the image of a build."""
    image = read_image(document)
    archive, config = image.layers[-1], image.config
    if archive.media_type not in LAYER_TYPES:
        raise WrongUse(f"its last layer is of the kind {_shown(archive.media_type)}")
    _check_size(archive, ARCHIVE.name, ARCHIVE.max_size)
    _check_size(config, SPEC_DOCUMENT.name, SPEC_DOCUMENT.max_size)
    return archive, config


def index_record(document: bytes) -> BlobRecord:
    """The index in the image `index.spack`: its only layer, which is not compressed."""
    layers = read_image(document).layers
    if len(layers) != 1:
        raise WrongUse(f"it has {len(layers):,} layers instead of one")
    _check_size(layers[0], INDEX.name, INDEX.max_size)
    return layers[0]


def digest_of(value: object) -> Sha256:
    """The digest in `sha256:HEX`."""
    algorithm, _, digits = value.partition(":") if isinstance(value, str) else ("", "", "")
    if algorithm != "sha256":
        raise WrongUse(f"a digest is {_shown(value)} instead of sha256:...")
    return sha256(digits)


def _record(fields: Mapping[str, object], compression: str) -> BlobRecord:
    size, media_type = fields.get("size"), fields.get("mediaType")
    if type(size) is not int or size <= 0:
        raise WrongUse(f"a size is {_shown(size)} instead of a positive number")
    if not isinstance(media_type, str):
        raise WrongUse("a mediaType is not text")
    return BlobRecord(media_type, size, compression, digest_of(fields.get("digest")))


def _check_size(record: BlobRecord, what: str, most: int) -> None:
    if (record.size or 0) > most:
        raise WrongUse(f"its {what} has {record.size:,} bytes, too many to be true")


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."
