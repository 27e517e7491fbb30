"""Undo and uninstall: shown, asked, done, given up."""

from msgspec.structs import replace

from core.errors import StoreError
from core.events import LockAwaited, NodeRemoved, RemovalDecided
from core.model.holder import Holder
from core.model.plan import Disposition
from core.model.removal import Removal
from tests.tui.tui_drive import opened
from tests.tui.tui_fakes import FakeSession
from tests.tui.tui_past import history, touched, undo_plan, uninstall_plan
from tests.tui.tui_values import hash_of, hdf5_builds, ready_plan
from tui.state.removal import RemovalProgress


async def test_z_shows_what_the_undo_would_do_and_y_does_it(session: FakeSession) -> None:
    session.undo = undo_plan()
    session.removal = Removal(6, (touched("beacon", "1.3.0"),), {})
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("z")
        await driver.sees(
            "Undo operation 5",
            "To remove        1   4.2 MB become free",
            "Stays            1",
            "spackbin undo 5 --yes",
            "goes      beacon@1.3.0/beaconq",
            "stays     libtide@2.0.1/libtide",
            "unmarked  tide@1.0/tideqqq",
            "[ Keep ]   y  Remove",
        )
        await driver.press("y")
        await driver.sees("Packages", "1 package removed, 4.2 MB freed (operation 6)")
        assert session.removed == [session.undo]


async def test_the_safe_answers_remove_nothing(session: FakeSession) -> None:
    session.undo = undo_plan()
    async with opened(session) as driver:
        for cancel in ("enter", "escape", "q"):
            await driver.press("z")
            await driver.sees("goes      beacon")
            await driver.press(cancel)
            await driver.sees("Packages")
        assert session.removed == []


async def test_the_history_takes_back_the_operation_under_the_cursor(
    session: FakeSession,
) -> None:
    session.past, session.undo = history(), undo_plan()
    async with opened(session) as driver:
        await driver.press("H")
        await driver.sees("beacon@1.3.0")
        await driver.press("G", "k", "z")
        await driver.sees("Undo operation 5")
        assert session.asked_removals == [("undo", "2")]
        session.past = replace_last(session)
        await driver.press("y")
        await driver.sees("History of the store", "removed", "undo 9")


def replace_last(session: FakeSession) -> object:
    past = session.past
    last = replace_struct(past.operations[-1], undoes=9, number=6, kind="undo")
    return type(past)((*past.operations, last))


def replace_struct(value: object, **changes: object) -> object:
    fields = {name: getattr(value, name) for name in value.__struct_fields__}  # type: ignore[attr-defined]
    return type(value)(**{**fields, **changes})


async def test_the_undo_of_a_removal_is_an_install(session: FakeSession) -> None:
    session.undo = ready_plan()
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("z")
        await driver.sees("Install hdf5@1.14.6", "[ Cancel ]   y  Install")
        await driver.press("t")
        await driver.sees("ncurses@6.5")
        await driver.press("escape", "y")
        await driver.sees("0 of 3 installed")
        assert session.started == [session.undo]


async def test_an_install_again_waits_until_help_is_read(session: FakeSession) -> None:
    session.undo = ready_plan()
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        session.gate.clear()
        await driver.press("z")
        await driver.sees("Working out what that would do")
        await driver.press("question_mark")
        await driver.sees("Keys of this screen (undo)")
        session.gate.set()
        await driver.until(lambda: session.asked_removals)
        await driver.sees("Keys of this screen (undo)")
        await driver.press("escape")
        await driver.sees("Install hdf5@1.14.6")
        await driver.press("escape")
        await driver.sees("Packages")


