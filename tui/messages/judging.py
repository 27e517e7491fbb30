"""What runs where, and why: what screens ask, and what they learn."""

from dataclasses import dataclass, field

from core.model.explanation import Explanation
from core.model.ident import DagHash, MirrorName
from core.model.plan import Plan
from core.model.tables import Matrix, VariantTable
from core.model.views import BuildView
from tui.messages.facts import Fact
from tui.messages.requests import Request


@dataclass(frozen=True)
class Explain(Request):
    """Find out why something can be used here, or why not. May ask mirrors, and take long."""

    text: str
    """A spec of one package, or a hash as `/abc123`."""
    plan: Plan | None = field(default=None, compare=False)
    """The plan that is on the screen, so that no mirror is asked again."""
    latest_wins = True
    is_quiet = True


@dataclass(frozen=True)
class CountBuilds(Request):
    """Count the builds by operating system and target."""

    mirror: MirrorName | None
    """Of which mirror; `None` for all."""
    latest_wins = True
    is_quiet = True


@dataclass(frozen=True)
class CompareBuilds(Request):
    """Find out in what all builds of one package differ."""

    name: str
    """Package name."""
    latest_wins = True
    is_quiet = True


@dataclass(frozen=True)
class FindDependents(Request):
    """List the builds that need a build directly."""

    hash: DagHash
    """Which."""
    latest_wins = True
    is_quiet = True


@dataclass(frozen=True)
class Explained(Fact):
    """It is known why something can be used, or why not."""

    request: Explain
    """What was asked."""
    explanation: Explanation
    """The answer."""


@dataclass(frozen=True)
class BuildsCounted(Fact):
    """The builds were counted."""

    request: CountBuilds
    """What was asked."""
    matrix: Matrix
    """The numbers."""


@dataclass(frozen=True)
class BuildsCompared(Fact):
    """It is known in what the builds of a package differ."""

    request: CompareBuilds
    """What was asked."""
    table: VariantTable
    """The builds."""


@dataclass(frozen=True)
class DependentsFound(Fact):
    """The builds that need a build were listed."""

    request: FindDependents
    """What was asked."""
    builds: tuple[BuildView, ...]
    """By name, best first."""
