"""The events of a run: one closed set of frozen facts in the past tense.

The engine appends them to a journal, one JSON object a line; every viewer (the screen, the
command line, tests, replays) reads the same stream. `event` names the kind. A removal needs no
engine and has no journal: who carries it out hands its events (`Removal...`, `NodeRemoved`, and
those about locks) to a viewer.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from core.model.history import Touched
from core.model.holder import Holder
from core.model.ident import DagHash, MirrorName, Sha256

Phase = Literal["fetch", "verify", "extract", "relocate", "register", "build"]
"""A phase in the life of one node; one that is built from source has `build` alone."""

PHASES: tuple[Phase, ...] = ("fetch", "verify", "extract", "relocate", "register")
"""The phases of a binary, in order."""

Lock = Literal["prefix", "database"]
"""The locks that somebody may wait for."""


class _Event(msgspec.Struct, frozen=True, tag_field="event", tag=True, kw_only=True):
    time: float
    """Seconds since the epoch."""


class RunNode(msgspec.Struct, frozen=True):
    """A node that a run is about, as viewers need it."""

    hash: DagHash
    """DAG hash."""
    name: str
    """Package name."""
    version: str
    """Version."""
    size: int
    """Bytes to fetch; 0 if nobody knows."""
    depends_on: tuple[DagHash, ...]
    """Those among the run's nodes that must be installed before."""
    from_source: bool = False
    """True if Spack builds it."""


class RunStarted(_Event, frozen=True):
    """The engine began."""

    run: str
    """Id of the run."""
    store: str
    """Root of the install tree."""
    roots: tuple[DagHash, ...]
    """What the user asked for."""
    nodes: tuple[RunNode, ...]
    """What is to be installed, dependencies first."""
    pid: int
    """Process id of the engine."""
    host: str
    """Name of the machine it runs on."""


class PhaseStarted(_Event, frozen=True):
    """A node entered a phase."""

    node: DagHash
    """Which node."""
    phase: Phase
    """Which phase."""
    total: int
    """Bytes (fetch) or entries (extract, relocate) to come; 0 if not counted."""


class PhaseProgressed(_Event, frozen=True):
    """A node got on within a phase. At most a few a second per node."""

    node: DagHash
    """Which node."""
    phase: Phase
    """Which phase."""
    done: int
    """In the unit of `PhaseStarted.total`."""


class PhaseFinished(_Event, frozen=True):
    """A node left a phase."""

    node: DagHash
    """Which node."""
    phase: Phase
    """Which phase."""
    seconds: float
    """How long it took."""
    done: int
    """Bytes or entries, in the unit of `PhaseStarted.total`."""


class NodeVerified(_Event, frozen=True):
    """The archive of a node is the one that its mirror vouches for."""

    node: DagHash
    """Which node."""
    mirror: MirrorName
    """The mirror that it came from."""
    archive_sha256: Sha256
    """Digest of the archive as stored on the mirror."""
    signer: str = ""
    """Fingerprint of the primary key that signed; empty if there is no good signature."""
    signer_name: str = ""
    """Its user id. Foreign text."""
    exception: str = ""
    """The exceptions from the rules of trust that let it in, as a sentence; empty if none."""


class LeftAlone(msgspec.Struct, frozen=True):
    """A file that was listed for relocation and stayed as it is."""

    path: str
    """Path relative to the prefix. Foreign text."""
    reason: str
    """Why, as a clause."""


class NodeRelocated(_Event, frozen=True):
    """A node was moved to its store: what was changed in it."""

    node: DagHash
    """Which node."""
    binaries: int
    """Binaries that were changed."""
    texts: int
    """Text files that were changed."""
    links: int
    """Symbolic links that were changed."""
    shebangs: int
    """Scripts that go through sbang now."""
    rpaths: int
    """ELF files that lost RPATH entries that lead nowhere."""
    strings: int
    """Paths that were replaced in binaries and texts."""
    left: tuple[LeftAlone, ...] = ()
    """Listed files that were left alone, some of them if they are many."""
    left_count: int = 0
    """How many were left alone."""
    unsigned: tuple[str, ...] = ()
    """Changed Mach-O files that macOS does not run before they are signed there, some of them if
    they are many. Paths relative to the prefix. Foreign text."""
    unsigned_count: int = 0
    """How many of these there are."""

    @property
    def files(self) -> int:
        """Files and links that were changed by relocation."""
        return self.binaries + self.texts + self.links


class BuildQueued(_Event, frozen=True):
    """A node was handed to a builder."""

    node: DagHash
    """Which node."""
    builder: str
    """Name of the builder, e.g. `local`."""
    job: str
    """What the builder calls it; foreign text."""
    log: str
    """File in which Spack's output will be; viewers read it themselves. Foreign text inside."""
    reattached: bool = False
    """True if an earlier run had handed it over."""


class BuildStarted(_Event, frozen=True):
    """A build runs."""

    node: DagHash
    """Which node."""
    host: str
    """Machine that it runs on; may be empty. Foreign text."""


