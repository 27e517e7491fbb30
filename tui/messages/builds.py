"""Builds from source: what screens ask, and what they learn."""

from array import array
from typing import TYPE_CHECKING

from core.model.environment import Environment
from core.model.plan import Plan
from core.model.views import PackageView
from tui.messages.facts import Fact
from tui.messages.requests import Request

if TYPE_CHECKING:
    # Loaded when a job makes one.
    from core.model.forecast import Forecast


class ForecastBuilds(Request, frozen=True):
    """Find out how long the builds of a plan may take."""

    plan: Plan
    """The plan."""
    latest_wins = True
    is_quiet = True


class TailLog(Request, frozen=True):
    """Read the end of the output of a build."""

    path: str
    """The file."""
    follows: bool
    """True to read it again whenever it has grown, until that is given up."""
    latest_wins = True
    is_quiet = True


class IndexLog(Request, frozen=True):
    """Find out where the lines of the output of a build begin, until that is given up."""

    path: str
    """The file."""
    latest_wins = True
    is_quiet = True


class SearchLog(Request, frozen=True):
    """Find a text in the output of a build, in whatever case."""

    path: str
    """The file."""
    text: str
    """What to find."""
    offset: int
    """Where to begin; behind the end it goes on at the beginning."""
    end: int
    """How far the file is known."""
    latest_wins = True
    is_quiet = True


class BuildsForecast(Fact, frozen=True):
    """It is known how long the builds of a plan may take."""

    plan: Plan
    """The plan."""
    forecast: "Forecast"
    """What is known."""


class LogTailed(Fact, frozen=True):
    """The end of the output of a build was read."""

    path: str
    """The file."""
    lines: tuple[str, ...]
    """The last lines, cleaned; none if there is no output yet."""


class LogIndexed(Fact, frozen=True):
    """More is known of where lines begin."""

    path: str
    """The file."""
    starts: "array[int]"
    """Offsets of the next lines."""
    end: int
    """How far the file is known."""
    is_anew: bool
    """True if the file begins anew: what was known of it is of another one."""


class LogSearched(Fact, frozen=True):
    """A text was looked for in the output of a build."""

    request: SearchLog
    """What was asked."""
    offset: int | None
    """Where it stands, `None` if nowhere."""


class FindRecipes(Request, frozen=True):
    """List the packages that Spack could build and of which nobody has a binary."""

    latest_wins = True
    is_quiet = True


class Concretize(Request, frozen=True):
    """Let Spack decide how to build something. May take minutes."""

    spec: str
    """What, as an abstract spec."""
    latest_wins = True
    is_quiet = True


class RecipesFound(Fact, frozen=True):
    """The packages were listed that could be built."""

    packages: tuple[PackageView, ...]
    """By name; of none is there a build."""
    is_current: bool
    """False if the recipes are still being read, and these are those of before."""


class ConcretizingGoesOn(Fact, frozen=True):
    """Spack is still deciding."""

    request: Concretize
    """What was asked."""
    line: str
    """What it said last, cleaned."""


class Concretized(Fact, frozen=True):
    """Spack has decided."""

    request: Concretize
    """What was asked."""
    environment: Environment
    """What it decided on."""
