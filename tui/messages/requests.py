"""What screens ask for, in the imperative."""

from typing import TYPE_CHECKING, ClassVar

from core.model.environment import Environment
from core.model.ident import DagHash, Fingerprint, MirrorName
from core.model.mirror import Channel
from core.model.plan import Plan
from core.model.removal import RemovalPlan
from core.model.value import Value

if TYPE_CHECKING:
    # Its room is loaded when a job asks for runs.
    from core.session import Run


class Request(Value, frozen=True):
    """Something that a screen wants done."""

    latest_wins: ClassVar[bool] = False
    """True if a newer request of the kind makes older ones pointless."""
    is_quiet: ClassVar[bool] = False
    """True if the screen that asked shows a failure itself, without a dialog."""


class ReadHost(Request, frozen=True):
    """Find out what this machine is."""


class ReadMirrors(Request, frozen=True):
    """List the mirrors."""

    latest_wins = True


class FindPackages(Request, frozen=True):
    """List packages."""

    query: str
    """Spec syntax or part of a name; empty for all."""
    all_targets: bool
    """True to count builds for other hosts, too."""
    latest_wins = True
    is_quiet = True


class SearchPackages(FindPackages, frozen=True):
    """List the packages that a query finds, beside the list of all."""


class FindBuilds(Request, frozen=True):
    """List the builds of one package."""

    name: str
    """Package name."""
    query: str
    """Spec syntax; empty for all builds."""
    all_targets: bool
    """True for builds for other hosts, too."""
    latest_wins = True
    is_quiet = True


class ReadDetails(Request, frozen=True):
    """Read one build in full."""

    hash: DagHash
    """Which."""
    latest_wins = True
    is_quiet = True


class MakePlan(Request, frozen=True):
    """Find out what an install would do."""

    hashes: tuple[DagHash, ...]
    """What is to be installed."""
    environment: Environment | None = None
    """The environment whose roots they are, and which describes them; `None` if there is none."""
    builder: str = ""
    """Who builds what no mirror has, e.g. `local`; nobody if empty."""
    latest_wins = True


class StartInstall(Request, frozen=True):
    """Start an install as planned."""

    plan: Plan
    """The plan that the user agreed to."""


class FindRun(Request, frozen=True):
    """Look for an install in progress, or else the last one."""

    shows: bool = False
    """True if the run is to be shown on its screen."""


class FollowRun(Request, frozen=True):
    """Report what happens in a run, until it ends."""

    run: "Run"
    """Which."""
    latest_wins = True


class CancelRun(Request, frozen=True):
    """Ask the engine of a run to stop."""

    run: "Run"
    """Which."""


class PauseRun(Request, frozen=True):
    """Have the engine of a run begin nothing new; or go on, if it is asked for that already."""

    run: "Run"
    """Which."""


class ReadHistory(Request, frozen=True):
    """List what was done to the store."""

    latest_wins = True
    is_quiet = True


class PlanRemoval(Request, frozen=True):
    """Find out what an uninstall or an undo would do."""

    latest_wins = True
    is_quiet = True


class PlanUninstall(PlanRemoval, frozen=True):
    """Find out what an uninstall would do."""

    hashes: tuple[DagHash, ...]
    """What is to be removed."""
    dependents: bool = False
    """True to remove what needs it as well."""
    unused: bool = False
    """True to remove what only it needed as well."""


class PlanUndo(PlanRemoval, frozen=True):
    """Find out what taking back an operation would do."""

    number: int | None = None
    """Which operation; `None` for the last that can be taken back."""


class Remove(Request, frozen=True):
    """Remove as planned. It can be given up until the database is written."""

    plan: RemovalPlan
    """The plan that the user agreed to."""


class ReadEnvironment(Request, frozen=True):
    """Read a Spack environment."""

    path: str
    """Its directory, or its `spack.lock` or `spack.yaml`, as the user typed it."""
    latest_wins = True
    is_quiet = True


class ReadKnownMirrors(Request, frozen=True):
    """List the public mirrors that we know of."""


class AddMirror(Request, frozen=True):
    """Add a mirror to the configuration."""

    name: str
    """Name to give it."""
    url: str
    """Where it is."""
    signed: bool
    """True if its builds must be signed."""
    confirmed: str = ""
    """Its name as the user typed it once more, after the warnings were shown; else empty."""
    channel: Channel | None = None
    """What stands behind its builds; `None` for what its URL tells."""
    keys_page: str = ""
    """URL of a document, apart from the mirror, that names its keys; empty if there is none."""
    is_quiet = True


class RemoveMirror(Request, frozen=True):
    """Remove a mirror from the configuration."""

    name: MirrorName
    """Which."""


class RefreshMirrors(Request, frozen=True):
    """Read the indexes of some mirrors anew, one after the other."""

    names: tuple[MirrorName, ...]
    """Which."""
    accept_older: bool = False
    """True to take an index that was replaced before, because the user said so."""


class ReadKeys(Request, frozen=True):
    """Ask a mirror for its keys."""

    mirror: MirrorName
    """Which."""
    is_quiet = True


class TrustKey(Request, frozen=True):
    """Trust a key for one mirror."""

    mirror: MirrorName
    """For which mirror."""
    fingerprint: Fingerprint
    """Which key."""
    from_spack: bool = False
    """True if the key is to come from the keyring of a Spack beside us."""
    despite_disagreement: bool = False
    """True if the user was shown that second sources name another key, and wants this one."""


class DistrustKey(Request, frozen=True):
    """Stop trusting a key for one mirror."""

    mirror: MirrorName
    """For which mirror."""
    fingerprint: Fingerprint
    """Which key."""


class GiveUp(Request, frozen=True):
    """Stop working on requests of one kind; no fact answers them any more."""

    kind: type[Request]
    """Which kind."""


class Quit(Request, frozen=True):
    """Leave the program."""
