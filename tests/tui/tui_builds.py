"""A run that builds from source, with the output of its builds in files, and a Spack in memory."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from core.cancel import CancelToken
from core.errors import NotAvailable, SpackbinError
from core.events import (
    BuildQueued,
    BuildStarted,
    BuildStepped,
    BuildWaits,
    Event,
    NodeFailed,
    NodeFinished,
    PhaseFinished,
    PhaseStarted,
    RunNode,
)
from core.model.environment import Environment, EnvironmentRoot
from core.model.explanation import Aspect, Difference, Nearest
from core.model.forecast import Estimate, Forecast, build_time
from core.model.plan import Disposition, Plan
from core.model.spackfacts import RecipeView
from tests.tui.tui_values import (
    NOW,
    RUN_NODES,
    build,
    hash_of,
    install_events,
    node,
    plan_of,
    spec,
    started_event,
)

ZLIB = RUN_NODES[0]
GHOST = RunNode(hash_of("ghost"), "ghost", "0.0.7", 0, (ZLIB.hash,), from_source=True)
WRECK = RunNode(hash_of("wreck"), "wreck", "1.1", 0, (GHOST.hash,), from_source=True)
BUILD_NODES = (ZLIB, GHOST, WRECK)


def mixed_start() -> Event:
    """The first event of a run with one binary and two builds."""
    return msgspec.structs.replace(started_event(), nodes=BUILD_NODES, roots=(WRECK.hash,))


def queued(of: RunNode, log: Path, at: float = NOW + 5.5, builder: str = "local") -> Event:
    return BuildQueued(time=at, node=of.hash, builder=builder, job="4711", log=str(log))


def building(of: RunNode, log: Path, at: float = NOW + 6, step: str = "install") -> list[Event]:
    """A build that goes on."""
    return [
        queued(of, log, at - 0.5),
        PhaseStarted(time=at, node=of.hash, phase="build", total=0),
        BuildStarted(time=at, node=of.hash, host="node7"),
        BuildStepped(time=at, node=of.hash, step=step),
    ]


def half_built(log: Path) -> list[Event]:
    """The binary is there, a build goes on, the other waits for it."""
    return [mixed_start(), *install_events(ZLIB, NOW), *building(GHOST, log)]


def waiting_at_slurm(of: RunNode, log: Path) -> list[Event]:
    return [
        queued(of, log, builder="slurm"),
        BuildWaits(time=NOW + 6, node=of.hash, reason="Resources"),
    ]


def built(of: RunNode, at: float) -> list[Event]:
    return [
        PhaseFinished(time=at, node=of.hash, phase="build", seconds=72.0, done=0),
        NodeFinished(time=at, node=of.hash, prefix=f"/s/{of.name}"),
    ]


def build_failed(of: RunNode, log: Path, at: float) -> NodeFailed:
    return NodeFailed(
        time=at,
        node=of.hash,
        title=f"Spack could not build {of.name}@{of.version}",
        detail="phase install ended with status 1",
        hint="Read its output",
        exit_status=1,
        log=str(log),
    )


def plan_to_build() -> Plan:
    """wreck, cached, on ghost, to be built, over zlib, installed."""
    return plan_of(
        (
            node(spec("zlib", "1.3.1"), Disposition.INSTALLED),
            node(spec("ghost", "0.0.7", "zlib"), Disposition.BUILD, reason="no mirror has it"),
            node(spec("wreck", "1.1", "ghost"), Disposition.CACHED),
        ),
        "wreck",
    )


def forecast_of(plan: Plan, seconds: float | None = 720.0, *, cheaper: bool = True) -> Forecast:
    """Of the one build of `plan_to_build`, with something cheaper."""
    (ghost,) = (item.spec for item in plan.having(Disposition.BUILD))
    root = plan.roots[0]
    time = build_time(spec("ghost", "0.0.6"), seconds or 0.0)
    known = {ghost.hash: Estimate(time.seconds, time, is_same=False)} if seconds else {}
    other = build("wreck", "1.0", hash=hash_of("wreckold"))
    difference = Difference(Aspect.VERSION, "version", "@1.1", "@1.0")
    nearest = {root: Nearest(other, (difference,))} if cheaper else {}
    return Forecast(1, known, time.seconds, time.seconds, nearest)


class FakeSpack:
    """A Spack that knows some recipes, and needs its time to decide."""

    def __init__(self, enter: Callable[[str], None]) -> None:
        self._enter = enter
        self.found: object | None = object()
        self.recipes = ("ghost", "netcdf-fortran", "py-zarr")
        self.is_current = True
        self.solved: Plan = plan_to_build()
        self.asked: list[str] = []
        self.failure: SpackbinError | None = None
        self.was_cancelled = False
        self.solver = threading.Event()
        self.solver.set()

    def source_only(self, query: str = "") -> tuple[RecipeView, ...]:
        self._enter("source_only")
        names = [name for name in self.recipes if query in name]
        return tuple(RecipeView(name, "builtin") for name in names)  # type: ignore[arg-type]

    def recipes_are_current(self) -> bool:
        return self.is_current

    def refresh_recipes(self, cancel: CancelToken) -> int:
        self._enter("refresh_recipes")
        if self.found is None:
            hint = "Install Spack, and put it on the PATH"
            raise NotAvailable("Spack is needed for this, and there is none", hint=hint)
        self.recipes = (*self.recipes, "zoltan")
        return len(self.recipes)

    def concretize(
        self,
        specs: Sequence[str],
        cancel: CancelToken,
        *,
        waiting: Callable[[float, str], None],
    ) -> Environment:
        self._enter("concretize")
        self.asked += specs
        waiting(0.1, "==> Fetching \x1b[31mrecipes")
        try:
            while not self.solver.wait(0.02):
                cancel.check()
        except SpackbinError:
            self.was_cancelled = True
            raise
        if self.failure:
            raise self.failure
        roots = tuple(EnvironmentRoot(hash_, specs[0]) for hash_ in self.solved.roots)
        return Environment(roots, self.solved.graph)
