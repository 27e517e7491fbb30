"""Draws `screenshots/` from the running program on the golden mirror: `make screenshots`.

What differs from machine to machine is held still: the clock, the room on the disk, the host, and
the place of the temporary directory, whose name is replaced by one of the same length.
"""

import asyncio
import fcntl
import os
import re
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.widgets import Input

from core.cancel import CancelToken
from core.engine.journal import LOCK, JournalWriter, Run, new_run
from core.events import (
    Event,
    LogWritten,
    NodeFinished,
    Phase,
    PhaseFinished,
    PhaseProgressed,
    PhaseStarted,
    RunNode,
    RunStarted,
)
from core.model.host import Host, Libc
from core.model.ident import DagHash
from core.model.plan import Disposition, Plan
from core.session import Session
from core.session import history as desk
from core.settings import Settings
from tests.program import KEY, ROOT
from tests.screens import building, trusting
from tests.screens.past import store_with_a_past
from tests.tui.tui_drive import Driver, opened
from tests.tui.tui_fakes import FakeSession

NOW = 1_795_000_000.0
"""The moment at which all pictures are taken."""
SHOWN = "/home/ada/demo"
"""What the pictures show instead of the temporary directory."""
TARGETS = (
    "icelake",
    "cascadelake",
    "skylake_avx512",
    "skylake",
    "x86_64_v4",
    "x86_64_v3",
    "x86_64_v2",
    "x86_64",
)
HOST = Host("linux", "debian12", "icelake", TARGETS, Libc("glibc", "2.36", "/usr"), "6.1.0")
FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""Nothing is loaded from elsewhere when somebody looks at a picture."""
NAMES = re.compile(r"terminal-\d+")
"""Made from the content before the directory was replaced."""

Scene = Callable[[Driver], Awaitable[None]]


async def welcome(screen: Driver) -> None:
    await screen.sees("No mirror")


async def add_mirror(screen: Driver) -> None:
    await screen.press("M")
    await screen.sees("Mirrors")
    await screen.press("a")
    await screen.sees("Add a mirror")


async def untrusted(screen: Driver) -> None:
    await screen.sees("8 of 8 packages", "needs 4 packages")


async def trust(screen: Driver) -> None:
    await untrusted(screen)
    await screen.press("K")
    await screen.sees("not trusted")
    await screen.press("t")
    await screen.sees("Trust for this mirror")


async def browse(screen: Driver) -> None:
    await screen.sees("8 of 8 packages", "needs 4 packages")
    await screen.press("down", "down", "down", "down")
    await screen.sees("libtide: ", "libtide@2.0.1")


async def tree(screen: Driver) -> None:
    await reef(screen)
    await screen.press("t")
    await screen.sees("libharbor@0.9.3", "external")


async def preview(screen: Driver) -> None:
    await reef(screen)
    await screen.press("i")
    await screen.sees("Install reef@5.0.0", "Cancel")


async def why(screen: Driver) -> None:
    await screen.sees("8 of 8 packages", "needs 4 packages")
    await screen.press("G")
    await screen.sees("wreck@1.1")
    await screen.press("t")
    await screen.sees("ghost@0.0.7")
    await screen.press("down")
    await screen.press("w")
    await screen.sees("What to do")


async def why_not(screen: Driver) -> None:
    await screen.sees("8 of 8 packages", "needs 4 packages")
    await screen.press("slash")
    screen.app.screen.query_one("#filter", Input).value = "libtide@2.0.1 ~pic"
    await screen.sees("0 of 8 packages")
    await screen.press("enter", "w")
    await screen.sees("The nearest build")


async def folded_tree(screen: Driver) -> None:
    await tree(screen)
    await screen.press("down", "h")
    await screen.sees("below: ")


async def matrix(screen: Driver) -> None:
    await screen.sees("hdf5: 5 builds")
    await screen.press("T")
    await screen.sees("4 of 4 packages")


async def mirrors(screen: Driver) -> None:
    await screen.sees("8 of 8 packages")
    await screen.press("M")
    await screen.sees("16 builds")


async def help_page(screen: Driver) -> None:
    await screen.sees("8 of 8 packages")
    await screen.press("question_mark")
    await screen.sees("Keys of this screen")


def environment_at(path: Path) -> Scene:
    async def environment(screen: Driver) -> None:
        await screen.sees("8 of 8 packages")
        await screen.press("E")
        await screen.sees("Open a Spack environment")
        screen.app.screen.query_one("#path", Input).value = str(path)
        await screen.press("enter")
        await screen.sees("1 cached", "ghost@0.0.7: no mirror has it")

    return environment


async def history(screen: Driver) -> None:
    await screen.sees("8 of 8 packages")
    await screen.press("H")
    await screen.sees("install reef@5.0.0")


async def undo(screen: Driver) -> None:
    await screen.sees("8 of 8 packages")
    await screen.press("z")
    await screen.sees("Undo operation 3", "2.5 MB become free")


async def run(screen: Driver) -> None:
    await screen.sees("installing 3 of 6")
    await screen.press("L")
    await screen.sees("3 of 6 installed", "extract")


async def log(screen: Driver) -> None:
    await run(screen)
    await screen.press("v")
    await screen.sees("log of")


async def export(screen: Driver) -> None:
    await preview(screen)
    await screen.press("e")
    await screen.sees("Save the plan", "plan-reef.json")


async def kinds(screen: Driver) -> None:
    await screen.sees("8 of 8 packages")
    await screen.press("f", "j", "space")
    await screen.sees("[x]", "from an unsigned mirror")


async def reef(screen: Driver) -> None:
    await screen.sees("8 of 8 packages", "needs 4 packages")
    await screen.press("down", "down", "down", "down", "down")
    await screen.sees("reef@5.0.0")


BEFORE: dict[str, Scene] = {"welcome": welcome, "add-mirror": add_mirror}
UNTRUSTED: dict[str, Scene] = {"untrusted": untrusted, "trust": trust}
TRUSTED: dict[str, Scene] = {
    "browse": browse,
    "tree": tree,
    "preview": preview,
    "export": export,
    "kinds": kinds,
    "tree-folded": folded_tree,
    "why": why,
    "why-not": why_not,
    "mirrors": mirrors,
    "help": help_page,
}
SEED: dict[str, Scene] = {"matrix": matrix}
"""Drawn on a machine and a mirror in memory: the table that this program began with."""
PAST: dict[str, Scene] = {"history": history, "undo": undo}
RUNNING: dict[str, Scene] = {"run": run, "log": log}


async def draw(
    session: Session | FakeSession, name: str, scene: Scene, target: Path, hidden: Path
) -> None:
    """One picture: open the program, play the scene, keep what is on the screen."""
    async with opened(session) as screen:
        await scene(screen)
        await screen.pilot.pause(0.2)
        picture = screen.app.export_screenshot(title="spackbin")
    picture = FONTS.sub("", picture).replace(str(hidden), SHOWN)
    picture = NAMES.sub("terminal", picture)
    (target / f"{name}.svg").write_text(picture)


def in_progress(session: Session, plan: Plan) -> tuple[Run, int]:
    """A run that is half done, with an engine that lives as long as the descriptor is open."""
    run = new_run(session.settings, {})
    engine = os.open(run.directory / LOCK, os.O_RDWR)
    fcntl.flock(engine, fcntl.LOCK_EX)
    writer = JournalWriter(run.directory)
    for event in half_done(run.id, plan):
        writer.append(event)
    writer.close()
    return run, engine


def half_done(run: str, plan: Plan) -> list[Event]:
    """Three nodes done, one being extracted, one being fetched, one waiting."""
    cached = plan.having(Disposition.CACHED)
    known = {node.spec.hash for node in cached}
    nodes = tuple(
        RunNode(
            hash=node.spec.hash,
            name=node.spec.name,
            version=node.spec.version,
            size=(node.source.archive_size or 0) if node.source else 0,
            depends_on=tuple(
                edge.hash for edge in node.spec.edges("link", "run") if edge.hash in known
            ),
        )
        for node in cached
    )
    began = NOW - 6
    events: list[Event] = [
        RunStarted(
            time=began,
            run=run,
            store=plan.store,
            roots=plan.roots,
            nodes=nodes,
            pid=4711,
            host="login1",
        )
    ]
    first, second, third, fourth, fifth, _ = nodes
    for node in (first, second, third):
        events += done_with(node, began)
    events += phases(fourth.hash, ("fetch", "verify"), began + 2, fourth.size)
    events.append(
        PhaseStarted(time=NOW - 1, node=fourth.hash, phase="extract", total=69),
    )
    events.append(PhaseProgressed(time=NOW - 1, node=fourth.hash, phase="extract", done=42))
    events.append(PhaseStarted(time=NOW - 1, node=fifth.hash, phase="fetch", total=fifth.size))
    events.append(
        PhaseProgressed(time=NOW - 0.5, node=fifth.hash, phase="fetch", done=fifth.size // 3)
    )
    return events


def done_with(node: RunNode, began: float) -> list[Event]:
    signed = f"{node.name}@{node.version}/{node.hash[:7]}: signature good, Harbor Release {KEY}"
    return [
        LogWritten(time=began, node=node.hash, text=signed),
        *phases(node.hash, ("fetch", "verify", "extract", "relocate", "register"), began, 1),
        NodeFinished(time=began + 1, node=node.hash, prefix=f"/store/{node.name}"),
    ]


def phases(node: DagHash, names: tuple[Phase, ...], began: float, done: int) -> list[Event]:
    events: list[Event] = []
    for phase in names:
        events.append(PhaseStarted(time=began, node=node, phase=phase, total=done))
        events.append(
            PhaseFinished(time=began + 0.1, node=node, phase=phase, seconds=0.1, done=done)
        )
    return events


class Disk:
    """What `os.statvfs` says in pictures."""

    f_blocks = 61_035_156
    f_bfree = 27_343_750
    f_bavail = 27_343_750
    f_frsize = 4096
    f_favail = 2_100_000
    f_files = 6_500_000
    f_flag = 0


async def main(target: Path) -> None:
    time.time = lambda: NOW
    os.statvfs = lambda *_: Disk  # type: ignore[assignment,return-value]
    desk.disk_usage = lambda _: 1_234_567
    os.environ["TZ"] = "UTC"
    time.tzset()
    with tempfile.TemporaryDirectory(prefix="d", dir="/tmp") as name:
        hidden = Path(name)
        assert len(name) == len(SHOWN)
        (hidden / "mirror").symlink_to(ROOT / "tui" / "demo" / "mirror")
        (hidden / "env").symlink_to(ROOT / "tests" / "golden" / "dev" / "env")
        settings = Settings(
            hidden / "store", hidden / "config", hidden / "cache", hidden / "state", use_spack=False
        )
        session = Session(settings, host=HOST)
        await draw_all(session, BEFORE, target, hidden)
        session.add_mirror("harbor", str(hidden / "mirror"))
        session.refresh("harbor", cancel=CancelToken(), progress=lambda *_: None)
        await draw_all(session, UNTRUSTED, target, hidden)
        await draw_all(FakeSession(), SEED, target, hidden)
        for name, (make, scene) in (*trusting.SCENES.items(), *building.scenes(hidden).items()):
            await draw(make(), name, scene, target, hidden)
        session.trust("harbor", KEY)
        scenes = {**TRUSTED, "environment": environment_at(hidden / "env")}
        await draw_all(session, scenes, target, hidden)
        plan = session.plan([session.resolve("reef").build.hash], cancel=CancelToken())
        past = Session(store_with_a_past(settings, plan, NOW), host=HOST)
        await draw_all(past, PAST, target, hidden)
        past.close()
        _, engine = in_progress(session, plan)
        await draw_all(session, RUNNING, target, hidden)
        os.close(engine)
        session.close()


async def draw_all(
    session: Session | FakeSession, scenes: dict[str, Scene], target: Path, hidden: Path
) -> None:
    for name, scene in scenes.items():
        await draw(session, name, scene, target, hidden)


if __name__ == "__main__":
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "screenshots"
    place.mkdir(exist_ok=True)
    for old in place.glob("*.svg"):
        old.unlink()
    asyncio.run(main(place))
