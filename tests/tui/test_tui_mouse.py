"""The mouse does what keys do."""

from tests.tui.tui_drive import opened
from tests.tui.tui_fakes import FakeSession


async def test_clicks_move_open_and_answer(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.pilot.click(offset=(6, 7))
        await driver.sees("netcdf-c: 1 build")
        await driver.pilot.click(offset=(6, 5))
        await driver.sees("hdf5: 5 builds")
        await driver.pilot.click(offset=(40, 7))
        await driver.sees("needs 8 packages")
        await driver.pilot.click(offset=(40, 7), times=2)
        await driver.sees("Direct dependencies")
        await driver.press("escape")
        await driver.pilot.click(offset=(14, 23))  # "i install" in the footer
        await driver.sees("[ Cancel ]", "To fetch")
        await driver.pilot.click(offset=(57, 22))
        await driver.misses("[ Cancel ]")
        assert session.started == []
        await driver.press("i")
        await driver.sees("To fetch")
        await driver.pilot.click(offset=(74, 22))
        await driver.sees("0 of 3 installed")
        await driver.press("c")
        await driver.sees("[ Keep going ]")
        row = next(at for at in range(24) if "[ Keep going ]" in driver.line(at))
        await driver.pilot.click(offset=(driver.line(row).index("[ Keep") + 2, row))
        await driver.misses("[ Keep going ]")
        assert not session.run.is_asked_to_stop


async def test_the_wheel_scrolls_and_leaves_the_cursor(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("45 of 45")
        listed = driver.app.screen.packages
        await driver.pilot._post_mouse_events([_wheel()], offset=(6, 8), button=0)
        await driver.misses("hdf5-blosc")
        assert listed.first == 3
        assert listed.cursor == 0
        await driver.press("j")
        await driver.sees("hdf5-blosc: 1 build")


def _wheel() -> type:
    from textual.events import MouseScrollDown

    return MouseScrollDown


async def test_a_click_below_the_rows_does_nothing(session: FakeSession) -> None:
    session.all_builds = session.all_builds[:5]
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.pilot.click(offset=(6, 20))
        assert driver.app.screen.packages.cursor == 0
