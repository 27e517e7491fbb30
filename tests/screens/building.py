"""The scenes about building from source, played on a Spack and a run in memory."""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from msgspec.structs import replace

from core.events import Event, RunPaused
from core.model.plan import Disposition, Plan
from tests.tui.tui_builds import GHOST, WRECK, build_failed, forecast_of, half_built, plan_to_build
from tests.tui.tui_drive import Driver
from tests.tui.tui_fakes import FakeRun, FakeSession
from tests.tui.tui_values import NOW, finished_event, node, plan_of, skipped_event, spec

OUTPUT = (
    "==> ghost: Executing phase: 'autoreconf'",
    "==> ghost: Executing phase: 'configure'",
    "checking whether the C compiler works... \x1b[32myes\x1b[0m",
    *(f"checking for header_{number}.h... yes" for number in range(40)),
    "configure: creating ./config.status",
    "==> ghost: Executing phase: 'build'",
    *(f"libtool: compile: gcc -O2 -c haunt_{number}.c -o haunt_{number}.o" for number in range(60)),
)
Scene = tuple[Callable[[], FakeSession], Callable[[Driver], Awaitable[None]]]


def plan() -> Plan:
    """Two builds over what is there, one of a package that nobody has timed."""
    return plan_of(
        (
            node(spec("zlib", "1.3.1"), Disposition.INSTALLED),
            node(spec("mist", "2.4"), Disposition.BUILD, reason="no mirror has it"),
            node(
                spec("ghost", "0.0.7", "zlib", "mist"), Disposition.BUILD, reason="no mirror has it"
            ),
            node(spec("wreck", "1.1", "ghost"), Disposition.CACHED),
        ),
        "wreck",
    )


def planned() -> FakeSession:
    session = FakeSession()
    session.made_plan = plan()
    session.built_plan = replace(plan(), spack="/home/ada/spack")
    forecast = forecast_of(plan_to_build())
    session.judge.made_forecast = replace(forecast, builds=2)
    return session


async def to_build(screen: Driver) -> None:
    await screen.sees("45 of 45", "needs 8 packages")
    await screen.press("l", "j", "i")
    await screen.sees("b lets Spack do it", "Or instead")


async def agreed(screen: Driver) -> None:
    await to_build(screen)
    await screen.press("b")
    await screen.sees("2 packages built by local", "about 12 min")


async def tree(screen: Driver) -> None:
    await agreed(screen)
    await screen.press("t")
    await screen.sees("mist@2.4", "time unknown")


async def recipes(screen: Driver) -> None:
    await screen.sees("45 of 45", "needs 8 packages")
    await screen.press("b")
    await screen.sees("48 of 48")
    await screen.press("g")
    await screen.sees("ghost: a recipe")


def deciding() -> FakeSession:
    session = FakeSession()
    session.spack.solver.clear()
    return session


async def concretizing(screen: Driver) -> None:
    await recipes(screen)
    await screen.press("i")
    await screen.sees("Spack looks for a way to build ghost", "Fetching")


def _recent(*events: Event) -> list[Event]:
    shift = time.time() - NOW - 78
    return [replace(event, time=event.time + shift) for event in events]


def scenes(place: Path) -> dict[str, Scene]:
    """By name: who makes the session, and what is played on it; `place` gets files."""
    log = place / "ghost.log"

    def running() -> FakeSession:
        log.write_text("\n".join(OUTPUT) + "\n")
        session = FakeSession()
        session.run = FakeRun(_recent(*half_built(log)))
        return session

    def failed() -> FakeSession:
        session = running()
        error = "haunt_60.c:12:10: fatal error: mist.h: No such file or directory"
        log.write_text("\n".join((*OUTPUT, error, "make: *** [haunt_60.o] Error 1")) + "\n")
        events = (build_failed(GHOST, log, NOW + 77), skipped_event(WRECK, NOW + 77))
        end = finished_event(NOW + 78, 1, 1, 1)
        session.run = FakeRun(_recent(*half_built(log), *events, end))
        session.run.die()
        return session

    def paused() -> FakeSession:
        session = running()
        session.run = FakeRun(_recent(*half_built(log), RunPaused(time=NOW + 70)))
        return session

    async def run(screen: Driver) -> None:
        await screen.sees("installing 1 of 3")
        await screen.press("L")
        await screen.sees(" zlib@1.3.1", " ghost@0.0.7")
        await screen.press("j")
        await screen.sees("output of ghost", "haunt_59.o")

    async def at_rest(screen: Driver) -> None:
        await screen.sees("paused at 1 of 3")
        await screen.press("L")
        await screen.sees("paused, 1 still in work", "p go on")

    async def whole(screen: Driver) -> None:
        await run(screen)
        await screen.press("enter")
        await screen.sees("following", "haunt_59.o")

    async def why(screen: Driver) -> None:
        await screen.sees("45 of 45")
        await screen.press("L")
        await screen.sees("1 failed", " ghost@0.0.7")
        await screen.press("j")
        await screen.sees("Error 1")
        await screen.press("w")
        await screen.sees("The last that it wrote:")

    return {
        "build-preview": (planned, to_build),
        "build-agreed": (planned, agreed),
        "build-tree": (planned, tree),
        "build-recipes": (FakeSession, recipes),
        "build-concretizing": (deciding, concretizing),
        "build-run": (running, run),
        "build-paused": (paused, at_rest),
        "build-log": (running, whole),
        "build-failed": (failed, why),
    }
