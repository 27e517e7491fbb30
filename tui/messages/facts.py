"""What screens learn, in the past tense."""

from dataclasses import dataclass

from core.errors import SpackbinError
from core.events import Event
from core.model.environment import Environment
from core.model.history import History
from core.model.host import Host
from core.model.ident import DagHash, Fingerprint, MirrorName
from core.model.mirror import KnownMirror
from core.model.plan import Plan
from core.model.removal import Removal, RemovalPlan
from core.model.views import BuildDetails, BuildView, KeyStatus, MirrorStatus, PackageView
from core.session import Run
from tui.messages.requests import (
    FindBuilds,
    FindPackages,
    FindRun,
    MakePlan,
    PlanRemoval,
    ReadEnvironment,
    Remove,
    Request,
)


class Fact:
    """Something that is so since a moment ago."""


@dataclass(frozen=True)
class RequestFailed(Fact):
    """A request could not be met."""

    request: Request
    """Which."""
    error: SpackbinError
    """Why."""


@dataclass(frozen=True)
class HostRead(Fact):
    """This machine was looked at."""

    host: Host
    """What it is."""
    store: str
    """Root of the install tree."""


@dataclass(frozen=True)
class MirrorsRead(Fact):
    """The mirrors were listed."""

    mirrors: tuple[MirrorStatus, ...]
    """All of them, in order of configuration."""
    notes: tuple[str, ...] = ()
    """What could not be read of the configuration of a Spack beside us, as sentences."""


@dataclass(frozen=True)
class KnownMirrorsRead(Fact):
    """The public mirrors that we know of were listed."""

    mirrors: tuple[KnownMirror, ...]
    """All of them, the best known first."""


@dataclass(frozen=True)
class PackagesFound(Fact):
    """Packages were listed."""

    request: FindPackages
    """What was asked."""
    packages: tuple[PackageView, ...]
    """Sorted by name."""


@dataclass(frozen=True)
class BuildsFound(Fact):
    """The builds of a package were listed."""

    request: FindBuilds
    """What was asked."""
    builds: tuple[BuildView, ...]
    """The best for this host first."""


@dataclass(frozen=True)
class DetailsRead(Fact):
    """One build was read in full."""

    details: BuildDetails
    """What it is."""


@dataclass(frozen=True)
class Room:
    """What is left on the file system of the store."""

    bytes_free: int
    """Bytes that this user may still write."""
    inodes_free: int
    """Files that this user may still make; 0 if the file system does not count them."""


@dataclass(frozen=True)
class PlanMade(Fact):
    """It is known what an install would do."""

    request: MakePlan
    """What was asked."""
    plan: Plan
    """The plan."""
    room: Room | None
    """What is left in the store, `None` if it cannot be found out."""


@dataclass(frozen=True)
class InstallStarted(Fact):
    """The engine of an install began."""

    run: Run
    """The run."""


@dataclass(frozen=True)
class RunFound(Fact):
    """It is known whether this store has a run."""

    request: FindRun
    """What was asked."""
    run: Run | None
    """The run in progress, else the last; `None` if there was none."""
    is_alive: bool
    """True if it is in progress."""


@dataclass(frozen=True)
class EventsArrived(Fact):
    """Something happened in a run."""

    run: Run
    """Which."""
    events: tuple[Event, ...]
    """What, in order."""


@dataclass(frozen=True)
class EngineLost(Fact):
    """The engine of a run ended without saying so."""

    run: Run
    """Which."""
    last_words: str
    """The end of what it wrote. Foreign text."""


@dataclass(frozen=True)
class RunProgressed(Fact):
    """The state that the app keeps of the run took in new events."""

    nodes: frozenset[DagHash]
    """The nodes that they were about."""
    installed: int
    """Packages that are installed."""
    total: int
    """Packages of the run."""
    has_ended: bool
    """True if the run came to its end with them."""


@dataclass(frozen=True)
class HistoryRead(Fact):
    """What was done to the store was listed."""

    history: History
    """All of it."""


@dataclass(frozen=True)
class RemovalPlanned(Fact):
    """It is known what a removal would do."""

    request: PlanRemoval
    """What was asked."""
    plan: RemovalPlan | Plan
    """What it would remove; of an undo that brings packages back, what it would install."""


@dataclass(frozen=True)
class Removed(Fact):
    """Something was removed."""

    request: Remove
    """What was asked."""
    removal: Removal
    """What was done."""


@dataclass(frozen=True)
class RemovalGivenUp(Fact):
    """A removal was given up in time: nothing was removed."""

    request: Remove
    """What was asked."""


@dataclass(frozen=True)
class EnvironmentRead(Fact):
    """An environment was read."""

    request: ReadEnvironment
    """What was asked."""
    environment: Environment
    """What it holds."""


@dataclass(frozen=True)
class MirrorAdded(Fact):
    """A mirror was added; its index is not read yet."""

    mirror: MirrorStatus
    """The mirror."""


@dataclass(frozen=True)
class MirrorRemoved(Fact):
    """A mirror was removed."""

    name: MirrorName
    """Which."""


@dataclass(frozen=True)
class RefreshProgressed(Fact):
    """A refresh got on."""

    mirror: MirrorName
    """Which mirror."""
    step: str
    """What is being done."""
    done: int
    """How much of it."""
    total: int
    """Of how much; 0 if that is not known."""


@dataclass(frozen=True)
class RefreshFailed(Fact):
    """One mirror could not be refreshed; what was known of it stays."""

    mirror: MirrorName
    """Which."""
    error: SpackbinError
    """Why."""


@dataclass(frozen=True)
class MirrorsRefreshed(Fact):
    """A refresh came to its end."""

    names: tuple[MirrorName, ...]
    """Which mirrors were asked for."""


@dataclass(frozen=True)
class KeysRead(Fact):
    """The keys of a mirror are known."""

    mirror: MirrorName
    """Which mirror."""
    keys: tuple[KeyStatus, ...]
    """Offered and trusted ones."""


@dataclass(frozen=True)
class KeyTrusted(Fact):
    """A key is now trusted for its mirror."""

    key: KeyStatus
    """The key."""


@dataclass(frozen=True)
class KeyDistrusted(Fact):
    """A key is no longer trusted for a mirror."""

    mirror: MirrorName
    """Which mirror."""
    fingerprint: Fingerprint
    """Which key."""
