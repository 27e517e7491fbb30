"""Builds on the screen of a run, and all that one has written."""

from pathlib import Path

import pytest

from core.events import BuildStepped
from tests.tui.test_tui_run_screen import recent
from tests.tui.tui_builds import (
    GHOST,
    WRECK,
    build_failed,
    built,
    half_built,
    mixed_start,
    waiting_at_slurm,
)
from tests.tui.tui_drive import Driver, opened
from tests.tui.tui_fakes import FakeRun, FakeSession
from tests.tui.tui_values import NOW, finished_event, skipped_event

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x1b[31mred\x1b[0m [bold]plain[/bold] \x9b1mend\u202egnp"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "ghost.log"


async def to_the_build(driver: Driver) -> None:
    await driver.sees("installing")
    await driver.press("L", "j")
    await driver.sees("output of ghost@0.0.7")


async def test_a_build_says_its_phase_its_time_and_its_place(
    session: FakeSession, log: Path
) -> None:
    log.write_text("==> Installing ghost\n")
    session.run = FakeRun(recent(*half_built(log)))
    async with opened(session) as driver:
        await driver.sees("installing 1 of 3")
        await driver.press("L")
        await driver.sees(
            "─ build ─", "● ghost@0.0.7", "build  install   0:0", "on node7, local job"
        )
        await driver.sees("wreck@1.1", "build  waits     for ghost")
        row = next(line for line in driver.text().split("\n") if "ghost@0.0.7" in line)
        await driver.until(lambda: row not in driver.text())  # the time goes on
        session.run.append(
            *recent(BuildStepped(time=NOW + 6, node=GHOST.hash, step="post-install"))
        )
        await driver.sees("post-inst…")
        session.run.append(*recent(*built(GHOST, NOW + 6)))
        await driver.sees("2 of 3 installed", "done      1:12")


async def test_a_build_that_waits_says_for_what(session: FakeSession, log: Path) -> None:
    session.run = FakeRun(recent(mixed_start(), *waiting_at_slurm(GHOST, log)))
    async with opened(session) as driver:
        await to_the_build(driver)
        await driver.sees("queued    slurm job 4711: Resources", "There is no output yet")
        await driver.press("w")
        await driver.sees("ghost@0.0.7: waits", "slurm: Resources.")


async def test_the_pane_follows_what_the_build_writes(session: FakeSession, log: Path) -> None:
    log.write_text("".join(f"line {number}\n" for number in range(100)))
    session.run = FakeRun(recent(*half_built(log)))
    async with opened(session) as driver:
        await to_the_build(driver)
        await driver.sees("line 99")
        with log.open("a") as stream:
            stream.write("and more\n")
        await driver.sees("and more")
        await driver.press("v")
        await driver.sees("line 85", "and more")
        await driver.press("escape", "k")
        await driver.sees("─ log ─", "zlib@1.3.1: signature good")


async def test_hostile_output_does_nothing(session: FakeSession, log: Path) -> None:
    log.write_text(f"{HOSTILE}\n")
    session.run = FakeRun(recent(*half_built(log)))
    async with opened(session) as driver:
        await to_the_build(driver)
        await driver.sees("red [bold]plain[/bold] \ufffd1mend\ufffdgnp")
        await driver.press("enter")
        await driver.sees("1 line, following", "red [bold]plain[/bold] \ufffd1mend\ufffdgnp")
        assert "owned" not in driver.text()
        assert "\x1b" not in driver.text()


async def test_ascii_mode(session: FakeSession, log: Path) -> None:
    log.write_text("naïve — ✓ ○\n")
    session.run = FakeRun(recent(*half_built(log)))
    async with opened(session, ascii_only=True) as driver:
        await driver.sees("installing")
        await driver.press("L", "j")
        await driver.sees("output of ghost@0.0.7", "B ghost@0.0.7", "naive - / S".replace("/", "*"))
        assert driver.text().isascii()


async def test_a_failed_build_shows_its_last_words_and_where_they_are(
    session: FakeSession, log: Path
) -> None:
    log.write_text("".join(f"line {number}\n" for number in range(50)) + "error: no such file\n")
    session.run = FakeRun(
        [
            *half_built(log),
            build_failed(GHOST, log, NOW + 20),
            skipped_event(WRECK, NOW + 20),
            finished_event(NOW + 21, 1, 1, 1),
        ]
    )
    session.run.die()
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("L", "j")
        await driver.sees("1 failed  1 not tried", "✗ ghost@0.0.7", "error: no such file")
        await driver.until(lambda: not driver.app.workers)
        await driver.press("w")
        await driver.sees(
            "ghost@0.0.7: failed",
            "Spack could not build ghost@0.0.7.",
            "The last that it wrote:",
            "line 49",
            "error: no such file",
            "All it wrote: ",
        )
        assert "line 42" not in driver.text().split("The last that it wrote:")[1]


async def test_only_builds_have_output(session: FakeSession, log: Path) -> None:
    session.run = FakeRun(recent(*half_built(log)))
    async with opened(session) as driver:
        await driver.sees("installing")
        await driver.press("L")
        await driver.sees("1 of 3 installed")
        await driver.press("enter")
        await driver.sees("It has no output of its own")


async def test_the_whole_output_is_one_key_away(session: FakeSession, log: Path) -> None:
    lines = [f"line {number} {'x' * 100}end" for number in range(20_000)]
    lines[12_345] = "checking for something... Error: it is not there"
    log.write_text("\n".join(lines) + "\n")
    session.run = FakeRun(recent(*half_built(log)))
    async with opened(session) as driver:
        await to_the_build(driver)
        await driver.press("enter")
        await driver.sees("20,000 lines, following", "line 19999", str(log)[:60])
        await driver.press("g")
        await driver.sees("line 0 ", "20,000 lines")
        await driver.misses("following")
        with log.open("a") as stream:
            stream.write("one more\n")
        await driver.sees("20,001 lines")
        assert "one more" not in driver.text()
        await driver.press("l", "l")
        await driver.sees("from column 81", "xend")
        await driver.press("h", "h", "n")
        await driver.sees("Nothing was looked for yet")
        await driver.press("slash")
        await driver.type("error:")
        await driver.press("enter")
        await driver.sees("checking for something... Error: it is not there")
        await driver.press("n")
        await driver.pilot.pause(0.1)
        await driver.sees("checking for something")  # there is no other one
        await driver.press("slash")
        await driver.type("nowhere")
        await driver.press("enter")
        await driver.sees("There is no 'nowhere' in it")
        await driver.press("G")
        await driver.sees("one more", "following")
        with log.open("a") as stream:
            stream.write("the last\n")
        await driver.sees("the last")
        await driver.press("slash", "escape", "escape")
        await driver.sees("output of ghost@0.0.7")


async def test_an_output_that_begins_anew_is_read_anew(session: FakeSession, log: Path) -> None:
    log.write_text("old\n" * 500)
    session.run = FakeRun(recent(*half_built(log)))
    async with opened(session) as driver:
        await to_the_build(driver)
        await driver.press("enter")
        await driver.sees("500 lines")
        log.write_text("new\n" * 3)
        await driver.sees("3 lines")
        assert "old" not in driver.text()


async def test_what_does_not_change_is_not_sent(session: FakeSession, log: Path) -> None:
    log.write_text("a line\n")
    session.run = FakeRun([*half_built(log), finished_event(NOW + 9)])
    session.run.die()
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("L", "j")
        await driver.sees("output of ghost@0.0.7", "a line")
        painted: list[object] = []
        driver.app._display = lambda *args: painted.append(args)  # type: ignore[method-assign]
        await driver.until(lambda: not driver.app.workers)
        # What was asked for before may be laid out a moment later.
        await driver.pilot.pause(0.5)
        painted.clear()
        await driver.pilot.pause(2.5)
        assert painted == []
