"""Mirrors: list, add, remove, refresh."""

from core.errors import MirrorError
from core.model.mirror import Channel
from tests.tui.tui_drive import opened
from tests.tui.tui_fakes import FakeSession
from tests.tui.tui_values import default_builds, mirror


async def test_mirrors_are_listed_with_all_that_is_known(session: FakeSession) -> None:
    session.all_mirrors.append(mirror("prbot", signed=False, error="Away. Check the network."))
    async with opened(session) as driver:
        await driver.press("M")
        await driver.sees("harbor        ✓ signed · 2 h ago", "1,204 builds", "layout       v3")
        await driver.press("j")
        await driver.sees("✗ not refreshed", "they need no signature", "Away. Check the network.")


async def test_add_asks_the_mirror_then_reads_it(session: FakeSession) -> None:
    session.all_mirrors, session.all_builds = [], []
    async with opened(session) as driver:
        await driver.press("M")
        await driver.sees("No mirrors yet. a adds one")
        await driver.press("a")
        await driver.sees("Add a mirror", "[x] its builds must be signed")
        await driver.press("enter")
        await driver.sees("A mirror needs a name and a URL")
        await driver.type("harbor")
        await driver.press("enter")
        await driver.type("https://nowhere")
        await driver.press("enter")
        await driver.sees("There is no build cache here.", "Check the URL.")
        await driver.press("ctrl+u")
        await driver.type("https://harbor.example")
        await driver.press("tab", "space")
        await driver.sees("[ ] its builds must be signed")
        await driver.press("space", "enter")
        await driver.misses("Add a mirror")
        await driver.sees("First use of harbor: 1 key on offer", "not trusted")
        await driver.press("escape")
        await driver.sees("⚠ no trusted key", "7 builds")
        assert session.refreshed == ["harbor"]
        assert session.all_mirrors[0].signed
        await driver.press("K")
        await driver.sees("First use of harbor", "not trusted")
        session.all_builds = default_builds()
        await driver.press("escape", "u")
        await driver.until(lambda: session.refreshed == ["harbor", "harbor"])
        await driver.press("escape")
        await driver.sees("45 of 45", "K shows the keys: none is trusted for harbor")
        await driver.press("j")
        await driver.sees("hdf5-blosc: 1 build")


async def test_channel_and_keys_page_can_be_said(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.press("M", "a")
        await driver.sees("Channel", "< as its URL tells >", "Keys page")
        await driver.type("site")
        await driver.press("down")
        await driver.type("https://site.example")
        await driver.press("down", "down", "space")
        await driver.sees("< release >  the builds of a release, which do not change")
        await driver.press("right", "left", "down")
        await driver.type("https://keys.example")
        await driver.press("enter")
        await driver.misses("Add a mirror")
        (added,) = session.added
        assert (added.channel, added.keys_page) == (Channel.RELEASE, "https://keys.example")


async def test_the_channel_that_is_said_is_warned_of(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.press("M", "a")
        await driver.type("site")
        await driver.press("down")
        await driver.type("https://site.example")
        await driver.press("down", "down", "left")
        await driver.sees("< PR >")
        await driver.press("enter")
        await driver.sees('Add mirror "site" [PR]?', "of a pull request: whoever")
        await driver.type("site")
        await driver.press("enter")
        await driver.until(lambda: session.added)
        assert session.added[0].channel is Channel.PR


async def test_adding_can_be_given_up(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.press("M", "A")
        await driver.sees("Add a mirror")
        await driver.press("escape")
        await driver.misses("Add a mirror")
        assert len(session.all_mirrors) == 1


async def test_an_unsigned_mirror_can_be_added(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.press("M", "a")
        await driver.type("plain")
        await driver.press("down")
        await driver.type("https://plain.example")
        await driver.press("down", "space", "enter")
        await driver.sees('Add mirror "plain" [UNSIGNED]?')
        await driver.type("plain")
        await driver.press("enter")
        await driver.sees("plain         ⚠ UNSIGNED")
        assert not session.all_mirrors[-1].signed
        # The cursor is on it, and what was said of it is true when its index is read.
        await driver.sees("url          https://plain.example", "plain was added")
        await driver.misses("reading its index")
        assert "plain was added" in driver.text()


async def test_remove_asks_first(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.press("M")
        await driver.sees("1,204 builds")
        await driver.press("x")
        await driver.sees('Remove mirror "harbor"?', "[ Keep ]")
        await driver.press("enter")
        assert len(session.all_mirrors) == 1
        await driver.press("x", "y")
        await driver.sees("harbor was removed", "No mirrors yet")
        await driver.press("x")
        await driver.sees("There is no mirror yet: a adds one")
        await driver.press("escape")
        await driver.sees("M shows the mirrors")


async def test_refresh_shows_what_it_does(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.press("M")
        await driver.sees("1,204 builds")
        await driver.press("u")
        await driver.sees("just now", "7 builds")
        session.failures["refresh"] = MirrorError("The mirror does not answer", "https://x")
        await driver.press("u")
        await driver.sees("harbor: The mirror does not answer")
        assert "✗" not in driver.line(1)
