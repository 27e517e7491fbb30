"""Nothing is listed: it is said why, and what next, and nothing of what was there stays."""

from core.errors import MirrorError
from core.model.plan import Disposition
from tests.tui.tui_drive import opened
from tests.tui.tui_fakes import FakeSession
from tests.tui.tui_values import build, mirror


async def test_a_filter_that_matches_nothing_leaves_no_other_package_in_view(
    session: FakeSession,
) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds", "needs 8 packages")
        await driver.press("slash")
        await driver.type("zzz")
        await driver.sees(
            "0 of 45 packages",
            "No package matches the filter.",
            "a lists what runs on other machines, too.",
            "w says why there is none.",
            "Esc clears the filter.",
        )
        await driver.misses("hdf5: 5 builds")
        await driver.misses("needs 8 packages")
        await driver.press("escape")
        await driver.sees("45 of 45 packages", "hdf5: 5 builds", "needs 8 packages")
        await driver.misses("No package matches")


async def test_a_query_without_a_name_has_no_why(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        session.all_builds = []
        await driver.press("slash")
        await driver.type("+nothing")
        await driver.sees("0 of 45 packages", "No package matches the filter.")
        await driver.misses("says why there is none")


async def test_kinds_that_nothing_is_of_are_said(session: FakeSession) -> None:
    session.all_builds = [build("zlib", disposition=Disposition.CACHED)]
    async with opened(session) as driver:
        await driver.sees("zlib: 1 build")
        await driver.press("f", "space", "escape")
        await driver.sees("No package is of the kinds that are listed.", "f chooses the kinds.")


async def test_mirrors_without_anything_for_this_machine_say_which_key_shows_the_rest(
    session: FakeSession,
) -> None:
    session.all_builds = []
    async with opened(session) as driver:
        await driver.sees("Nothing on offer runs on this machine.", "a lists what runs on other")
        await driver.press("a")
        await driver.sees("The mirrors offer nothing, and nothing is", " None  ")


async def test_what_was_not_read_yet_is_not_said_to_be_nothing(session: FakeSession) -> None:
    session.all_mirrors, session.all_builds = [mirror(refreshed=None, builds=0)], []
    async with opened(session) as driver:
        await driver.sees("u reads what was not read yet", "None for this machine")
        assert "Nothing on offer" not in driver.text()


async def test_the_key_that_says_why_is_in_view_however_long_the_reason(
    session: FakeSession,
) -> None:
    title = "There is no Spack build cache at file:///software/caches/site/of/a/long/name"
    session.failures["refresh"] = MirrorError(title)
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("u")
        await driver.sees("harbor could not be refreshed, M says why: There is no Spack")


async def test_the_last_line_shows_the_keys_that_do_something_before_there_is_a_mirror(
    session: FakeSession,
) -> None:
    mirrors, session.all_mirrors = session.all_mirrors, []
    async with opened(session) as driver:
        await driver.sees("No mirrors yet")
        last = driver.text().split("\n")[-1]
        assert last.split() == ["M", "mirrors", "?", "help", "q", "quit"]
        session.all_mirrors = mirrors
        await driver.press("M", "escape")
        await driver.sees("Space mark  i install  t tree  w why  / filter  ? help")


async def test_a_first_mirror_shows_the_whole_title_of_a_build(session: FakeSession) -> None:
    mirrors, session.all_mirrors = session.all_mirrors, []
    session.all_builds = []
    long = tuple((f"variant{number}", "+") for number in range(5))
    async with opened(session) as driver:
        await driver.sees("No mirrors yet")
        session.all_mirrors = mirrors
        session.all_builds = [build("zlib", variants=long)]
        await driver.press("M")
        await driver.press("u")
        await driver.press("escape")
        await driver.sees("zlib: 1 build", "needs")
        await driver.sees("+variant4")
