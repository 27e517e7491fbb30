"""The stages of an artifact on its way from a mirror to the store. Types carry trust.

`RawManifest -> VerifiedManifest -> FetchedArtifact -> VerifiedArtifact -> StagedTree ->
InstalledRecord`: each step takes only the type of the step before, and only `core.trust`
constructs the `Verified...` ones (a house test checks it).
"""

from enum import StrEnum
from pathlib import Path

from core.model.ident import DagHash, Fingerprint, MirrorName, PackageName, Sha256, VersionText
from core.model.spec import ConcreteSpec
from core.model.value import Value


class Wanted(Value, frozen=True):
    """Which build is asked for. Everything that arrives must be for this one."""

    name: PackageName
    """Package name."""
    version: VersionText
    """Version."""
    hash: DagHash
    """DAG hash."""

    @property
    def label(self) -> str:
        """`name@version/hash7`, for messages."""
        return f"{self.name}@{self.version}/{self.hash[:7]}"


def wanted_of(spec: ConcreteSpec) -> Wanted:
    """What to ask a mirror for, to get `spec`."""
    return Wanted(spec.name, spec.version, spec.hash)


class BlobRecord(Value, frozen=True):
    """One blob that a manifest names (Spack 1.x `schema/url_buildcache_manifest.py`)."""

    media_type: str
    """e.g. `application/vnd.spack.install.v2.tar+gzip`."""
    size: int | None
    """Bytes as stored (compressed); `None` if the manifest does not tell (layout v2)."""
    compression: str
    """`gzip` or `none`."""
    sha256: Sha256
    """Digest of the stored bytes; also names the blob's place."""


class Signature(Value, frozen=True):
    """A good signature by a pinned key."""

    primary: Fingerprint
    """Fingerprint of the primary key, which is what gets pinned."""
    signer: Fingerprint
    """Fingerprint of the key that made the signature: the primary or a subkey."""
    user_id: str
    """Primary user id of the key, as GnuPG reports it. Foreign text."""


class ManifestForm(StrEnum):
    """How a manifest is written, which the layout of the mirror decides."""

    BLOBS = "blobs"
    """It names two blobs, archive and spec document (layout v3)."""
    SPEC = "spec"
    """It is the spec document itself, and holds the digest of the archive (layout v2)."""
    DETACHED = "detached"
    """It is the spec document, then its detached signature in ASCII armour (archive layout 0)."""
    IMAGE = "image"
    """It is the manifest of an image in an OCI registry: config and last layer are the two."""


class RawManifest(Value, frozen=True):
    """A spec manifest as it came: nothing in it is believed."""

    asked: ConcreteSpec
    """What was asked for, as the index has it. Nothing vouches for more than was asked."""
    form: ManifestForm
    """How it must be read."""
    mirror: MirrorName
    """The mirror that answered."""
    url: str
    """Where it came from, for messages."""
    data: bytes
    """The whole document, signature included."""

    @property
    def wanted(self) -> Wanted:
        """What was asked for."""
        return wanted_of(self.asked)


class VerifiedManifest(Value, frozen=True):
    """A manifest that may be acted upon. Constructed in `core.trust` alone."""

    asked: ConcreteSpec
    """What was asked for, as the index has it. Nothing vouches for more than was asked."""
    mirror: MirrorName
    """The mirror that it came from."""
    archive: BlobRecord
    """The archive of the installed package."""
    spec_blob: BlobRecord
    """The spec document; where the manifest is that itself, of the text of the manifest."""
    signature: Signature | None
    """The good signature; `None` if the mirror's policy allows unsigned ones."""
    text: bytes = b""
    """The manifest without its signature, as GnuPG gave it: what was signed."""

    @property
    def wanted(self) -> Wanted:
        """What was asked for."""
        return wanted_of(self.asked)


class FetchedArtifact(Value, frozen=True):
    """Blobs that arrived; sizes were bounded, digests were computed but not yet compared."""

    manifest: VerifiedManifest
    """The manifest that names them."""
    archive: Path
    """The archive on disk."""
    archive_size: int
    """Bytes that arrived."""
    archive_sha256: Sha256
    """Digest of the bytes that arrived."""
    spec_document: bytes
    """The spec blob as stored."""


class VerifiedArtifact(Value, frozen=True):
    """Blobs that are what the manifest promised, for the spec asked for.

    Constructed in `core.trust` alone.
    """

    manifest: VerifiedManifest
    """The manifest that names them."""
    archive: Path
    """The archive on disk."""
    spec: ConcreteSpec
    """The root node of the spec document: name, version and hash are those asked for."""


class LeftFile(Value, frozen=True):
    """A file that was listed for relocation and stayed as it is."""

    path: str
    """Path relative to the prefix. Foreign text."""
    reason: str
    """Why, as a clause."""


class RelocationReport(Value, frozen=True):
    """What relocation did to a package."""

    binaries: int = 0
    """Binaries that were changed."""
    texts: int = 0
    """Text files that were changed."""
    links: int = 0
    """Symbolic links that were changed."""
    shebangs: int = 0
    """Scripts whose first line was too long, and now goes through sbang."""
    rpaths: int = 0
    """ELF files that lost RPATH entries that lead nowhere."""
    strings: int = 0
    """Paths that were replaced in binaries and texts; the loader's paths count once a file."""
    left: tuple[LeftFile, ...] = ()
    """Listed files that were left alone, some of them if they are many."""
    left_count: int = 0
    """How many were left alone."""
    unsigned: tuple[str, ...] = ()
    """Changed Mach-O files that macOS does not run before they are signed there, some of them if
    they are many. Paths relative to the prefix. Foreign text."""
    unsigned_count: int = 0
    """How many of these there are."""


class StagedTree(Value, frozen=True):
    """A complete, relocated tree beside its prefix, invisible until renamed."""

    spec: ConcreteSpec
    """What it is."""
    stage: Path
    """Where it lies now."""
    prefix: Path
    """Where it will lie; all paths in it already say so."""
    files: int
    """Number of entries."""
    report: RelocationReport = RelocationReport()
    """What relocation did to it."""
