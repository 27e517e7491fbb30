"""What the builds of a run work with, and the errors in which they end."""

from collections.abc import Callable, Mapping, Sequence

from core.cancel import CancelToken
from core.engine.builders.protocol import BuildTask, JobReport, JobState
from core.engine.holdings import Holdings
from core.engine.journal import Run
from core.engine.registrar import Registrar
from core.engine.reporter import Reporter
from core.engine.request import Request
from core.engine.scheduler import Outcome
from core.engine.waits import Waits
from core.errors import SpackbinError, StoreError
from core.model.graph import SpecGraph
from core.model.ident import DagHash
from core.model.value import Value
from core.store.database import Database


class Site(Value, frozen=True):
    """What the builds of a run work with, and whom they tell."""

    run: Run
    """The run."""
    request: Request
    """What it was asked."""
    graph: SpecGraph
    """Its graph."""
    depends_on: Mapping[DagHash, Sequence[DagHash]]
    """For each node those of the run that it needs."""
    database: Database
    """That of the store."""
    registrar: Registrar
    """Registers what the run unpacks."""
    holdings: Holdings
    """The prefix locks of the run."""
    waits: Waits
    """Which nodes wait for those of others."""
    reporter: Reporter
    """Where to tell what happens."""
    cancel: CancelToken
    """Ends the builds."""
    is_paused: Callable[[], bool]
    """None is handed over while it says so."""
    outcome: Callable[[DagHash], Outcome | None]
    """How a node of the run has ended, if it has."""
    ended: Callable[[DagHash, Outcome], None]
    """Told how a build has ended."""
    failed: Callable[[DagHash, Exception, str, bool], None]
    """Told why, where its log is, and whether its job may go on nevertheless."""
    skipped: Callable[[DagHash, DagHash | None], None]
    """Told of a build that is not tried, and because of which node; `None` if cancelled."""


def not_built(task: BuildTask, report: JobReport) -> SpackbinError:
    """The error of a build that did not end well."""
    where = f" on {report.host}" if report.host else ""
    if report.state is JobState.CANCELLED:
        title = f"The build of {task.label}{where} was cancelled by somebody else"
    else:
        title = f"{task.label} could not be built{where}"
    return SpackbinError(title, report.reason, f"Read its log: spackbin log /{task.hash[:7]}")


def left_alone(task: BuildTask, by_hand: str, error: Exception) -> SpackbinError:
    """The error of a build that may go on and is not followed any longer, because of `error`."""
    kind = type(error) if isinstance(error, SpackbinError) else SpackbinError
    return kind(
        f"The build of {task.label} may still go on, and nobody waits for it",
        str(error),
        f"To wait for it, install the same again; to end it: {by_hand}",
    )


def not_there(task: BuildTask, store: str) -> StoreError:
    """The error of a build that ended well and left nothing."""
    return StoreError(
        f"Spack says that it has built {task.label}, and the store does not have it",
        f"Store: {store}",
        f"Read its log: spackbin log /{task.hash[:7]}. Another install tree may be configured",
    )
