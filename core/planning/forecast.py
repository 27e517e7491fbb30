"""How long the builds of a plan may take, by how long others took. Pure."""

from collections.abc import Collection, Container, Iterable

from core.model.forecast import BuildTime, Estimate, Forecast, build_time
from core.model.graph import LINK_RUN, TO_BUILD
from core.model.ident import DagHash
from core.model.plan import Disposition, Plan
from core.model.spec import ConcreteSpec
from core.model.version import version_key


def make_forecast(plan: Plan, times: Iterable[BuildTime]) -> Forecast:
    """How long the builds of `plan` may take.

    Args:
        plan: the plan; its graph may lack what is only needed to build.
        times: how long builds took, of any package; of the same build the first counts.
    """
    by_name: dict[str, list[BuildTime]] = {}
    for time in times:
        by_name.setdefault(time.name, []).append(time)
    to_build = [node.spec for node in plan.having(Disposition.BUILD)]
    guesses = {spec.hash: estimate(spec, by_name.get(spec.name, ())) for spec in to_build}
    estimates = {hash_: guess for hash_, guess in guesses.items() if guess}
    seconds = {hash_: guess.seconds for hash_, guess in estimates.items()}
    return Forecast(
        builds=len(to_build),
        estimates=estimates,
        longest=_longest(plan, guesses, seconds),
        total=sum(seconds.values()),
    )


def estimate(spec: ConcreteSpec, times: Collection[BuildTime]) -> Estimate | None:
    """How long the build of `spec` may take, by builds of the same package; `None` if none is
    known.
    """
    for time in times:
        if time.hash == spec.hash:
            return Estimate(time.seconds, time, is_same=True)
    wanted = build_time(spec, 0.0)
    closest = min(times, key=lambda time: _distance(wanted, time), default=None)
    return Estimate(closest.seconds, closest, is_same=False) if closest else None


def _distance(wanted: BuildTime, other: BuildTime) -> tuple[int, int, bool]:
    """How far a build is from another of the same package: version, variants, target."""
    ones, others = version_key(wanted.version).release, version_key(other.version).release
    alike = 0
    for one, two in zip(ones, others, strict=False):
        if one != two:
            break
        alike += 1
    unlike = set(wanted.variants) ^ set(other.variants)
    is_same_version = wanted.version == other.version
    return (-1_000 if is_same_version else -alike, len(unlike), wanted.target != other.target)


def _longest(plan: Plan, to_build: Container[DagHash], seconds: dict[DagHash, float]) -> float:
    """Seconds of the longest chain of builds that wait for one another."""
    until: dict[DagHash, float] = {}
    # The order of the graph, because the nodes of the plan need not be in that of the builds.
    for spec in plan.graph.order(deptypes=TO_BUILD):
        edges = spec.edges(*(TO_BUILD if spec.hash in to_build else LINK_RUN))
        before = max((until.get(edge.hash, 0.0) for edge in edges), default=0.0)
        until[spec.hash] = before + seconds.get(spec.hash, 0.0)
    return max(until.values(), default=0.0)
