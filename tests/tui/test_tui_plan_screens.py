"""Preview and tree."""

from core.errors import MirrorError, StoreError
from core.model.plan import Disposition, Source
from tests.tui.tui_drive import opened
from tests.tui.tui_fakes import FakeSession
from tests.tui.tui_values import blocked_plan, hash_of, mirror, node, plan_of, ready_plan, spec

ORDER = ["To build", "To fetch", "Installed", "Blocked", "Signed by", "Store", "Same as"]


async def test_the_preview_answers_in_the_order_of_the_questions(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("l", "j", "i")
        await driver.sees("Install hdf5@1.14.6", "To fetch         2   6.6 MB")
        lines = driver.text().split("\n")
        assert [line.split("  ")[1].strip() for line in lines[2:9]] == ORDER
        assert "Harbor Release" in lines[6]
        assert "2C8D…DA2F  (trusted for harbor)" in lines[6]
        assert "/home/ada/spackbin" in lines[7]
        assert "free" in lines[7]
        assert f"spackbin install /{hash_of('hdf5')[:7]} --yes" in lines[8]
        assert "[ Cancel ]   y  Install" in driver.text()


async def test_y_installs_and_nothing_else_does(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("l", "j")
        for cancel in ("enter", "escape", "q"):
            await driver.press("i")
            await driver.sees("[ Cancel ]")
            await driver.press(cancel)
            await driver.misses("[ Cancel ]")
        assert session.started == []
        await driver.press("i")
        await driver.sees("[ Cancel ]", "To fetch")
        await driver.press("y")
        await driver.sees("0 of 3 installed")
        assert session.started == [session.made_plan]
        await driver.press("escape")
        await driver.sees("Packages", "installing 0 of 3: L")


async def test_a_blocked_plan_cannot_be_started_and_offers_the_keys(session: FakeSession) -> None:
    session.made_plan = blocked_plan()
    session.all_mirrors = [mirror(trusted_keys=0)]
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("l", "j", "i")
        await driver.sees("No trusted key signed them: K shows the keys on offer")
        await driver.press("y")
        await driver.sees("fftw@3.3.10 is signed by no trusted key: K shows the keys")
        assert session.started == []
        await driver.press("K")
        await driver.sees("First use of harbor", "not trusted")
        session.made_plan = ready_plan()
        await driver.press("t")
        await driver.sees("Trust a key")
        await driver.press("y")
        await driver.sees("Trusted for harbor")
        await driver.press("escape")
        await driver.sees("Blocked          0", "To fetch         2")


async def test_a_plan_with_nodes_to_build_says_so(session: FakeSession) -> None:
    session.made_plan = plan_of(
        (node(spec("a", "1"), Disposition.BUILD, reason="No mirror has it"),), "a"
    )
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("l", "j", "i")
        await driver.sees("To build         1   a@1")
        await driver.press("y")
        await driver.sees("a@1 is to be built from source: b agrees to that, w says more")


async def test_an_unsigned_mirror_is_called_that(session: FakeSession) -> None:
    source = Source("prbot", "0" * 64, 10, "", "")
    session.made_plan = plan_of((node(spec("a", "1"), Disposition.CACHED, source=source),), "a")
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("l", "j", "i")
        await driver.sees("nobody: 1 package from an unsigned mirror")


async def test_a_plan_that_cannot_be_made_is_explained(session: FakeSession) -> None:
    session.failures["plan"] = MirrorError("The mirror does not answer", "https://x", "Try later")
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("l", "j", "i")
        await driver.sees("The mirror does not answer.", "Try later.", "[ Close ]")
        await driver.press("q")
        await driver.sees("The plan could not be made")
        await driver.press("y")
        await driver.sees("The plan is still being worked out")


async def test_an_install_that_cannot_start_is_explained(session: FakeSession) -> None:
    session.failures["start_install"] = StoreError("The store cannot be written", "/home", "chmod")
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("l", "j", "i")
        await driver.sees("To fetch")
        await driver.press("y")
        await driver.sees("The store cannot be written.")
        await driver.press("escape", "y")
        await driver.sees("The store cannot be written.")


async def test_leaving_while_the_plan_is_made_cancels_it(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("needs 8 packages")
        session.gate.clear()
        await driver.press("l", "j", "i")
        await driver.sees("Working out what is needed")
        await driver.press("escape")
        await driver.misses("Working out")
        session.gate.set()
        await driver.press("h", "j")
        await driver.sees("hdf5-blosc: 1 build")


async def test_the_tree_folds_and_explains(session: FakeSession) -> None:
    session.made_plan = blocked_plan()
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("t")
        await driver.sees(
            "gromacs@2022.5 /gromacs",
            "● 1 cached  ◐ 1 blocked  ○ 1 to build",
            "├─ ◐ fftw@3.3.10   blocked: No key is trusted",
            "│  └─ ? ghost",
        )
        await driver.press("j", "h")
        await driver.sees("▸ 0 packages below")
        await driver.press("l")
        await driver.sees("? ghost")
        await driver.press("j", "w")
        await driver.sees("No mirror describes this package")
        await driver.press("h", "w")
        await driver.sees("Why? ")
        await driver.press("escape", "d")
        await driver.sees("Direct dependencies")
        await driver.press("escape", "g", "enter")
        await driver.misses("fftw")
        await driver.press("enter", "G", "enter")
        await driver.sees("There is nothing below it to fold")
        await driver.press("escape")
        await driver.sees("Packages")


async def test_the_preview_shows_the_tree_of_its_plan(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("l", "j", "i")
        await driver.sees("To fetch")
        await driver.press("t")
        await driver.sees("└─ ◇ glibc@2.36 ↑")
        await driver.press("escape")
        await driver.sees("[ Cancel ]")
