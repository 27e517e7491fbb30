"""Build caches in OCI registries, written by Spack 0.21 and later (`oci/oci.py`).

Image `index.spack`: its only layer is the index, not compressed.
Image `NAME-VERSION-HASH.spack`: its config is the spec document, its last layer the archive.

A registry keeps no keys and no signatures. What a tag means can be changed by whoever may write
to the repository; that config and layer are what the image's manifest says is checked like the
blobs of layout v3.
"""

from core.errors import MirrorError, NotFound, Refused
from core.mirror.documents import understood
from core.mirror.layout import Document, IndexRecord, Place
from core.model.artifact import ManifestForm, VerifiedManifest
from core.model.blobs import SPEC_DOCUMENT
from core.model.documents import as_list, json_object
from core.model.images import MAX_IMAGE_MANIFEST, index_record
from core.model.mirror import Mirror
from core.model.spec import ConcreteSpec
from core.net.registry import SCHEMES, Repository, parse_repository, sanitised_tag
from core.net.transport import Transport
from core.net.urls import scheme_of, shown

INDEX_TAG = "index.spack"
"""Tag of the image that holds the index."""
MAX_TAGS = 16 << 20
"""Bytes that a list of tags may have."""


def check_unsigned(mirror: Mirror) -> None:
    """Nothing, unless `mirror` is in a registry and configured as signed.

    Raises:
        Refused: it is.
    """
    if mirror.signed and scheme_of(mirror.url) in SCHEMES:
        raise Refused(
            f"Mirror {mirror.name} is in a registry, and registries carry no signatures of Spack's",
            f"{shown(mirror.url)} is to be used as a signed mirror",
            "Whoever can write to the repository can change its builds. If you trust them all, add"
            " it with --unsigned",
        )


def recognised_registry(transport: Transport, url: str) -> "LayoutOci":
    """The build cache at an `oci://` or `oci+http://` URL.

    Raises:
        MirrorError: there is none, or it cannot be reached.
        WrongUse: the URL names no repository.
    """
    layout = LayoutOci(parse_repository(url))
    if layout.is_here(transport):
        return layout
    raise MirrorError(
        f"There is no Spack build cache at {shown(url)}",
        hint="The URL must name the repository alone, without a tag: oci://HOST/NAME",
    )


class LayoutOci:
    """The build cache in one repository of a registry."""

    name = "oci"
    form = ManifestForm.IMAGE

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def is_here(self, transport: Transport) -> bool:
        """See `Layout.is_here`; an index or the tag of a build is enough."""
        try:
            self.index_record(transport)
        except NotFound:
            return self._has_builds(transport)
        return True

    def index_record(self, transport: Transport) -> IndexRecord:
        """See `Layout.index_record`."""
        url = self._repository.manifest_url(INDEX_TAG)
        data = transport.get(url, limit=MAX_IMAGE_MANIFEST)
        record = understood("The manifest of the index", url, data, index_record)
        place = self._repository.blob_url(record.sha256)
        return IndexRecord(place, record.sha256, record.size, is_binding=True)

    def key_texts(
        self,
        transport: Transport,  # noqa: ARG002 - nothing is to be fetched
    ) -> tuple[bytes, ...]:
        """See `Layout.key_texts`: registries keep none."""
        return ()

    def manifest(self, transport: Transport, spec: ConcreteSpec) -> Document:
        """See `Layout.manifest`."""
        tag = sanitised_tag(f"{spec.name}-{spec.version}-{spec.hash}.spack")
        url = self._repository.manifest_url(tag)
        return Document(url, transport.get(url, limit=MAX_IMAGE_MANIFEST))

    def spec_document(self, transport: Transport, manifest: VerifiedManifest) -> bytes:
        """See `Layout.spec_document`."""
        record = manifest.spec_blob
        limit = record.size or SPEC_DOCUMENT.max_size
        return transport.get(self._repository.blob_url(record.sha256), limit=limit)

    def archive_place(
        self,
        transport: Transport,  # noqa: ARG002 - nothing is to be asked
        manifest: VerifiedManifest,
    ) -> Place:
        """See `Layout.archive_place`."""
        return Place(self._repository.blob_url(manifest.archive.sha256))

    def _has_builds(self, transport: Transport) -> bool:
        url = self._repository.tags_url()
        try:
            data = transport.get(url, limit=MAX_TAGS)
        except NotFound:
            return False
        return understood("The list of tags", url, data, _names_a_build)


def _names_a_build(data: bytes) -> bool:
    # A repository whose images were all deleted has null instead of a list.
    tags = as_list(json_object(data).get("tags") or [], "its field tags")
    return any(isinstance(tag, str) and tag.endswith(".spack") for tag in tags)