class BuildStepped(_Event, frozen=True):
    """A build came to the next of Spack's own phases."""

    node: DagHash
    """Which node."""
    step: str
    """Name of the phase, e.g. `configure`. Foreign text."""


class BuildWaits(_Event, frozen=True):
    """A build that was handed over does not run yet, for a reason that the builder names."""

    node: DagHash
    """Which node."""
    reason: str
    """Why, e.g. `Resources`. Foreign text."""


class NodeFinished(_Event, frozen=True):
    """A node is installed and registered."""

    node: DagHash
    """Which node."""
    prefix: str
    """Where it is."""
    already: bool = False
    """True if somebody else had installed it meanwhile."""


class NodeFailed(_Event, frozen=True):
    """A node could not be installed; nothing of it was left behind."""

    node: DagHash
    """Which node."""
    title: str
    """What happened."""
    detail: str
    """Where."""
    hint: str
    """What to do next."""
    exit_status: int
    """Exit status of the family of errors."""
    log: str = ""
    """File with the output of the build that failed; empty if none was built."""
    is_left: bool = False
    """True if its build may go on nevertheless, and nobody waits for it."""


class NodeSkipped(_Event, frozen=True):
    """A node was not tried, because one that it needs failed or the run was cancelled."""

    node: DagHash
    """Which node."""
    reason: str
    """Why, as a sentence."""


class LogWritten(_Event, frozen=True):
    """Something worth a line in the log."""

    node: DagHash | None
    """Which node, `None` for the run as a whole."""
    text: str
    """The line. May hold foreign text: escape it before it reaches a terminal."""


class LockAwaited(_Event, frozen=True):
    """Somebody else holds a lock that is needed; said again if that is another one."""

    node: DagHash | None
    """Which node waits, `None` for the run as a whole."""
    lock: Lock
    """Which lock: that of a package, or that of the install database."""
    holder: Holder
    """Who holds it."""


class LockObtained(_Event, frozen=True):
    """A lock that was awaited is held."""

    node: DagHash | None
    """Which node waited, `None` for the run as a whole."""
    lock: Lock
    """Which lock."""
    seconds: float
    """How long it took."""


class MarkedExplicit(_Event, frozen=True):
    """A package that was installed before is noted as asked for by name."""

    node: DagHash
    """Which package; it need not be among the nodes of the run."""
    name: str
    """Package name."""
    version: str
    """Version."""
    prefix: str
    """Where it is."""


class CancelRequested(_Event, frozen=True):
    """Somebody asked the engine to stop."""


class RunPaused(_Event, frozen=True):
    """The engine begins nothing new until it is told to go on; what is begun it finishes."""


class RunResumed(_Event, frozen=True):
    """The engine goes on after a pause."""


class RemovalStarted(_Event, frozen=True):
    """A removal began; nothing has changed yet."""

    store: str
    """Root of the install tree."""
    packages: tuple[Touched, ...]
    """What is to be removed, dependents before what they need."""


class RemovalDecided(_Event, frozen=True):
    """The database was written: all of it is removed, and what follows deletes files."""


class NodeRemoved(_Event, frozen=True):
    """The files of a removed package are deleted, or were left to the next who tidies up."""

    node: DagHash
    """Which package."""
    prefix: str
    """Where it was; empty if it had no place."""
    left: str = ""
    """Why files of it are left, out of sight; empty if none are."""


class RemovalFinished(_Event, frozen=True):
    """A removal came to its end; no event follows."""

    number: int
    """Number of the operation in the history; 0 if the history cannot be written."""
    removed: int
    """Packages removed."""
    left: int
    """How many of them have files that could not be deleted yet."""
    seconds: float
    """How long it took."""


class RunFinished(_Event, frozen=True):
    """The engine ended; no event follows."""

    installed: int
    """Nodes installed."""
    failed: int
    """Nodes that failed."""
    skipped: int
    """Nodes not tried."""
    seconds: float
    """How long the run took."""
    exit_status: int
    """Exit status for a command that waited for the run."""


Event = (
    RunStarted
    | PhaseStarted
    | PhaseProgressed
    | PhaseFinished
    | NodeVerified
    | NodeRelocated
    | BuildQueued
    | BuildStarted
    | BuildStepped
    | BuildWaits
    | NodeFinished
    | NodeFailed
    | NodeSkipped
    | LogWritten
    | LockAwaited
    | LockObtained
    | MarkedExplicit
    | CancelRequested
    | RunPaused
    | RunResumed
    | RunFinished
    | RemovalStarted
    | RemovalDecided
    | NodeRemoved
    | RemovalFinished
)
"""Any event."""

Tell = Callable[[Event], None]
"""Takes in the events of something, one after the other."""

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def encode_event(event: Event) -> bytes:
    """The event as one line of JSON, newline included."""
    return _encoder.encode(event) + b"\n"


def decode_event(line: bytes) -> Event:
    """The event of one line; raises `msgspec.DecodeError` if it is none."""
    return _decoder.decode(line)
