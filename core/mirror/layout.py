"""What a layout of a build cache can do; one file each: `v3`, `v2`.

A layout knows where things are and how the documents around them are written. It verifies
nothing: that is done by `core.trust`, which is told the form of the manifests.

To add a layout: implement `Layout`, add its form to `ManifestForm`, say in `core.trust.manifests`
how that form is read, and try it in `core.mirror.client`.
"""

from typing import NamedTuple, Protocol

from core.model.artifact import ManifestForm, VerifiedManifest
from core.model.ident import Sha256
from core.model.spec import ConcreteSpec
from core.model.value import Value
from core.net.transport import Transport


class Document(NamedTuple):
    """A document that a mirror sent."""

    url: str
    """Where it was found."""
    data: bytes
    """It, as stored."""
    form: ManifestForm | None = None
    """How it is written, if otherwise than the manifests of the layout."""


class Place(NamedTuple):
    """Where the bytes of an archive are."""

    url: str
    """The file that they are in."""
    start: int = 0
    """Bytes of the file before them."""
    size: int | None = None
    """How many of the file they are; `None` if they go on to its end."""


class IndexRecord(Value, frozen=True):
    """The index as a mirror announces it. Not signed, nothing vouches for it."""

    url: str
    """Where it is."""
    sha256: Sha256 | None
    """Its digest, by which an unchanged index is known; `None` if the mirror does not tell."""
    size: int | None
    """Its bytes; `None` if the mirror does not tell."""
    is_binding: bool
    """True if an index with another digest is wrong; false if `sha256` is a mere note."""


class Layout(Protocol):
    """One build cache. May be used by several threads at once.

    Methods that read raise `NotFound` if the thing is missing, and another `MirrorError` if it
    cannot be fetched or understood.
    """

    name: str
    """What it is called, e.g. `v3`."""
    form: ManifestForm
    """How its manifests are written."""

    def is_here(self, transport: Transport) -> bool:
        """True if there is a build cache of this layout."""
        ...

    def index_record(self, transport: Transport) -> IndexRecord:
        """Where the index is, and what is known of it at present."""
        ...

    def key_texts(self, transport: Transport) -> tuple[bytes, ...]:
        """The public keys on offer, unverified; empty if none are."""
        ...

    def manifest(self, transport: Transport, spec: ConcreteSpec) -> Document:
        """What is at the place of a build, whichever build that is."""
        ...

    def spec_document(self, transport: Transport, manifest: VerifiedManifest) -> bytes:
        """The spec document that a manifest names, as stored.

        Raises:
            TooLong: it has more bytes than the manifest says.
        """
        ...

    def archive_place(self, transport: Transport, manifest: VerifiedManifest) -> Place:
        """Where the archive is. Whether it really is there shows when it is fetched."""
        ...
