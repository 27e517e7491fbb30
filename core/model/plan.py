"""The plan: what an install would do, as data."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import field

from core.model.graph import SpecGraph
from core.model.ident import DagHash, MirrorName, Sha256
from core.model.spec import ConcreteSpec
from core.model.value import Value


class Disposition(StrEnum):
    """What happens with a node."""

    INSTALLED = "installed"
    CACHED = "cached"
    BLOCKED = "blocked"
    BUILD = "to build"
    EXTERNAL = "external"
    OTHER_HOST = "other host"


class Blocker(StrEnum):
    """Why a binary that exists cannot be used."""

    TRUST = "trust"
    """No trusted key signed it, or it is not what it should be."""
    HOST = "host"
    """It does not run on this host."""
    MIRROR = "mirror"
    """It is listed, and cannot be had."""
    STORE = "store"
    """It cannot be moved to this store."""
    EXTERNAL = "external"
    """The system lacks a package that it expects."""


class OtherCopy(Value, frozen=True):
    """The binary of the same build at another mirror, with other bytes.

    Both may be good: whoever builds a spec twice gets two archives.
    """

    mirror: MirrorName
    """The mirror."""
    archive_sha256: Sha256
    """Digest of its archive."""
    signer: str
    """Fingerprint of the trusted primary key; empty if the mirror may be unsigned."""


class Source(Value, frozen=True):
    """Where the binary of a node comes from."""

    mirror: MirrorName
    """The mirror."""
    archive_sha256: Sha256
    """Digest of the archive; an install refuses any other than the one that was shown."""
    archive_size: int | None
    """Bytes to fetch; `None` if the mirror does not tell (layout v2)."""
    signer: str
    """Fingerprint of the trusted primary key; empty if the mirror may be unsigned."""
    signer_name: str
    """User id of that key. Foreign text."""
    passed_over: str = ""
    """Why mirrors that come first were passed over, as a sentence; empty if none was."""
    others: tuple[OtherCopy, ...] = ()
    """What other mirrors have in its place, where that has another digest."""


class Fit(StrEnum):
    """Whether a package can be moved to a store."""

    FITS = "fits"
    MISFIT = "does not fit"
    UNKNOWN = "not known before the fetch"


class Space(Value, frozen=True):
    """What may still be written; `None` where there is no bound or none is known."""

    bytes_free: int | None = None
    """Bytes that the file system has left for this user."""
    files_free: int | None = None
    """Inodes that it has left."""
    quota_bytes: int | None = None
    """Bytes that the user's quota leaves."""
    quota_files: int | None = None
    """Files that it leaves."""


class Obstacle(Value, frozen=True):
    """Why nothing can be installed into a store, whatever the packages."""

    title: str
    """What is wrong, a sentence without a final full stop."""
    detail: str = ""
    """Where; may be empty."""
    hint: str = ""
    """What to do; may be empty."""
    exit_status: int = 1
    """Exit status of the family of errors."""


class Preflight(Value, frozen=True):
    """What was found out about the store before anything was fetched."""

    fits: Mapping[DagHash, Fit] = field(default_factory=dict[DagHash, Fit])
    """Of every package that a mirror has for the plan, whether it can be moved to the store."""
    longest_store: int | None = None
    """Bytes that the path of a store may have for the packages that are known exactly; `None` if
    they do not care."""
    bytes_needed: int = 0
    """Bytes that the packages to fetch will take in the store."""
    files_needed: int = 0
    """Files, directories and links of those whose archives were seen before, a few for others."""
    is_estimate: bool = False
    """True if some sizes were guessed from those of the archives."""
    space: Space = field(default_factory=Space)
    """What is left where the store is."""
    obstacles: tuple[Obstacle, ...] = ()
    """Why nothing can be installed."""
    warnings: tuple[str, ...] = ()
    """What may go wrong, as sentences without a final full stop."""


class PlanNode(Value, frozen=True):
    """One node of the plan."""

    spec: ConcreteSpec
    """What it is."""
    disposition: Disposition
    """What happens with it."""
    reason: str = ""
    """Why, as a sentence; never empty for blocked and to-build nodes. Of a cached node, what was
    wrong with the mirrors that come before its source."""
    blocker: Blocker | None = None
    """Set for blocked nodes."""
    source: Source | None = None
    """Set for cached nodes."""


class Plan(Value, frozen=True):
    """What an install of `roots` into `store` would do. Made by a pure function."""

    store: str
    """Root of the install tree."""
    graph: SpecGraph
    """The whole graph as known, build dependencies included."""
    nodes: tuple[PlanNode, ...]
    """The link/run closure of the roots, dependencies before dependents; with `from_source` also
    what the to-build nodes among them need to be built."""
    notes: tuple[str, ...] = ()
    """What the user should know before saying yes, as sentences: quarantine, unsigned mirrors,
    mirrors that differ. Our own words and names, no foreign text."""
    preflight: Preflight = field(default_factory=Preflight)
    """What was found out about the store; empty before it was looked at."""
    from_source: bool = False
    """True if the user agreed that Spack builds what no mirror has. The nodes then include what
    those builds need, and `is_ready` counts them as work."""
    builder: str = ""
    """Name of the builder, e.g. `local`; empty unless `from_source`."""
    spack: str = ""
    """Prefix of the Spack that builds; empty if none is needed or there is none."""

    @property
    def roots(self) -> tuple[DagHash, ...]:
        """What was asked for."""
        return self.graph.roots

    def node(self, hash_: DagHash) -> PlanNode:
        """The node with this hash; `KeyError` if the plan has none."""
        for node in self.nodes:
            if node.spec.hash == hash_:
                return node
        raise KeyError(hash_)

    def having(self, disposition: Disposition) -> tuple[PlanNode, ...]:
        """The nodes with this disposition."""
        return tuple(node for node in self.nodes if node.disposition is disposition)

    @property
    def bytes_to_fetch(self) -> int:
        """Bytes of the archives to fetch, as far as they are known."""
        return sum(node.source.archive_size or 0 for node in self.nodes if node.source)

    @property
    def sizes_are_known(self) -> bool:
        """False if the mirror of an archive does not tell how large it is."""
        return all(node.source.archive_size is not None for node in self.nodes if node.source)

    @property
    def is_ready(self) -> bool:
        """True if nothing is blocked, nothing is to be built unasked, and the store has room."""
        unasked = self.having(Disposition.BUILD) and not self.from_source
        return not (self.having(Disposition.BLOCKED) or unasked or self.preflight.obstacles)

    @property
    def has_work(self) -> bool:
        """True if something is to be fetched, or may be built."""
        may_build = self.from_source and self.having(Disposition.BUILD)
        return bool(self.having(Disposition.CACHED) or may_build)

    @property
    def signers(self) -> tuple[tuple[str, str], ...]:
        """Distinct (fingerprint, user id) of the keys that sign what is to be fetched."""
        found = {
            (node.source.signer, node.source.signer_name): None
            for node in self.nodes
            if node.source and node.source.signer
        }
        return tuple(found)
