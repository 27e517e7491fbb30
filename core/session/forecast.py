"""How long the builds of a plan may take, and which builds would save them."""

from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from core.model.explanation import Nearest
from core.model.forecast import Forecast
from core.model.graph import LINK_RUN, TO_BUILD
from core.model.ident import DagHash
from core.model.plan import Disposition, Plan
from core.planning.forecast import make_forecast
from core.session.snapshot import Snapshot
from core.session.subjects import nearest_whole, subject_of
from core.store.buildtimes import BuildTimes, times_in_prefixes


def forecast_of(now: Snapshot, plan: Plan, state: Path) -> Forecast:
    """See `JudgeDesk.forecast`.

    Args:
        now: what is offered and installed.
        plan: the plan.
        state: directory of what cannot be had again (`Settings.state_dir`).
    """
    to_build = plan.having(Disposition.BUILD)
    if not to_build:
        return Forecast(0)
    names = {str(node.spec.name) for node in to_build}
    times = [*BuildTimes(state).of(names), *times_in_prefixes(now.records.values(), names)]
    return replace(make_forecast(plan, times), alternatives=dict(_alternatives(now, plan)))


def _alternatives(now: Snapshot, plan: Plan) -> Iterator[tuple[DagHash, Nearest]]:
    """For each root that needs builds, the nearest build that needs none."""
    to_build = {node.spec.hash for node in plan.having(Disposition.BUILD)}
    needed = TO_BUILD if plan.from_source else LINK_RUN
    for root in plan.roots:
        if to_build.isdisjoint(plan.graph.closure(root, needed)):
            continue
        subject = subject_of(now, root, plan)
        if subject and (found := nearest_whole(now, subject)):
            yield root, found
