"""Whose mirror it is, what it holds, what to beware of; and mirrors to choose from."""

from core.model.mirror import Channel, KnownMirror
from tests.tui.tui_drive import opened
from tests.tui.tui_fakes import FakeSession
from tests.tui.tui_values import KEY, mirror

SPACKS = "spack: /opt/spack/etc/spack/mirrors.yaml"


async def test_filters_are_shown_with_what_they_hide(session: FakeSession) -> None:
    session.all_mirrors = [mirror(filters="exclude_binary: ^mpich", hidden=1200)]
    async with opened(session) as driver:
        await driver.press("M")
        await driver.sees("filter       1,200 of them are hidden by exclude_binary: ^mpich")


async def test_origin_channel_badge_and_note_are_shown(session: FakeSession) -> None:
    session.all_mirrors = [
        mirror(channel=Channel.RELEASE),
        mirror(
            "prbot",
            channel=Channel.PR,
            signed=False,
            badge="PR, UNSIGNED",
            quarantine="/home/ada/spackbin-prbot",
            origin=SPACKS,
            note="Its index is 40 days old",
        ),
        mirror("pull", channel=Channel.PR, badge="PR", trusted_keys=0),
    ]
    async with opened(session) as driver:
        await driver.sees("harbor ✓ signed", "prbot ⚠ PR, UNSIGNED")
        await driver.press("M")
        await driver.sees("named by     your configuration", "release: the builds of a release")
        await driver.press("j")
        await driver.sees(
            f"named by     {SPACKS}",
            "beware       PR, UNSIGNED",
            "builds go to /home/ada/spackbin-prbot",
            "Its index is 40 days old",
            "⚠ PR, no trusted key",
        )
        await driver.press("x")
        await driver.sees("A Spack has it in its configuration: it is removed there")


async def test_an_entry_that_cannot_be_read_stops_nothing_else(session: FakeSession) -> None:
    broken = mirror(
        "\x1b[1mold", origin=SPACKS, is_usable=False, error="It has no URL.", refreshed=None
    )
    session.all_mirrors = [mirror(), broken]
    session.notes = ("/opt/spack/etc/mirrors.yaml cannot be read: it is no YAML",)
    async with opened(session) as driver:
        await driver.sees("✗ cannot be used", "hdf5: 5 builds")
        assert "u reads what was not read" not in driver.text()
        await driver.press("u")
        await driver.until(lambda: session.refreshed == ["harbor"])
        await driver.press("M")
        await driver.sees("/opt/spack/etc/mirrors.yaml cannot be read: it is no YAML")
        await driver.press("j")
        await driver.sees("problem      It has no URL.", "�[1mold")
        for key in ("u", "K"):
            await driver.press(key)
            await driver.sees("Its entry in the configuration cannot be read: see below")


async def test_known_mirrors_are_offered_and_never_added_silently(session: FakeSession) -> None:
    session.known = (
        KnownMirror("spack-develop", "https://b.example/develop", KEY, "built from develop"),
        KnownMirror("spack-v1", "https://b.example/v1", KEY, "the release 1"),
    )
    async with opened(session) as driver:
        await driver.press("M", "a")
        await driver.sees("Well-known mirrors: Tab goes there", "spack-develop", "the release 1")
        await driver.press(*["tab"] * 5, "j", "enter")
        await driver.sees("they sign with 2C8D D322", "https://b.example/v1")
        assert len(session.all_mirrors) == 1
        await driver.press("enter")
        await driver.misses("Add a mirror")
        assert session.all_mirrors[-1].name == "spack-v1"
        assert session.all_mirrors[-1].url == "https://b.example/v1"
