"""Sorting, kinds, the next package, copies."""

from core.model.plan import Disposition
from tests.tui.tui_drive import Driver, opened
from tests.tui.tui_fakes import FakeSession
from tests.tui.tui_values import build
from tui.state.arrangement import Signing


def kinds_of(driver: Driver) -> dict[str, int]:
    """The numbers in the dialog, but for signed and unsigned."""
    rows = driver.app.screen._list.rows
    return {kind.value: number for kind, number in rows if isinstance(kind, Disposition)}


async def test_kinds_are_ticked_and_counted(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("45 of 45")
        browse = driver.app.screen
        await driver.press("f")
        await driver.sees("List only", "[ ] ■ installed", "[ ] ◇ external")
        counts = kinds_of(driver)
        assert sum(counts.values()) == 45
        await driver.press("space")
        await driver.sees("[x] ■ installed", f"{counts['installed']} of 45 packages")
        assert {row.disposition.value for row in browse.packages.rows} == {"installed"}
        await driver.press("j", "space", "escape")
        both = counts["installed"] + counts["cached"]
        await driver.sees(f"{both} of 45 packages", "2 kinds only")
        assert {row.disposition.value for row in browse.packages.rows} == {"installed", "cached"}
        await driver.press("f", "space", "j", "space", "q")
        await driver.sees("45 of 45")
        await driver.misses(" only")


async def test_kinds_are_counted_among_what_the_filter_leaves(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("45 of 45")
        await driver.press("slash")
        await driver.type("hdf5")
        await driver.press("enter", "f")
        await driver.sees("List only")
        left = len(driver.app.screen_stack[-2].packages.rows)
        assert sum(kinds_of(driver).values()) == left < 45


async def test_signed_and_unsigned_packages_can_be_told_apart(session: FakeSession) -> None:
    session.all_builds = [
        build("signed-cached"),
        build("signed-too", disposition=Disposition.INSTALLED),
        build("unsigned", mirrors=("prbot",)),
        build("nobody-has-it", mirrors=(), disposition=Disposition.INSTALLED),
    ]
    async with opened(session) as driver:
        await driver.sees("4 of 4")
        await driver.press("f")
        await driver.sees("✓ from a signed mirror", "2 packages", "⚠ from an unsigned mirror")
        assert driver.app.screen._list.rows[-1] == (Signing.UNSIGNED, 1)
        await driver.press("G", "space")
        await driver.sees("1 of 4 packages", "unsigned only")
        browse = driver.app.screen_stack[-2]
        assert [row.name for row in browse.packages.rows] == ["unsigned"]
        await driver.press("space", "k", "space", "escape")
        await driver.sees("2 of 4 packages", "signed only")
        await driver.press("f", "j", "space", "escape")
        await driver.sees("1 of 4 packages", "cached, signed only")
        assert [row.name for row in browse.packages.rows] == ["signed-cached"]


async def test_packages_sorted_by_state_and_by_builds(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("45 of 45")
        listed = driver.app.screen.packages
        by_name = [row.name for row in listed.rows]
        await driver.press("s")
        await driver.sees("runs here, by state")
        states = [row.disposition.value for row in listed.rows]
        assert states == sorted(states, key=["installed", "cached", "blocked"].index)
        await driver.press("s")
        await driver.sees("most builds first")
        numbers = [row.runs_here for row in listed.rows]
        assert numbers == sorted(numbers, reverse=True)
        await driver.press("s")
        await driver.misses("most builds first")
        assert [row.name for row in listed.rows] == by_name


async def test_the_next_package_from_the_pane_of_builds(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("l", "n")
        await driver.sees("hdf5-blosc: 1 build")
        assert driver.app.screen.builds.has_focus
        await driver.press("N")
        await driver.sees("hdf5: 5 builds")


async def test_what_is_copied_is_shown_and_sent(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("needs 8 packages")
        build = driver.app.screen.build
        await driver.press("Y")
        await driver.sees(f"/{build.hash}", "clipboard")
        assert driver.app.clipboard == f"/{build.hash}"
        await driver.press("escape", "d")
        await driver.sees("Direct dependencies")
        await driver.press("Y")
        await driver.sees(f"/{build.hash}", "clipboard")
        await driver.press("escape", "escape", "M")
        await driver.sees("harbor")
        await driver.press("Y")
        await driver.sees("The URL of harbor", session.all_mirrors[0].url)
        await driver.press("escape", "escape", "K")
        await driver.until(lambda: driver.app.screen._list.row is not None)
        await driver.press("Y")
        await driver.sees("The fingerprint", "clipboard")
