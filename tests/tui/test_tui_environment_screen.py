"""Spack environments on the screen."""

from core.errors import MirrorError
from core.model.plan import Disposition
from tests.tui.tui_drive import Driver, opened
from tests.tui.tui_fakes import FakeSession
from tests.tui.tui_past import environment, environment_plan
from tests.tui.tui_values import hash_of
from tui.state.environment import narrowed, part_of, stands_of


async def open_it(session: FakeSession, driver: Driver) -> None:
    session.environments["/envs/a"] = environment()
    session.made_plan = environment_plan()
    await driver.press("E")
    await driver.sees("Open a Spack environment")
    await driver.type("/envs/a")
    await driver.press("enter")


async def test_the_roots_are_counted_and_explained(session: FakeSession) -> None:
    async with opened(session) as driver:
        await open_it(session, driver)
        await driver.sees(
            "Environment /envs/a",
            "4 roots",
            "■ 1 installed   ● 1 cached   ◐ 1 blocked   ○ 1 to build",
            "● hdf5+mpi                 cached     2 packages to fetch, 6.6 MB",
            "○ gromacs                  to build   openblas@0.3.28: No mirror has it",
            "■ zlib                     installed",
            "◐ py-h5py@3:               blocked    py-h5py@3.11.0: No key is trusted",
            "hdf5@1.14.6/hdf5qqq, by the lock file",
        )
        await driver.press("G")
        await driver.sees("Taken over from the environment /home/ada/base")
        await driver.press("w")
        await driver.sees("Why blocked?", "No key is trusted for mirror prbot.")
        await driver.press("escape", "g", "w")
        await driver.sees("Why cached?", "2 packages to fetch, 6.6 MB.")


async def test_i_previews_the_roots_that_are_ready(session: FakeSession) -> None:
    async with opened(session) as driver:
        await open_it(session, driver)
        await driver.sees("1 cached")
        await driver.press("i")
        await driver.sees("y  Install", "To fetch")
        asked = session.planned_environments[-1]
        assert asked is not None
        assert [root.spec for root in asked.roots] == ["hdf5+mpi"]
        assert asked.graph.roots == (hash_of("hdf5"),)
        await driver.press("escape")
        await driver.sees("Environment /envs/a")


async def test_without_a_ready_root_there_is_nothing_to_install(session: FakeSession) -> None:
    async with opened(session) as driver:
        await open_it(session, driver)
        await driver.sees("1 cached")
        blocked = [
            one
            if one.disposition is not Disposition.CACHED
            else type(one)(one.spec, Disposition.BUILD, "No mirror has it")
            for one in session.made_plan.nodes
        ]
        session.made_plan = type(session.made_plan)("/s", session.made_plan.graph, tuple(blocked))
        await driver.press("escape")
        await open_again(driver)
        await driver.sees("2 to build")
        await driver.press("i")
        await driver.sees("No root can be installed as it is: w says why")


async def open_again(driver: Driver) -> None:
    await driver.press("E")
    await driver.sees("Open a Spack environment")
    await driver.type("/envs/a")
    await driver.press("enter")
    await driver.sees("Environment /envs/a")


async def test_the_tree_is_that_of_the_root(session: FakeSession) -> None:
    async with opened(session) as driver:
        await open_it(session, driver)
        await driver.sees("1 cached")
        await driver.press("j", "t")
        await driver.sees("gromacs@2022.5", "openblas@0.3.28")
        assert "hdf5" not in driver.text()
        await driver.press("escape", "K")
        await driver.sees("2C8D…DA2F")


async def test_a_wrong_path_is_explained_in_the_dialog(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.press("E", "enter")
        await driver.sees("Name the directory of an environment")
        await driver.type("/nowhere")
        await driver.press("enter")
        await driver.sees("There is no Spack environment here.", "/nowhere", "Name a directory.")
        await driver.press("ctrl+u")
        await driver.type("~nobody-here/x")
        await driver.press("enter")
        await driver.sees("There is no user of this name.")
        await driver.press("escape")
        await driver.sees("Packages")


async def test_a_plan_that_cannot_be_made_leaves_the_roots(session: FakeSession) -> None:
    session.failures["plan"] = MirrorError("The mirror does not answer", "https://x", "Try later")
    async with opened(session) as driver:
        await open_it(session, driver)
        await driver.sees("The mirror does not answer.", "[ Close ]")
        await driver.press("escape")
        await driver.sees("The plan could not be made", "hdf5+mpi", "gromacs")
        await driver.press("i")
        await driver.sees("The plan is still being worked out")


def test_a_part_of_an_environment_holds_what_the_root_needs() -> None:
    whole, plan = environment(), environment_plan()
    assert [one.disposition for one in stands_of(whole, None)] == [None] * 4
    part = part_of(plan, hash_of("gromacs"))
    assert {one.spec.name for one in part.nodes} == {"gromacs", "fftw", "openblas"}
    assert part.roots == (hash_of("gromacs"),)
    assert narrowed(whole, ()).roots == ()
