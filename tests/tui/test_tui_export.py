"""`e` in the preview: the plan as a file."""

from pathlib import Path

import pytest

from core.session.documents import plan_document
from tests.tui.tui_drive import Driver, opened
from tests.tui.tui_fakes import FakeSession
from tests.tui.tui_values import ready_plan


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory of the program."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


async def export(driver: Driver) -> None:
    await driver.sees("hdf5: 5 builds")
    await driver.press("l", "j", "i")
    await driver.sees("To fetch")
    await driver.press("e")
    await driver.sees("Save the plan", "plan-hdf5.json")


async def test_the_document_of_the_command_is_saved_and_said_where(
    session: FakeSession, here: Path
) -> None:
    async with opened(session, size=(160, 24)) as driver:
        await export(driver)
        await driver.press("enter")
        await driver.sees(f"Saved: {here}/plan-hdf5.json")
        await driver.misses("Save the plan")
    made = plan_document(ready_plan(), None)
    assert (here / "plan-hdf5.json").read_bytes() == made
    assert [path.name for path in here.iterdir()] == ["plan-hdf5.json"]


async def test_a_file_is_not_replaced_without_being_asked_for(
    session: FakeSession, here: Path
) -> None:
    mine = here / "plan-hdf5.json"
    mine.write_text("mine")
    async with opened(session) as driver:
        await export(driver)
        await driver.press("enter")
        await driver.sees("Replace the file?", "[ Keep it ]   y  Replace it")
        await driver.press("enter")
        await driver.misses("Replace the file?")
        await driver.sees("Save the plan")
        assert mine.read_text() == "mine"
        await driver.press("enter")
        await driver.sees("Replace the file?")
        await driver.press("y")
        # A path that is too long loses its beginning.
        await driver.sees("Saved: …", f"{here.parent.name}/here/plan-hdf5.json"[-30:])
    assert mine.read_bytes() == plan_document(ready_plan(), None)


async def test_what_cannot_be_written_is_said_and_can_be_typed_anew(
    session: FakeSession, here: Path
) -> None:
    async with opened(session) as driver:
        await export(driver)
        await driver.press("ctrl+u")
        await driver.press("enter")
        await driver.sees("Name a file")
        await driver.type("no/where")
        await driver.press("enter")
        await driver.sees("The file cannot be written: No such file or directory", "no/where")
        await driver.press("ctrl+u")
        await driver.type("other")
        await driver.press("enter")
        await driver.sees("Saved: ")
    assert (here / "other").exists()


async def test_without_a_plan_there_is_nothing_to_export(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        session.gate.clear()
        await driver.press("l", "j", "i")
        await driver.sees("[ Cancel ]")
        await driver.press("e")
        await driver.sees("The plan is still being worked out")
        session.gate.set()
