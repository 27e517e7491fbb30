"""Why something can be used here, or why not."""

from msgspec.structs import force_setattr, replace

from core.model.explanation import Explanation, Statement, StatementKind
from tests.tui.tui_drive import Driver, opened
from tests.tui.tui_fakes import FakeSession
from tests.tui.tui_judging import LONG_SPEC, NEAREST, refused
from tests.tui.tui_values import blocked_plan, hash_of, key
from tui.messages import Learned, facts
from tui.screens.keys import KeysScreen
from tui.screens.preview import PreviewScreen


async def asked_why(driver: Driver) -> None:
    await driver.sees("hdf5: 5 builds")
    await driver.press("w")
    await driver.sees("What to do")


async def test_the_whole_chain_is_told_with_the_nearest_build(session: FakeSession) -> None:
    session.judge.answer = refused()
    async with opened(session) as driver:
        await asked_why(driver)
        lines = driver.text().split("\n")
        assert lines[0].startswith(" Why? openblas@0.3.28 /openbla for x86_64_v3 on debian12")
        assert lines[0].endswith("◐ blocked ")
        assert lines[1].startswith("  ✗ It needs glibc 2.38, and this machine has 2.36.")
        assert lines[2].startswith("  ✗ No key is trusted for mirror harbor yet.")
        assert lines[3].startswith("  ⚠ The index of mirror site was never read.")
        assert "The nearest build is" not in driver.text()
        await driver.sees(
            "The nearest build that can be used here",
            "● openblas@0.3.27 /openbla for x86_64_v3 on debian12, gcc@12.2.0, cached",
            "version           @0.3.28 against @0.3.27",
            "dependency        zlib@1.3.1 against zlib@1.2",
            "✓ gpu: it runs.",
            "✗ old: glibc is too old.",
        )
        assert session.judge.asked == [(f"/{hash_of('hdf51.14.6')}", None)]


async def test_marks_are_ascii_where_they_must_be(session: FakeSession) -> None:
    session.judge.answer = refused()
    async with opened(session, ascii_only=True) as driver:
        await asked_why(driver)
        assert driver.text().isascii()
        assert driver.line(1).startswith("  X It needs glibc")
        assert driver.line(3).startswith("  ! The index")


async def test_enter_leads_to_the_install_of_the_nearest_build(session: FakeSession) -> None:
    session.judge.answer = refused()
    async with opened(session) as driver:
        await asked_why(driver)
        await driver.sees(
            "Install openblas@0.3.27 instead                                Enter: install"
        )
        await driver.press("j")
        await driver.sees(f"  spackbin install /{NEAREST.hash}")
        await driver.press("enter")
        await driver.sees("[ Cancel ]   y  Install")
        assert isinstance(driver.app.screen, PreviewScreen)
        assert driver.app.screen.hashes == (NEAREST.hash,)
        await driver.press("escape")
        await driver.sees("What to do")


async def test_enter_on_a_matter_of_trust_leads_to_the_keys(session: FakeSession) -> None:
    session.judge.answer = refused()
    async with opened(session) as driver:
        await asked_why(driver)
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, KeysScreen))


async def test_a_command_is_copied_and_shown_in_full(session: FakeSession) -> None:
    session.judge.answer = refused()
    async with opened(session) as driver:
        await asked_why(driver)
        await driver.press("j", "j", "enter")
        await driver.sees("The command", "threads=openmp'", "It is in the clipboard, if")
        assert driver.app.clipboard == LONG_SPEC
        await driver.press("escape", "k", "c")
        await driver.sees("The command")
        assert driver.app.clipboard == f"spackbin install /{NEAREST.hash}"
        await driver.press("escape", "G", "enter")
        await driver.sees("Nothing here can do that: it is advice")
        await driver.press("c")
        await driver.sees("It has no command")


async def test_what_is_copied_holds_no_control_character(session: FakeSession) -> None:
    answer = refused()
    force_setattr(answer.remedies[2], "command", "spack install 'a\x1b[2J\nrm x'")
    session.judge.answer = answer
    async with opened(session) as driver:
        await asked_why(driver)
        await driver.press("j", "j", "enter")
        await driver.sees("The command")
        assert driver.app.clipboard.isprintable()


async def test_a_slow_answer_says_so_and_esc_stops_it(session: FakeSession) -> None:
    session.judge.gate.clear()
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("w")
        await driver.sees("Looking for the reasons: mirrors may be asked. Esc stops it")
        await driver.press("enter")
        await driver.sees("It is being looked for")
        await driver.press("escape")
        await driver.sees("Packages")
        await driver.until(lambda: session.judge.was_cancelled)


async def test_a_question_that_makes_no_sense_is_explained(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("slash")
        await driver.type("gromax %%")
        await driver.sees("%% is no compiler")
        await driver.press("enter", "w")
        await driver.sees("Why gromax %%?", "The query cannot be understood.", "See Spack's")
        await driver.press("enter")
        await driver.sees("There is nothing to do about it")


async def test_what_no_mirror_has_can_be_asked_for_by_the_filter(session: FakeSession) -> None:
    statement = Statement(StatementKind.NOT_INDEXED, "No mirror has a package called gromax")
    session.judge.answer = Explanation("", None, (statement,))
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("slash")
        await driver.type("gromax")
        await driver.press("enter")
        await driver.sees("0 of 45 packages")
        await driver.press("w")
        await driver.sees("Why not gromax?", "no such build", "✗ No mirror has a package called")
        await driver.press("enter")
        await driver.sees("There is nothing to do about it")


async def test_tree_and_preview_ask_about_the_row_with_their_plan(session: FakeSession) -> None:
    session.made_plan = blocked_plan()
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("t")
        await driver.sees("fftw@3.3.10")
        await driver.press("j", "w")
        await driver.sees("Why? hdf5")
        await driver.press("escape", "escape")
        await driver.sees("Packages")
        await driver.press("j")
        await driver.sees("hdf5-blosc: 1 build")
        await driver.press("i")
        await driver.sees("[ Cancel ]", "openblas@0.3.28")
        await driver.press("w")
        await driver.sees("Why? hdf5")
        plan = session.made_plan
        assert session.judge.asked == [
            (f"/{hash_of('fftw')}", plan),
            (f"/{hash_of('openblas')}", plan),
        ]


async def test_after_a_key_was_trusted_the_question_is_asked_anew(session: FakeSession) -> None:
    session.judge.answer = refused()
    async with opened(session) as driver:
        await asked_why(driver)
        session.judge.answer = None
        driver.app.post_message(Learned(facts.KeyTrusted(key(trusted=True))))
        await driver.sees("✓ Mirror harbor has it, signed by Harbor Release", "Install it")
        await driver.misses("nearest")


async def test_hostile_names_reach_the_terminal_as_plain_text(session: FakeSession) -> None:
    bad = "evil\x1b]52;c;AAAA\x07\u202e[red]x[/red]"
    answer = refused()
    statement = Statement(StatementKind.HOST, f"It needs {bad}")
    session.judge.answer = replace(answer, build=None, statements=(statement,))
    async with opened(session) as driver:
        await asked_why(driver)
        shown = driver.text()
        assert "[red]x[/red]" in shown
        assert not {"\x1b", "\x07", "\u202e"} & set(shown)