async def test_nothing_to_undo_is_said_in_place(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.press("z")
        await driver.sees("There is nothing to undo.", "See spackbin history.")
        await driver.press("y")
        await driver.sees("There is nothing that could be done")
        await driver.press("escape")
        await driver.sees("Packages")


async def test_what_is_needed_is_refused_by_name_with_the_offer_to_take_more(
    session: FakeSession,
) -> None:
    session.uninstall = uninstall_plan
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("l", "X")
        await driver.sees(
            "Remove hdf5@1.14.6/hdf5qqq",
            "hdf5@1.14.6/hdf5qqq is needed: d removes what needs it, too",
            "netcdf-c@4.9.2/netcdfc needs it",
        )
        await driver.press("y")
        assert session.removed == []
        await driver.press("u")
        await driver.sees("Nothing becomes unused by that")
        await driver.press("d")
        await driver.sees(
            "To remove        2   16.0 MB become free",
            "Unused then      1   u removes them, too",
            "--dependents --yes",
            "It needs hdf5@1.14.6/hdf5qqq",
        )
        await driver.press("u")
        await driver.sees(
            "To remove        3", "forgotten zlib@1.0/zlibqqq", "--dependents --unused --yes"
        )
        await driver.press("d")
        await driver.sees("is needed: d removes")
        await driver.press("d")
        await driver.sees("To remove        3")
        await driver.press("y")
        await driver.sees("Packages")
        assert session.removed == [uninstall_plan(True, True)]
        build = hdf5_builds()[0].hash
        assert session.asked_removals == [("uninstall", build)] * 5


async def test_only_what_is_installed_can_be_uninstalled(session: FakeSession) -> None:
    session.uninstall = uninstall_plan
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("l", "j", "X")
        await driver.sees("It is not installed")
        await driver.press("t")
        await driver.sees("zlib@1.3.1")
        await driver.press("X")
        await driver.sees("It is not installed")
        await driver.press("j", "X")
        await driver.sees("Remove hdf5@1.14.6")
        assert session.asked_removals == [("uninstall", hash_of("zlib"))]


async def test_lists_and_trees_are_read_anew_after_a_removal(session: FakeSession) -> None:
    session.uninstall = lambda *_: uninstall_plan(True, False)
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("l", "t")
        await driver.sees("■ zlib@1.3.1")
        await driver.press("j", "X")
        await driver.sees("To remove        2")
        session.all_builds = [
            replace(one, disposition=Disposition.CACHED) for one in session.all_builds
        ]
        plans = len(session.planned_environments)
        await driver.press("y")
        await driver.sees("0 packages removed")
        await driver.until(lambda: len(session.planned_environments) == plans + 1)
        await driver.press("escape")
        await driver.sees("● hdf5 ")


async def test_a_removal_can_be_given_up_while_it_waits(session: FakeSession) -> None:
    session.undo = undo_plan()
    async with opened(session) as driver:
        await driver.press("z")
        await driver.sees("goes      beacon")
        session.gate.clear()
        await driver.press("y")
        await driver.sees("Removing; Esc gives it up")
        await driver.press("y")
        await driver.sees("It is being removed")
        await driver.press("escape")
        await driver.sees("It was given up: nothing was removed", "[ Keep ]   y  Remove")
        session.gate.set()
        assert session.removed == []
        await driver.press("y")
        await driver.sees("Packages", "removed")
        assert session.removed == [session.undo]


async def test_how_far_a_removal_is(session: FakeSession) -> None:
    session.uninstall = lambda *_: uninstall_plan(True, False)
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("l", "X")
        await driver.sees("To remove        2")
        session.deleting.clear()
        await driver.press("y")
        await driver.sees("Removed; the files of 2 packages are being deleted")
        await driver.press("escape")
        await driver.sees("It is too late to give it up")
        session.deleting.set()
        await driver.sees("Packages", "removed")


def test_the_words_of_a_removal_on_its_way() -> None:
    plan = uninstall_plan(True, False)
    progress = RemovalProgress(plan, "Esc")
    assert progress.words == "Removing; Esc gives it up as long as nothing is gone"
    first, second = (item.package for item in plan.removed)
    waits = LockAwaited(time=0, node=first.hash, lock="prefix", holder=Holder(12, "node7"))
    progress.take([waits])
    assert "Removing: waits for process 12 on node7; Esc" in progress.words
    progress.take([RemovalDecided(time=0)])
    assert progress.words == "Removed; the files of 2 packages are being deleted"
    gone = [NodeRemoved(time=0, node=one.hash, prefix=one.prefix) for one in (first, second)]
    progress.take(gone[:1])
    assert progress.words == f"Deleted 1 of 2: {first.label}"
    progress.take(gone[1:])
    assert progress.words == f"Deleted 2 of 2: {second.label}"


async def test_a_removal_that_fails_is_explained_and_can_be_tried_again(
    session: FakeSession,
) -> None:
    session.undo = undo_plan()
    session.failures["remove"] = StoreError("beacon is in use by process 7", "/s", "Wait for it")
    async with opened(session) as driver:
        await driver.press("z")
        await driver.sees("goes      beacon")
        await driver.press("y")
        await driver.sees("beacon is in use by process 7.", "Wait for it.", "[ Close ]")
        del session.failures["remove"]
        await driver.press("escape")
        await driver.press("y")
        await driver.sees("Packages")
        assert session.removed == [session.undo]


async def test_what_could_not_be_deleted_yet_is_said(session: FakeSession) -> None:
    session.undo = undo_plan()
    session.removal = Removal(
        0, (touched("beacon"),), {"/s/.aside/1": "it is busy"}, problem="The disk is full."
    )
    async with opened(session) as driver:
        await driver.press("z")
        await driver.sees("goes      beacon")
        await driver.press("y")
        await driver.sees(
            "Removed, but",
            "/s/.aside/1 could not be deleted yet: it is busy.",
            "It is not in the history yet. The disk is full.",
        )
        await driver.press("enter")
        await driver.sees("Packages")


async def test_the_done_removal_waits_until_help_is_read(session: FakeSession) -> None:
    session.undo = undo_plan()
    async with opened(session) as driver:
        await driver.press("z")
        await driver.sees("goes      beacon")
        session.gate.clear()
        await driver.press("y")
        await driver.sees("Removing;")
        await driver.press("question_mark")
        await driver.sees("Keys of this screen (undo)")
        session.gate.set()
        await driver.until(lambda: session.removed)
        await driver.press("escape")
        await driver.sees("Packages", "0 packages removed")


async def test_the_mouse_answers(session: FakeSession) -> None:
    session.undo = undo_plan()
    async with opened(session) as driver:
        await driver.press("z")
        await driver.sees("goes      beacon")
        lines = driver.text().split("\n")
        y = next(at for at, line in enumerate(lines) if "[ Keep ]" in line)
        await driver.pilot.click(offset=(lines[y].index("Keep"), y))
        await driver.sees("Packages")
        await driver.press("z")
        await driver.sees("goes      beacon")
        await driver.pilot.click(offset=(lines[y].index("Remove"), y))
        await driver.sees("Packages")
        assert session.removed == [session.undo]
