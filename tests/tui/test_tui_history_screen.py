"""The history of the store, and one operation of it in full."""

from core.errors import StoreError
from core.model.history import History
from tests.tui.tui_drive import opened
from tests.tui.tui_fakes import FakeSession
from tests.tui.tui_past import history, operation, touched
from tests.tui.tui_values import finished_event
from tui.state.history import moment


async def test_the_newest_operation_stands_first(session: FakeSession) -> None:
    session.past = history()
    async with opened(session) as driver:
        await driver.press("H")
        await driver.sees("install beacon@1.3.0/beacon")
        lines = [line.split() for line in driver.text().split("\n")[1:7]]
        assert lines[0] == ["number", "when", "who", "what", "result"]
        assert [line[0] for line in lines[1:]] == ["5", "4", "3", "2", "1"]
        assert lines[1][3:] == ["ada", "install", "beacon@1.3.0/beaconq", "1", "installed"]
        assert lines[2][3:] == ["ada", "undo", "1", "1", "unmarked"]
        assert lines[3][3:] == ["ada", "install", "/reefqqq", "ended", "with", "3"]
        assert lines[4][3:6] == ["ada", "uninstall", "kelp@0.1/kelpqqq"]
        assert lines[5][-3:] == ["2", "installed,", "undone"]
        assert moment(history().operations[-1].ended)[:16] in driver.line(2)


async def test_an_operation_in_full_says_on_whose_word(session: FakeSession) -> None:
    session.past = history()
    async with opened(session) as driver:
        await driver.press("H")
        await driver.sees("beacon@1.3.0")
        await driver.press("G", "enter")
        await driver.sees(
            "Operation 1: install hdf5",
            "ada (1000) on login1",
            "spackbin 0.2.0, install-1",
            "zlib@1.3.1/zlibqqq /home/ada/spackbin/zlib-1.3.1",
            "NOT SIGNED: may be so",
            "signed by Harbor Release <r@harbor.example> 2C8D D322 4EF3 573A",
            "hdf5@1.0/hdf5qqq, by name",
        )
        await driver.press("escape", "k", "enter")
        await driver.sees("Operation 2", "Removed", "kelp@0.1/kelpqqq")
        await driver.press("escape", "k", "k", "enter")
        await driver.sees("Takes back", "operation 1", "zlib@1.3.1/zlibqqq: it no longer counts")
        await driver.press("q", "q")
        await driver.sees("Packages")


async def test_what_was_taken_back_or_changed_nothing_cannot_be_undone(
    session: FakeSession,
) -> None:
    session.past = history()
    async with opened(session) as driver:
        await driver.press("H")
        await driver.sees("beacon@1.3.0")
        await driver.press("G", "z")
        await driver.sees("Operation 1 was taken back already")
        await driver.press("k", "k", "z")
        await driver.sees("Operation 3 changed nothing")
        assert session.asked_removals == []


async def test_a_store_without_history_and_one_that_cannot_be_read(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.press("H")
        await driver.sees("Nothing was done to this store by spackbin yet")
        await driver.press("z")
        await driver.sees("Nothing was done to this store yet")
        await driver.press("escape")
        session.failures["history"] = StoreError("The history cannot be opened", "/s")
        await driver.press("H")
        await driver.sees("The history cannot be read", "The history cannot be opened")


async def test_damaged_lines_are_counted(session: FakeSession) -> None:
    session.past = History((operation(1, added=(touched("a"),)),), damaged=2)
    async with opened(session) as driver:
        await driver.press("H")
        await driver.sees("2 lines of it cannot be read")


async def test_a_hostile_history_does_not_reach_the_terminal(session: FakeSession) -> None:
    evil = operation(1, user="\x1b[31mroot\u202e", ended=1e300, started=-1e300, host="a\nb")
    session.past = History((evil,))
    async with opened(session) as driver:
        await driver.press("H")
        await driver.sees("�[31mroo…", "unknown time")
        await driver.press("enter")
        await driver.sees("unknown time to unknown time", "on a b")
        assert "\x1b" not in driver.text()
        assert "\u202e" not in driver.text()


async def test_the_history_grows_while_it_is_looked_at(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("l", "j", "i")
        await driver.sees("To fetch")
        await driver.press("y")
        await driver.sees("0 of 3 installed")
        await driver.press("escape", "H")
        await driver.sees("Nothing was done")
        session.past = history()
        assert session.run is not None
        session.run.append(finished_event(1.0))
        await driver.sees("install beacon@1.3.0")
