"""The first screen, key by key, at 80x24."""

import pytest
from textual import events

from core.errors import MirrorError
from core.model.plan import Disposition
from tests.tui.tui_drive import opened
from tests.tui.tui_fakes import FakeSession
from tests.tui.tui_values import build, hash_of, mirror


async def test_the_first_screen_says_where_and_what(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("icelake · debian12 · glibc 2.36", "needs 8 packages", "45 of 45")
        lines = driver.text().split("\n")
        assert len(lines) == 24
        assert "store /home/ada/spackbin" in lines[0]
        assert "harbor ✓ signed · 2 h ago" in lines[1]
        assert "runs here" in lines[3]
        assert "hdf5: 5 builds, 4 run here" in lines[4]
        assert "version  target     cxx  mpi  from" in lines[5]
        assert "■ installed" in driver.text()
        assert lines[-1].split() == [
            *("Space", "mark", "i", "install", "t", "tree", "w", "why"),
            *("/", "filter", "?", "help"),
        ]


async def test_without_mirrors_it_says_what_to_do(session: FakeSession) -> None:
    session.all_mirrors, session.all_builds = [], []
    async with opened(session) as driver:
        await driver.sees("No mirrors yet", "M shows the mirrors")
        await driver.press("K")
        await driver.sees("There is no mirror yet: M, then a, adds one")
        await driver.press("M")
        await driver.sees("No mirrors yet. a adds one")


async def test_a_mirror_without_trusted_key_is_said_and_K_leads_there(session: FakeSession) -> None:
    session.all_mirrors = [mirror(), mirror("prbot", trusted_keys=0)]
    async with opened(session) as driver:
        await driver.sees("K shows the keys: none is trusted for prbot, its builds are blocked")
        await driver.press("K")
        await driver.sees("Keys of prbot, harbor")


async def test_an_unread_mirror_is_said_and_u_reads_it(session: FakeSession) -> None:
    session.all_mirrors = [mirror(refreshed=None, builds=0)]
    async with opened(session) as driver:
        await driver.sees("u reads what was not read yet: harbor")
        await driver.press("u")
        await driver.sees("just now")
        assert session.refreshed == ["harbor"]
        await driver.misses("not read yet")


async def test_the_list_fills_while_an_index_is_read_for_the_first_time(
    session: FakeSession,
) -> None:
    whole = session.all_builds
    session.all_mirrors, session.all_builds = [mirror(refreshed=None, builds=0)], []
    session.reading.clear()
    async with opened(session) as driver:
        await driver.sees("u reads what was not read yet: harbor", "0 of 0 packages")
        session.all_builds = whole[:6]
        session.all_mirrors = [mirror(refreshed=None, builds=0, read=12345, expected=200000)]
        await driver.press("u")
        await driver.sees("harbor … 12,345 of about 200,000 read", "2 of 2 packages")
        session.all_builds = whole
        session.reading.set()
        await driver.sees("45 of 45 packages", "just now")
        await driver.misses("of about")


async def test_names_come_by_relevance(session: FakeSession) -> None:
    session.all_builds = [build("libz"), build("py-zlib"), build("zlib"), build("zlib-ng")]
    async with opened(session) as driver:
        await driver.sees("libz")
        await driver.press("slash")
        await driver.type("zlib")
        await driver.sees("3 of 4 packages")
        text = driver.text()
        assert text.index("zlib ") < text.index("zlib-ng") < text.index("py-zlib")


async def test_a_failed_refresh_is_said_and_the_old_index_stays(session: FakeSession) -> None:
    session.failures["refresh"] = MirrorError("The mirror does not answer", "https://x")
    async with opened(session) as driver:
        await driver.sees("45 of 45")
        await driver.press("u")
        await driver.sees("harbor could not be refreshed, M says why: The mirror does not answer")
        assert "45 of 45" in driver.text()


async def test_moving_shows_other_builds(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("j", "j")
        await driver.sees("netcdf-c: 1 build", "◐ blocked: Signed by nobody")
        await driver.press("G")
        await driver.sees("zlib: 1 build")
        await driver.press("g")
        await driver.sees("hdf5: 5 builds")
        await driver.press("ctrl+d")
        await driver.sees("package-05: 1 build")
        await driver.press("ctrl+u", "pagedown", "pageup", "k")
        await driver.sees("hdf5: 5 builds")


async def test_panes_and_details(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("needs 8 packages")
        await driver.press("enter", "j", "j", "j")
        await driver.sees("◐ blocked: No key is trusted for mirror prbot")
        await driver.press("enter")
        await driver.sees("Direct dependencies", "zlib@1.3.1 /zlibqqq", "cflags=-O2")
        await driver.press("escape")
        await driver.sees("hdf5: 5 builds")
        await driver.press("h", "j")
        await driver.sees("hdf5-blosc: 1 build")
        await driver.press("l", "d")
        await driver.sees("would go to")
        await driver.press("q", "tab", "k")
        await driver.sees("hdf5: 5 builds")


async def test_why_asks_about_the_row(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("a")
        await driver.sees("neoverse_v1", "all targets")
        await driver.press("l", "G", "w")
        await driver.sees("Why? ")
        assert [text for text, _ in session.judge.asked] == [f"/{hash_of('hdfe')}"]
        await driver.press("escape")
        await driver.misses("Why? ")
        await driver.press("i")
        await driver.sees("It does not run on this machine: w says why")
        await driver.press("a")
        await driver.misses("neoverse_v1")


async def test_filter_narrows_names_at_once_and_esc_clears_it(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("45 of 45")
        await driver.press("slash")
        await driver.type("HDF")
        await driver.sees("2 of 45 packages")
        await driver.press("j")  # typed, not moved
        await driver.sees("1 of 45 packages")  # hdf5 looks most like it
        await driver.press("j", "j", "j")
        await driver.sees("0 of 45 packages")
        await driver.press("backspace", "backspace", "backspace", "backspace", "enter", "j")
        await driver.sees("hdf5-blosc: 1 build")
        await driver.press("escape")
        await driver.sees("45 of 45 packages")


async def test_filter_in_spec_syntax_goes_through_the_session(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("45 of 45")
        await driver.press("slash")
        await driver.type("hdf5@1.14:+cxx")
        await driver.sees("2 of 45 packages")
        await driver.press("escape", "slash")
        await driver.type("hdf5%%")
        await driver.sees("The query cannot be understood")
        await driver.press("escape")
        await driver.sees("45 of 45 packages")


async def test_keys_that_come_in_one_burst_are_heeded_in_their_order(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("45 of 45")
        screen = driver.app.screen
        signs = {"slash": "/", "minus": "-", "enter": "\r"}
        for name in ("slash", *"hdf5", "minus", "enter", "l", "j", "h"):
            driver.app.post_message(events.Key(name, signs.get(name, name)))
        await driver.until(lambda: screen.filter_line.field.value == "hdf5-")
        await driver.until(lambda: screen.packages.has_focus)
        assert driver.app.screen is screen


async def test_marks_are_counted_and_previewed_together(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("space")
        await driver.sees("It is installed already")
        await driver.press("l", "j", "space")
        await driver.sees("1 marked", "*● 1.14.6   x86_64_v4", "*■ hdf5")
        await driver.press("h", "j")
        await driver.sees("hdf5-blosc: 1 build")
        await driver.press("space")
        await driver.sees("2 marked")
        await driver.press("space")
        await driver.sees("1 marked")
        await driver.press("i")
        await driver.sees("Install hdf5@1.14.6", "[ Cancel ]")


async def test_keys_that_do_not_apply_are_grey_and_say_why(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        footer = driver.app.screen._compositor.render_strips()[-1]
        styles = {segment.text.strip(): segment.style for segment in footer}
        assert styles["Space"].dim
        assert styles["t"].bold
        await driver.press("i")
        assert driver.line(-1).strip() == "It is installed already"
        await driver.press("j")
        await driver.sees("? help")


async def test_the_palette_says_all_of_the_command_under_the_cursor(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("needs 8 packages")
        await driver.press("colon")
        await driver.sees("Not now: It is installed already")
        await driver.press("down", "down")
        await driver.sees("from a build to its details")
        await driver.type("all targ")
        await driver.sees("Show builds for all targets, or only those that run here")
        await driver.type("zzz")
        await driver.sees("No command has this")
        await driver.misses("Show builds for all targets")


async def test_the_palette_runs_a_command_by_its_name(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("colon")
        await driver.sees("Commands", "part of a name")
        await driver.type("mirrors")
        await driver.press("down", "up", "enter")
        await driver.sees("Mirrors, the first one is asked first")
        await driver.press("ctrl+p", "escape", "escape")
        await driver.sees("hdf5: 5 builds")


async def test_help_lists_the_keys_of_the_screen(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.press("question_mark")
        await driver.sees("Keys of this screen (browse)", "Say why the row under the cursor")
        await driver.press("pagedown")
        await driver.sees("Read the indexes of the mirrors anew")
        await driver.press("G")
        await driver.sees("a binary exists and cannot be used")
        await driver.press("q")
        await driver.sees("Packages")


async def test_the_cursor_stays_on_its_package_when_the_list_changes(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("45 of 45")
        await driver.press("j", "j")
        await driver.sees("netcdf-c: 1 build")
        session.all_builds.append(build("aaa", "1"))
        await driver.press("u")
        await driver.sees("46 of 46", "netcdf-c: 1 build")


async def test_q_quits(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("q")
        await driver.until(lambda: not driver.app.is_running)
    assert driver.app.return_code == 0


async def test_quitting_does_not_wait_for_answers(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        session.gate.clear()
        await driver.press("j", "q")
        session.gate.set()
        await driver.until(lambda: not driver.app.is_running)


async def test_nothing_is_said_of_a_build_before_it_is_read(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        session.gate.clear()
        await driver.press("j", "space")
        await driver.sees("The builds of hdf5-blosc are still being read")
        session.gate.set()
        await driver.sees("hdf5-blosc: 1 build")


async def test_an_unexpected_error_is_shown_and_the_program_lives(session: FakeSession) -> None:
    session.failures["mirrors"] = ZeroDivisionError("boom")  # type: ignore[assignment]
    async with opened(session) as driver:
        await driver.sees("Unexpected ZeroDivisionError: boom", "This is a defect of spackbin")
        await driver.press("escape")
        await driver.sees("hdf5: 5 builds")


async def test_a_package_without_builds_for_this_machine(session: FakeSession) -> None:
    session.all_builds = [
        build("a", disposition=Disposition.OTHER_HOST, reason="no", hash=hash_of("aa"))
    ]
    async with opened(session) as driver:
        await driver.sees("None for this machine", "0 of 0 packages")
        await driver.press("a")
        await driver.sees("a: 1 build, 0 run here", "· other host: no")


@pytest.mark.parametrize("key", ["ctrl+c", "ctrl+q"])
async def test_control_keys_leave_from_everywhere(session: FakeSession, key: str) -> None:
    for before in ((), ("slash",), ("w",), ("M", "a"), ("colon",)):
        async with opened(session) as driver:
            await driver.sees("hdf5: 5 builds")
            await driver.press(*before, key)
            await driver.until(lambda driver=driver: not driver.app.is_running)
