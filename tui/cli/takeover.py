"""What is left of a run whose engine died, and how somebody goes on with it."""

import shlex

from core.errors import StoreError
from core.events import Event, NodeFinished, RunStarted
from core.model.value import Value
from core.session import Run, Session
from core.settings import load_settings
from tui.cli.followbuilds import builds_left


class TakeOver(Value, frozen=True):
    """How to go on with a run whose engine died."""

    command: str
    """The command that takes it over, or that watches the run that has done so already."""
    by: str
    """Id of the run in progress that does the same already; empty if none does."""
    builds: tuple[str, ...]
    """Builds that it ordered and that may still go on, each with its builder and job."""
    installed: int
    """Packages that it had installed."""
    total: int
    """Packages that it was to install."""


def take_over_of(session: Session, run: Run, events: list[Event]) -> TakeOver:
    """What to do about a run whose engine died.

    Args:
        session: knows the other runs.
        run: which.
        events: all of it.
    """
    other = session.runs.successor(run)
    words = ["attach", other.id] if other else ["install", "--again", run.id]
    if not other and session.runs.is_sent(run):
        words += ["--on", "slurm"]
    started = next((event for event in events if isinstance(event, RunStarted)), None)
    return TakeOver(
        command=shlex.join(["spackbin", *_places(session), *words]),
        by=other.id if other else "",
        builds=tuple(builds_left(events)),
        installed=sum(isinstance(event, NodeFinished) for event in events),
        total=len(started.nodes) if started else 0,
    )


def without_a_word(run: Run, found: TakeOver) -> StoreError:
    """The error of a run whose engine died."""
    hint: list[str] = []
    if found.total:
        hint.append(f"{found.installed} of {found.total} packages were installed by then.")
    if found.builds:
        hint.append(f"Builds that it ordered may still go on: {', '.join(found.builds)}.")
    if found.by:
        hint.append(f"Run {found.by} goes on with it: {found.command} (to watch that one)")
    else:
        waits = ", and wait for those builds" if found.builds else ""
        hint.append(
            f"To go on where it ended{waits}: {found.command} (shows the plan and asks first;"
            " what is half done is cleaned up)"
        )
    where = run.last_words() or f"What is known of it is in {run.directory}"
    return StoreError("The install ended without a word", where, " ".join(hint))


def _places(session: Session) -> list[str]:
    """The options without which a new terminal would look elsewhere."""
    usual = load_settings({}, {})
    found: list[str] = []
    if session.settings.store != usual.store:
        found += ["--store", str(session.settings.store)]
    if session.settings.config_dir != usual.config_dir:
        found += ["--config", str(session.settings.config_dir)]
    return found
