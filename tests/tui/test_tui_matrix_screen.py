"""The matrix of builds by operating system and target."""

from core.catalog.groups import BuildGroup
from tests.tui.tui_drive import Driver, opened
from tests.tui.tui_fakes import FakeSession
from tests.tui.tui_values import mirror
from tui.widgets.field import Field


def wide_groups() -> list[BuildGroup]:
    """More targets than fit, and one of another platform."""
    groups = [
        BuildGroup(f"p{at}", "linux", "debian12", f"microarch_{at:02}", "", compiled=True, builds=7)
        for at in range(12)
    ]
    return [*groups, BuildGroup("q", "darwin", "sonoma", "m1", "", compiled=True, builds=1200)]


async def opened_matrix(driver: Driver) -> None:
    await driver.sees("hdf5: 5 builds")
    await driver.press("T")
    await driver.sees("Builds by operating system and target")


async def test_the_seed_is_shown_with_this_machine_in_brackets(session: FakeSession) -> None:
    async with opened(session) as driver:
        await opened_matrix(driver)
        await driver.sees("4 of 4 packages have a build for this machine; 4 of 10 builds run here.")
        lines = [line.rstrip() for line in driver.text().split("\n")]
        assert lines[2] == "              x86_64_v4  x86_64  aarch64  graviton2"
        assert lines[3] == " amzn2       [       4*]     .        2          3"
        assert lines[4] == " ubuntu18.04         .       1        .          ."
        await driver.sees("amzn2, x86_64_v4: 4 builds of 4 packages, all run here; this machine")


async def test_the_cell_of_this_machine_is_lit_and_what_runs_is_coloured(
    session: FakeSession,
) -> None:
    extra = BuildGroup("z", "linux", "amzn2", "x86_64_v3", "", compiled=True, builds=5)
    session.judge.groups = [*session.judge.groups, extra]
    async with opened(session) as driver:
        await opened_matrix(driver)
        await driver.sees("5+")
        strip = list(driver.app.screen._compositor.render_strips()[3])
        style = {part.text.strip(): part.style for part in strip}
        assert style["4*"] is not None
        assert style["4*"].reverse
        assert style["5+"] is not None
        assert style["5+"].color is not None
        assert not style["5+"].reverse
        assert style["2"] is None or style["2"].color is None or not style["2"].reverse


async def test_the_cursor_goes_from_cell_to_cell_and_says_what_it_is(session: FakeSession) -> None:
    async with opened(session) as driver:
        await opened_matrix(driver)
        await driver.press("l", "j")
        await driver.sees("[    1 ]", "ubuntu18.04, x86_64: 1 build of 1 package, none runs here")
        await driver.press("up", "right", "right", "right")
        await driver.sees("[       3 ]", "amzn2, graviton2: 3 builds")
        await driver.press("G", "enter")
        await driver.sees("There are no builds in this cell")
        await driver.press("h", "left", "left", "left")
        await driver.sees("ubuntu18.04, x86_64_v4: no builds")


async def test_enter_lists_the_packages_of_a_cell_for_all_targets(session: FakeSession) -> None:
    async with opened(session) as driver:
        await opened_matrix(driver)
        await driver.press("enter")
        await driver.sees("/ os=amzn2 target=x86", "all targets")
        assert driver.app.screen.query_one(Field).value == "os=amzn2 target=x86_64_v4"


async def test_more_targets_than_fit_scroll_sideways(session: FakeSession) -> None:
    session.judge.groups = wide_groups()
    async with opened(session, ascii_only=True) as driver:
        await opened_matrix(driver)
        await driver.sees("m1", " >")
        header = driver.line(2)
        assert "<" not in header
        assert "microarch_11" not in header
        await driver.press(*["l"] * 12)
        await driver.sees("microarch_11")
        assert "<" in driver.line(2)
        assert "microarch_00" not in driver.line(2)
        assert len(driver.line(2)) == 80
        assert driver.text().isascii()
        await driver.press(*["h"] * 12)
        await driver.sees("m1")
        await driver.press("j", "enter")
        await driver.sees("There are no builds")
        await driver.press("k", "enter")
        await driver.sees("platform=darwin os=sonoma")
        assert driver.app.screen.query_one(Field).value == "platform=darwin os=sonoma target=m1"


async def test_m_counts_the_builds_of_each_mirror_in_turn(session: FakeSession) -> None:
    session.all_mirrors = [mirror(), mirror("site")]
    async with opened(session) as driver:
        await opened_matrix(driver)
        await driver.sees("mirror: all")
        await driver.press("m")
        await driver.sees("mirror: harbor")
        await driver.press("tab")
        await driver.sees("mirror: site")
        await driver.press("m")
        await driver.sees("mirror: all")
        assert session.judge.counted == [None, "harbor", "site", None]


async def test_with_one_mirror_there_is_no_other(session: FakeSession) -> None:
    async with opened(session) as driver:
        await opened_matrix(driver)
        await driver.press("m")
        await driver.sees("There is no other mirror")


async def test_a_click_puts_the_cursor_on_the_cell(session: FakeSession) -> None:
    async with opened(session) as driver:
        await opened_matrix(driver)
        await driver.pilot.click("#grid", offset=(34, 1))
        await driver.sees("amzn2, aarch64: 2 builds")
