"""What runs where, and why: what screens ask, and what they learn."""

from core.model.explanation import Explanation
from core.model.ident import DagHash, MirrorName
from core.model.plan import Plan
from core.model.tables import Matrix, VariantTable
from core.model.views import BuildView
from tui.messages.facts import Fact
from tui.messages.requests import Request


class Explain(Request, frozen=True):
    """Find out why something can be used here, or why not. May ask mirrors, and take long."""

    text: str
    """A spec of one package, or a hash as `/abc123`."""
    plan: Plan | None = None
    """The plan that is on the screen, so that no mirror is asked again."""
    latest_wins = True
    is_quiet = True


class CountBuilds(Request, frozen=True):
    """Count the builds by operating system and target."""

    mirror: MirrorName | None
    """Of which mirror; `None` for all."""
    latest_wins = True
    is_quiet = True


class CompareBuilds(Request, frozen=True):
    """Find out in what all builds of one package differ."""

    name: str
    """Package name."""
    latest_wins = True
    is_quiet = True


class FindDependents(Request, frozen=True):
    """List the builds that need a build directly."""

    hash: DagHash
    """Which."""
    latest_wins = True
    is_quiet = True


class Explained(Fact, frozen=True):
    """It is known why something can be used, or why not."""

    request: Explain
    """What was asked."""
    explanation: Explanation
    """The answer."""


class BuildsCounted(Fact, frozen=True):
    """The builds were counted."""

    request: CountBuilds
    """What was asked."""
    matrix: Matrix
    """The numbers."""


class BuildsCompared(Fact, frozen=True):
    """It is known in what the builds of a package differ."""

    request: CompareBuilds
    """What was asked."""
    table: VariantTable
    """The builds."""


class DependentsFound(Fact, frozen=True):
    """The builds that need a build were listed."""

    request: FindDependents
    """What was asked."""
    builds: tuple[BuildView, ...]
    """By name, best first."""
