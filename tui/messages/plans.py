"""Requests and facts about plans that are saved."""

from core.model.plan import Plan
from tui.messages.facts import Fact
from tui.messages.requests import Request


class SavePlan(Request, frozen=True):
    """Write a plan to a file, as the document that `spackbin plan --json` prints."""

    plan: Plan
    """Which plan."""
    path: str
    """Where to, as the user typed it."""
    replaces: bool = False
    """True if the user said that a file may be replaced."""
    is_quiet = True


class PlanSaved(Fact, frozen=True):
    """A plan was written to a file."""

    request: SavePlan
    """What was asked."""
    path: str
    """The whole path of the file. Foreign text."""


class PlanFileFound(Fact, frozen=True):
    """A plan was not written, because there is a file of that name."""

    request: SavePlan
    """What was asked."""
    path: str
    """The whole path of the file. Foreign text."""
