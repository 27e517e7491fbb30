"""What screens ask for, in the imperative."""

from dataclasses import dataclass, field
from typing import ClassVar

from core.model.environment import Environment
from core.model.ident import DagHash, Fingerprint, MirrorName
from core.model.plan import Plan
from core.model.removal import RemovalPlan
from core.session import Run


@dataclass(frozen=True)
class Request:
    """Something that a screen wants done."""

    latest_wins: ClassVar[bool] = False
    """True if a newer request of the kind makes older ones pointless."""
    is_quiet: ClassVar[bool] = False
    """True if the screen that asked shows a failure itself, without a dialog."""


@dataclass(frozen=True)
class ReadHost(Request):
    """Find out what this machine is."""


@dataclass(frozen=True)
class ReadMirrors(Request):
    """List the mirrors."""

    latest_wins = True


@dataclass(frozen=True)
class FindPackages(Request):
    """List packages."""

    query: str
    """Spec syntax or part of a name; empty for all."""
    all_targets: bool
    """True to count builds for other hosts, too."""
    latest_wins = True
    is_quiet = True


@dataclass(frozen=True)
class SearchPackages(FindPackages):
    """List the packages that a query finds, beside the list of all."""


@dataclass(frozen=True)
class FindBuilds(Request):
    """List the builds of one package."""

    name: str
    """Package name."""
    query: str
    """Spec syntax; empty for all builds."""
    all_targets: bool
    """True for builds for other hosts, too."""
    latest_wins = True
    is_quiet = True


@dataclass(frozen=True)
class ReadDetails(Request):
    """Read one build in full."""

    hash: DagHash
    """Which."""
    latest_wins = True
    is_quiet = True


@dataclass(frozen=True)
class MakePlan(Request):
    """Find out what an install would do."""

    hashes: tuple[DagHash, ...]
    """What is to be installed."""
    environment: Environment | None = field(default=None, compare=False)
    """The environment whose roots they are, and which describes them; `None` if there is none."""
    builder: str = ""
    """Who builds what no mirror has, e.g. `local`; nobody if empty."""
    latest_wins = True


@dataclass(frozen=True)
class StartInstall(Request):
    """Start an install as planned."""

    plan: Plan
    """The plan that the user agreed to."""


@dataclass(frozen=True)
class FindRun(Request):
    """Look for an install in progress, or else the last one."""

    shows: bool = False
    """True if the run is to be shown on its screen."""


@dataclass(frozen=True)
class FollowRun(Request):
    """Report what happens in a run, until it ends."""

    run: Run
    """Which."""
    latest_wins = True


@dataclass(frozen=True)
class CancelRun(Request):
    """Ask the engine of a run to stop."""

    run: Run
    """Which."""


@dataclass(frozen=True)
class ReadHistory(Request):
    """List what was done to the store."""

    latest_wins = True
    is_quiet = True


@dataclass(frozen=True)
class PlanRemoval(Request):
    """Find out what an uninstall or an undo would do."""

    latest_wins = True
    is_quiet = True


@dataclass(frozen=True)
class PlanUninstall(PlanRemoval):
    """Find out what an uninstall would do."""

    hashes: tuple[DagHash, ...]
    """What is to be removed."""
    dependents: bool = False
    """True to remove what needs it as well."""
    unused: bool = False
    """True to remove what only it needed as well."""


@dataclass(frozen=True)
class PlanUndo(PlanRemoval):
    """Find out what taking back an operation would do."""

    number: int | None = None
    """Which operation; `None` for the last that can be taken back."""


@dataclass(frozen=True)
class Remove(Request):
    """Remove as planned. It can be given up until the database is written."""

    plan: RemovalPlan
    """The plan that the user agreed to."""


@dataclass(frozen=True)
class ReadEnvironment(Request):
    """Read a Spack environment."""

    path: str
    """Its directory, or its `spack.lock` or `spack.yaml`, as the user typed it."""
    latest_wins = True
    is_quiet = True


@dataclass(frozen=True)
class ReadKnownMirrors(Request):
    """List the public mirrors that we know of."""


@dataclass(frozen=True)
class AddMirror(Request):
    """Add a mirror to the configuration."""

    name: str
    """Name to give it."""
    url: str
    """Where it is."""
    signed: bool
    """True if its builds must be signed."""
    confirmed: str = ""
    """Its name as the user typed it once more, after the warnings were shown; else empty."""
    is_quiet = True


@dataclass(frozen=True)
class RemoveMirror(Request):
    """Remove a mirror from the configuration."""

    name: MirrorName
    """Which."""


@dataclass(frozen=True)
class RefreshMirrors(Request):
    """Read the indexes of some mirrors anew, one after the other."""

    names: tuple[MirrorName, ...]
    """Which."""
    accept_older: bool = False
    """True to take an index that was replaced before, because the user said so."""


@dataclass(frozen=True)
class ReadKeys(Request):
    """Ask a mirror for its keys."""

    mirror: MirrorName
    """Which."""
    is_quiet = True


@dataclass(frozen=True)
class TrustKey(Request):
    """Trust a key for one mirror."""

    mirror: MirrorName
    """For which mirror."""
    fingerprint: Fingerprint
    """Which key."""
    from_spack: bool = False
    """True if the key is to come from the keyring of a Spack beside us."""
    despite_disagreement: bool = False
    """True if the user was shown that second sources name another key, and wants this one."""


@dataclass(frozen=True)
class DistrustKey(Request):
    """Stop trusting a key for one mirror."""

    mirror: MirrorName
    """For which mirror."""
    fingerprint: Fingerprint
    """Which key."""


@dataclass(frozen=True)
class GiveUp(Request):
    """Stop working on requests of one kind; no fact answers them any more."""

    kind: type[Request]
    """Which kind."""


@dataclass(frozen=True)
class Quit(Request):
    """Leave the program."""
