"""What a layout of a build cache can do; `v3` is the one that is read today."""

from typing import Protocol

from core.model.artifact import BlobRecord, Wanted
from core.net.transport import Transport


class Layout(Protocol):
    """Knows where things are in a build cache, and how its unsigned documents are written.

    Methods that read raise `NotFound` if the thing is missing, and another `MirrorError` if it
    cannot be fetched or understood.
    """

    name: str
    """What it is called, e.g. `v3`."""

    def manifest_url(self, wanted: Wanted) -> str:
        """Where the manifest of a build is."""
        ...

    def blob_url(self, record: BlobRecord) -> str:
        """Where a blob is."""
        ...

    def index_record(self, transport: Transport) -> BlobRecord:
        """Which blob is the index at present."""
        ...

    def is_here(self, transport: Transport) -> bool:
        """True if there is a build cache of this layout."""
        ...

    def key_texts(self, transport: Transport) -> tuple[bytes, ...]:
        """The public keys on offer, unverified; empty if none are."""
        ...
