"""What screens learn, in the past tense."""

from typing import TYPE_CHECKING

from core.errors import SpackbinError
from core.model.environment import Environment
from core.model.history import History
from core.model.host import Host
from core.model.ident import DagHash, Fingerprint, MirrorName
from core.model.mirror import KnownMirror
from core.model.plan import Plan
from core.model.removal import Removal, RemovalPlan
from core.model.value import Value
from core.model.views import BuildDetails, BuildView, KeyStatus, MirrorStatus, PackageView
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

if TYPE_CHECKING:
    # Their rooms are loaded when a job asks for runs.
    from core.events import Event
    from core.session import Run


class Fact(Value, frozen=True):
    """Something that is so since a moment ago."""


class RequestFailed(Fact, frozen=True):
    """A request could not be met."""

    request: Request
    """Which."""
    error: SpackbinError
    """Why."""


class HostRead(Fact, frozen=True):
    """This machine was looked at."""

    host: Host
    """What it is."""
    store: str
    """Root of the install tree."""


class MirrorsRead(Fact, frozen=True):
    """The mirrors were listed."""

    mirrors: tuple[MirrorStatus, ...]
    """All of them, in order of configuration."""
    notes: tuple[str, ...] = ()
    """What could not be read of the configuration of a Spack beside us, as sentences."""


class KnownMirrorsRead(Fact, frozen=True):
    """The public mirrors that we know of were listed."""

    mirrors: tuple[KnownMirror, ...]
    """All of them, the best known first."""


class PackagesFound(Fact, frozen=True):
    """Packages were listed."""

    request: FindPackages
    """What was asked."""
    packages: tuple[PackageView, ...]
    """Sorted by name."""


class BuildsFound(Fact, frozen=True):
    """The builds of a package were listed."""

    request: FindBuilds
    """What was asked."""
    builds: tuple[BuildView, ...]
    """The best for this host first."""


class DetailsRead(Fact, frozen=True):
    """One build was read in full."""

    details: BuildDetails
    """What it is."""


class Room(Value, frozen=True):
    """What is left on the file system of the store."""

    bytes_free: int
    """Bytes that this user may still write."""
    inodes_free: int
    """Files that this user may still make; 0 if the file system does not count them."""


class PlanMade(Fact, frozen=True):
    """It is known what an install would do."""

    request: MakePlan
    """What was asked."""
    plan: Plan
    """The plan."""
    room: Room | None
    """What is left in the store, `None` if it cannot be found out."""


class InstallStarted(Fact, frozen=True):
    """The engine of an install began."""

    run: "Run"
    """The run."""


class RunFound(Fact, frozen=True):
    """It is known whether this store has a run."""

    request: FindRun
    """What was asked."""
    run: "Run | None"
    """The run in progress, else the last; `None` if there was none."""
    is_alive: bool
    """True if it is in progress."""


class EventsArrived(Fact, frozen=True):
    """Something happened in a run."""

    run: "Run"
    """Which."""
    events: "tuple[Event, ...]"
    """What, in order."""


class EngineLost(Fact, frozen=True):
    """The engine of a run ended without saying so."""

    run: "Run"
    """Which."""
    last_words: str
    """The end of what it wrote. Foreign text."""


class RunProgressed(Fact, frozen=True):
    """The state that the app keeps of the run took in new events."""

    nodes: frozenset[DagHash]
    """The nodes that they were about."""
    installed: int
    """Packages that are installed."""
    total: int
    """Packages of the run."""
    has_ended: bool
    """True if the run came to its end with them."""
    is_paused: bool = False
    """True if nothing new is begun."""


class HistoryRead(Fact, frozen=True):
    """What was done to the store was listed."""

    history: History
    """All of it."""


class RemovalPlanned(Fact, frozen=True):
    """It is known what a removal would do."""

    request: PlanRemoval
    """What was asked."""
    plan: RemovalPlan | Plan
    """What it would remove; of an undo that brings packages back, what it would install."""


class RemovalProgressed(Fact, frozen=True):
    """A removal got on."""

    request: Remove
    """What was asked."""
    events: "tuple[Event, ...]"
    """What happened, in order."""


class Removed(Fact, frozen=True):
    """Something was removed."""

    request: Remove
    """What was asked."""
    removal: Removal
    """What was done."""


class RemovalGivenUp(Fact, frozen=True):
    """A removal was given up in time: nothing was removed."""

    request: Remove
    """What was asked."""


class EnvironmentRead(Fact, frozen=True):
    """An environment was read."""

    request: ReadEnvironment
    """What was asked."""
    environment: Environment
    """What it holds."""


class MirrorAdded(Fact, frozen=True):
    """A mirror was added; its index is not read yet."""

    mirror: MirrorStatus
    """The mirror."""


class MirrorRemoved(Fact, frozen=True):
    """A mirror was removed."""

    name: MirrorName
    """Which."""


class RefreshProgressed(Fact, frozen=True):
    """A refresh got on."""

    mirror: MirrorName
    """Which mirror."""
    step: str
    """What is being done."""
    done: int
    """How much of it."""
    total: int
    """Of how much; 0 if that is not known."""


class RefreshFailed(Fact, frozen=True):
    """One mirror could not be refreshed; what was known of it stays."""

    mirror: MirrorName
    """Which."""
    error: SpackbinError
    """Why."""


class MirrorsRefreshed(Fact, frozen=True):
    """A refresh came to its end."""

    names: tuple[MirrorName, ...]
    """Which mirrors were asked for."""


class KeysRead(Fact, frozen=True):
    """The keys of a mirror are known."""

    mirror: MirrorName
    """Which mirror."""
    keys: tuple[KeyStatus, ...]
    """Offered and trusted ones."""


class KeyTrusted(Fact, frozen=True):
    """A key is now trusted for its mirror."""

    key: KeyStatus
    """The key."""


class KeyDistrusted(Fact, frozen=True):
    """A key is no longer trusted for a mirror."""

    mirror: MirrorName
    """Which mirror."""
    fingerprint: Fingerprint
    """Which key."""
