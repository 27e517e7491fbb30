"""Small, wide, poor terminals; and the conduct on the wire."""

import pytest

from core.errors import WrongUse
from tests.tui.tui_drive import opened
from tests.tui.tui_fakes import FakeRun, FakeSession
from tests.tui.tui_values import NOW, RUN_NODES, install_events, mirror, started_event
from tui.app import SpackbinApp, run_app

TOUR = ["w", "escape", "i", "escape", "t", "escape", "d", "escape", "K", "t", "escape", "escape"]
TOUR += ["M", "a", "escape", "escape", "L", "v", "escape", "escape", "question_mark", "escape"]
TOUR += ["colon", "escape", "slash", "escape", "l", "G", "h"]


@pytest.mark.parametrize("size", [(1, 1), (20, 5), (60, 16), (200, 60)])
async def test_no_size_ends_the_program(session: FakeSession, size: tuple[int, int]) -> None:
    session.run = FakeRun([started_event(), *install_events(RUN_NODES[0], NOW)])
    async with opened(session, size=size) as driver:
        for key in TOUR:
            await driver.press(key)
            await driver.pilot.pause(0.01)
        assert driver.app.is_running
        assert len(driver.text().split("\n")) == size[1]


async def test_a_storm_of_sizes(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        for step in range(30):
            await driver.pilot.resize_terminal(20 + step * 7 % 120, 5 + step * 5 % 40)
        await driver.pilot.resize_terminal(80, 24)
        await driver.sees("hdf5: 5 builds", "needs 8 packages")


async def test_a_narrow_terminal_shows_one_pane_at_a_time(session: FakeSession) -> None:
    async with opened(session, size=(50, 20)) as driver:
        await driver.sees("Packages")
        assert "Builds" not in driver.text()
        await driver.press("enter")
        await driver.sees("hdf5: 5 builds", "x86_64_v4")
        assert "Packages" not in driver.text()
        await driver.press("h")
        await driver.sees("Packages")


async def test_a_terminal_that_becomes_narrow_keeps_the_pane_in_use(session: FakeSession) -> None:
    async with opened(session, size=(80, 24)) as driver:
        await driver.sees("hdf5: 5 builds", "Packages")
        await driver.press("enter")
        await driver.pilot.resize_terminal(50, 20)
        await driver.sees("hdf5: 5 builds", "x86_64_v4")
        assert "Packages" not in driver.text()
        await driver.pilot.resize_terminal(80, 24)
        await driver.press("h")
        await driver.pilot.resize_terminal(50, 20)
        await driver.sees("Packages")
        assert "5 builds" not in driver.text()


async def test_a_wide_terminal_has_a_third_pane(session: FakeSession) -> None:
    async with opened(session, size=(140, 30)) as driver:
        await driver.sees("hdf5: 5 builds", "Direct dependencies", "zlib@1.3.1")


async def test_ascii_mode_shows_ascii_only_everywhere(session: FakeSession) -> None:
    session.run = FakeRun([started_event(), *install_events(RUN_NODES[0], NOW)])
    session.all_mirrors.append(mirror("prbot", signed=False))
    async with opened(session, ascii_only=True) as driver:
        await driver.sees("harbor * signed - 2 h ago", "I hdf5", "B hdf5-blosc", "! netcdf-c")
        for key in TOUR:
            await driver.press(key)
            await driver.pilot.pause(0.02)
            assert driver.text().isascii()


async def test_sixteen_colours_and_no_other(session: FakeSession) -> None:
    session.run = FakeRun([started_event(), *install_events(RUN_NODES[0], NOW)])
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        for key in TOUR:
            await driver.press(key)
            await driver.pilot.pause(0.02)
            for strip in driver.app.screen._compositor.render_strips():
                for segment in strip:
                    for colour in (segment.style.color, segment.style.bgcolor):
                        assert colour is None or colour.is_default or colour.number < 16, key


async def test_nothing_is_repainted_when_nothing_happens(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("needs 8 packages")
        await driver.until(lambda: not driver.app.workers)
        await driver.pilot.pause(0.3)
        painted: list[object] = []
        driver.app._display = lambda *args: painted.append(args)  # type: ignore[method-assign]
        await driver.pilot.pause(1.2)
        assert painted == []


async def test_a_move_repaints_two_lines_of_the_list(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("needs 8 packages")
        listed = driver.app.screen.packages
        painted: set[int] = set()
        render_line = listed.render_line
        listed.render_line = lambda y: (painted.add(y), render_line(y))[1]
        await driver.press("j")
        await driver.sees("hdf5-blosc: 1 build")
        assert painted == {0, 1}


def test_a_dumb_terminal_is_refused(session: FakeSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    with pytest.raises(WrongUse, match="cannot place text"):
        run_app(session)  # type: ignore[arg-type]


def test_a_pipe_is_refused(session: FakeSession) -> None:
    with pytest.raises(WrongUse, match="needs a terminal"):
        run_app(session)  # type: ignore[arg-type]


def test_the_locale_decides_on_ascii(session: FakeSession, monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.segment import Segment
    from textual.color import Color

    for lang, shown in (("C", "I"), ("en_US.UTF-8", "■")):
        monkeypatch.delenv("LC_ALL", raising=False)
        monkeypatch.delenv("LC_CTYPE", raising=False)
        monkeypatch.setenv("LANG", lang)
        door = SpackbinApp(session).get_line_filters()[-1]  # type: ignore[arg-type]
        assert door.apply([Segment("■")], Color(0, 0, 0))[0].text == shown


@pytest.mark.parametrize(
    ("width", "keys"),
    [
        (80, "Space mark  i install  t tree  w why  / filter  ? help"),
        (50, "Space mark  i install  t tree  w why  ? help"),
        (24, "Space mark  ? help"),
        (12, "? help"),
    ],
)
async def test_where_not_all_keys_have_room_the_one_that_shows_them_stays(
    session: FakeSession, width: int, keys: str
) -> None:
    async with opened(session, size=(width, 24)) as driver:
        await driver.until(lambda: driver.text().split("\n")[-1].strip() == keys)
