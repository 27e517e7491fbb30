"""What needs a build, in what builds differ, and what a plan notes."""

from msgspec.structs import replace

from tests.tui.tui_drive import opened
from tests.tui.tui_fakes import FakeSession
from tests.tui.tui_values import build, hash_of, ready_plan


async def test_r_in_the_tree_lists_what_needs_a_node(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("t")
        await driver.sees("zlib@1.3.1")
        await driver.press("j")
        await driver.press("r")
        await driver.sees("2 builds of 2 packages need zlib@1.3.1/zlibqqq")
        assert driver.line(1).startswith(" ● hdf5@1.14.6 /hdf")
        assert driver.line(1).rstrip().endswith("harbor")
        await driver.press("d")
        await driver.sees("Direct dependencies")
        await driver.press("escape", "j", "w")
        await driver.sees("Why? hdf5")
        await driver.press("escape", "r")
        await driver.sees("Nothing needs libpng@1.6/libpng")
        await driver.press("escape", "t")
        await driver.sees("hdf5@1.14.6 /hdf5qqq")


async def test_looking_for_what_needs_a_build_can_be_left(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("needs 8 packages")
        session.gate.clear()
        await driver.press("r")
        await driver.sees("Looking for what needs hdf5@1.14.6/hdf546q. Esc stops it")
        await driver.press("escape")
        await driver.sees("Packages")
        session.gate.set()


async def test_a_wide_table_scrolls_sideways_and_says_once_what_is_the_same(
    session: FakeSession,
) -> None:
    names = [f"feature_number_{at:02}" for at in range(8)]
    session.all_builds = session.judge.offered = [
        build(
            "wide",
            "1.0",
            hash=hash_of(f"wide{sign}"),
            variants=(*((name, value) for name in names), ("shared", "+")),
        )
        for sign, value in (("a", "+"), ("b", "~"))
    ]
    async with opened(session) as driver:
        await driver.sees("wide: 2 builds", "+8: V")
        await driver.press("V")
        await driver.sees("wide: 2 builds, differing in 8 things", "hash")
        await driver.sees("The same for all: version 1.0, target x86_64_v3", "shared +", " >")
        assert "feature_number_07" not in driver.text()
        await driver.press("l")
        await driver.sees("< feature_number_01")
        await driver.press(*["right"] * 9)
        await driver.sees("feature_number_07")
        assert " >" not in driver.text().split("\n")[3]
        await driver.press("j", "d")
        await driver.sees("widebqqqqqqqqqqqqqqqqqqqqqqqqqqq")
        await driver.press("escape", *["h"] * 9)
        await driver.sees("feature_number_00")
        await driver.press("w")
        await driver.sees("Why?")


async def test_the_preview_shows_notes_and_n_shows_all(session: FakeSession) -> None:
    notes = tuple(
        f"On gpu{at}, hdf5@1.14.6 does not run: it needs glibc 2.3{at}" for at in range(5)
    )
    session.made_plan = replace(ready_plan(), notes=notes[:1])
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("l", "j", "i")
        await driver.sees("Note          On gpu0, hdf5@1.14.6 does not run")
        await driver.press("escape")
        session.made_plan = replace(ready_plan(), notes=notes)
        await driver.press("i")
        await driver.sees("... n shows all of 5 notes", "On gpu1")
        assert "On gpu2" not in driver.text()
        await driver.press("n")
        await driver.sees("Before the install", "On gpu4, hdf5@1.14.6 does not run: it needs")


async def test_a_plan_without_notes_says_so(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("l", "j", "i")
        await driver.sees("To fetch")
        await driver.press("n")
        await driver.sees("There is nothing to note")


async def test_a_folded_node_says_what_is_below_it(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("t")
        await driver.sees("zlib@1.3.1")
        await driver.press("h")
        await driver.sees("3 packages below: ■ 1  ● 1  ◇ 1")
