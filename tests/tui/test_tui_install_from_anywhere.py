"""An install from the screens that are about a build, and what they show after it."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from core.model.plan import Disposition
from core.model.views import BuildView
from tests.tui.tui_drive import Driver, opened
from tests.tui.tui_fakes import FakeSession
from tests.tui.tui_past import environment, environment_plan
from tests.tui.tui_values import build, finished_event, hash_of, mirror, ready_plan
from tui.messages.requests import ReadMirrors

INSTALLED = Disposition.INSTALLED


def installed(builds: Sequence[BuildView]) -> list[BuildView]:
    """The same builds after they were installed."""
    return [replace(one, disposition=INSTALLED) for one in builds]


async def install(driver: Driver, session: FakeSession) -> None:
    """Say yes to the preview, let the run come to its end, and leave it."""
    await driver.sees("y  Install", "To fetch")
    await driver.press("y")
    await driver.sees("log")
    await driver.until(lambda: session.run is not None)
    session.all_builds = session.judge.offered = installed(session.all_builds)
    session.judge.above = {hash_: tuple(installed(of)) for hash_, of in session.judge.above.items()}
    assert session.run is not None
    session.run.append(finished_event(5.0, 1))
    await driver.sees("Esc back")
    await driver.press("escape")


@pytest.fixture
def offered(session: FakeSession) -> FakeSession:
    """One package with two builds; a third package needs the first."""
    needs = build("netcdf-c")
    builds = [build("hdf5"), build("hdf5", "0.9")]
    session.all_builds = session.judge.offered = builds
    session.judge.above = {builds[0].hash: (needs,)}
    return session


async def test_from_the_details(offered: FakeSession) -> None:
    async with opened(offered) as driver:
        await driver.sees("hdf5: 2 builds", "needs 8 packages")
        await driver.press("d")
        await driver.sees("would go to", "i install  Y copy  ? help  Esc back")
        await driver.press("i")
        await install(driver, offered)
        await driver.sees("installed in")
        await driver.press("i")
        await driver.sees("It is installed already")


async def test_from_the_table_of_all_builds(offered: FakeSession) -> None:
    async with opened(offered) as driver:
        await driver.sees("hdf5: 2 builds")
        await driver.press("V")
        await driver.sees("differing in 1 thing", f"● {hash_of('hdf51.0')[:7]}")
        await driver.press("i")
        await install(driver, offered)
        await driver.sees(f"■ {hash_of('hdf51.0')[:7]}")


async def test_from_what_needs_a_build(offered: FakeSession) -> None:
    async with opened(offered) as driver:
        await driver.sees("hdf5: 2 builds", "needs 8 packages")
        await driver.press("r")
        await driver.sees("● netcdf-c@1.0")
        await driver.press("i")
        await install(driver, offered)
        await driver.sees("■ netcdf-c@1.0")


async def test_an_environment_lists_as_installed_what_a_run_has_installed(
    session: FakeSession,
) -> None:
    session.environments["/envs/a"] = environment()
    session.made_plan = environment_plan()
    async with opened(session) as driver:
        await driver.press("E")
        await driver.type("/envs/a")
        await driver.press("enter")
        await driver.sees("■ 1 installed   ● 1 cached")
        nodes = tuple(
            replace(node, disposition=INSTALLED) if node.disposition is Disposition.CACHED else node
            for node in session.made_plan.nodes
        )
        after, session.made_plan = replace(session.made_plan, nodes=nodes), ready_plan()
        await driver.press("i")
        await driver.sees("y  Install", "To fetch")
        session.made_plan = after
        await install(driver, session)
        await driver.sees("Environment /envs/a", "■ 2 installed   ● 0 cached")


async def test_the_keys_of_an_environment_are_there_as_soon_as_the_mirrors_are_read(
    session: FakeSession,
) -> None:
    session.environments["/envs/a"] = environment()
    session.made_plan = environment_plan()
    session.all_mirrors = []
    async with opened(session) as driver:
        await driver.press("E")
        await driver.type("/envs/a")
        await driver.press("enter")
        await driver.sees("1 cached")
        await driver.press("K")
        await driver.sees("There is no mirror")
        session.all_mirrors = [mirror("harbor")]
        driver.app._jobs.start(ReadMirrors())
        await driver.until(lambda: driver.app.badges.signed == ("harbor",))
        await driver.press("K")
        await driver.sees("First use of harbor")
