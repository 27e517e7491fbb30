"""Foreign text on every screen: nothing of it steers the terminal or ends the program."""

import unicodedata

import msgspec
import pytest
from rich.segment import Segment
from textual.color import Color

from core.errors import MirrorError
from core.events import LogWritten
from core.model.plan import Disposition, Source
from tests.tui.tui_drive import Driver, opened
from tests.tui.tui_fakes import FakeRun, FakeSession
from tests.tui.tui_values import (
    NOW,
    RUN_NODES,
    build,
    failed_events,
    finished_event,
    hash_of,
    key,
    mirror,
    node,
    plan_of,
    spec,
    started_event,
)
from tui.widgets.alphabet import Alphabet

EVIL = [
    "[/foo][bold red]x[/]%[virtuals=mpi]",
    "\x1b[2J\x1b[31m\x1b]0;owned\x07a\nb\rc\td\u202egnp.exe" + "e\u0301\u0336\u0337" * 20,
    "漢字" * 30,
    "x" * 3000,
    "",
]


def is_safe(driver: Driver) -> bool:
    text = driver.text().replace("\n", "")
    bad = {"Cc", "Cf", "Cs", "Mn", "Me"}
    return not bad & {unicodedata.category(character) for character in text}


@pytest.fixture(params=EVIL, ids=[ascii(evil)[:20] for evil in EVIL])
def evil_session(request: pytest.FixtureRequest, session: FakeSession) -> FakeSession:
    """A session in which every foreign text is a hostile one."""
    evil: str = request.param
    session.all_builds = [
        build(
            f"evil{number}",
            "1.0" + evil,
            os=evil,
            target=f"{evil}{number}",
            compiler=evil,
            variants=((evil or "v", evil), ("w" + evil, str(number))),
            disposition=Disposition.BLOCKED,
            reason=evil,
            hash=hash_of("evil" + "abc"[number]),
        )
        for number in range(2)
    ] + [build("evil0", "2", target=evil, hash=hash_of("second"))]
    session.all_mirrors = [mirror(url=evil, layout=evil, error=evil, trusted_keys=0)]
    session.all_keys = {"harbor": [key(user_id=evil, algorithm=evil, problem=evil)]}
    source = Source("harbor", "0" * 64, 1, "A" * 40, evil)
    session.made_plan = plan_of(
        (node(spec("evil", "1"), Disposition.CACHED, source=source, reason=evil),), "evil"
    )
    zlib = RUN_NODES[0]
    failed = [msgspec.structs.replace(failed_events(zlib, NOW)[1], title=evil, detail=evil)]
    log = LogWritten(time=NOW, node=zlib.hash, text=evil)
    session.run = FakeRun([started_event(), log, *failed, finished_event(NOW + 1)])
    session.run.die()
    return session


SCRIPT = ["l", "w", "escape", "d", "escape", "t", "w", "escape", "escape", "i", "w", "escape"]
SCRIPT += ["escape", "K", "t", "escape", "M", "x", "escape", "escape", "L", "w", "escape", "v"]


async def test_no_screen_lets_it_through(evil_session: FakeSession) -> None:
    async with opened(evil_session) as driver:
        await driver.sees("evil0", "of 2 packages")
        for pressed in SCRIPT:
            await driver.press(pressed)
            await driver.pilot.pause(0.02)
            assert is_safe(driver), pressed
            assert driver.app.is_running


async def test_markup_is_shown_as_it_came(session: FakeSession) -> None:
    session.all_builds = [build("a", "1.0", reason="%[virtuals=mpi] [/foo]")]
    async with opened(session) as driver:
        await driver.sees("%[virtuals=mpi] [/foo]")


async def test_errors_are_foreign_text_too(session: FakeSession) -> None:
    session.failures["host"] = MirrorError("[/foo]", "\x1b[2J", "%[virtuals=mpi]")
    async with opened(session) as driver:
        await driver.sees("[/foo].", "%[virtuals=mpi].", "[ Close ]")
        assert is_safe(driver)


async def test_what_is_typed_or_pasted_cannot_steer_the_terminal(session: FakeSession) -> None:
    from textual.events import Paste

    async with opened(session) as driver:
        await driver.sees("45 of 45")
        await driver.press("slash")
        driver.app.screen.focused.post_message(Paste("\x1b[31m" + "x" * 1_000_000))
        await driver.pilot.pause()
        await driver.until(lambda: is_safe(driver))
        assert len(driver.app.screen.focused.value) <= 400


def test_the_last_door_cleans_what_no_widget_cleaned() -> None:
    evil = [Segment("a\x1bb"), Segment("plain"), Segment("■│")]
    black = Color(0, 0, 0)
    shown = [part.text for part in Alphabet(ascii_only=False).apply(evil, black)]
    assert shown == ["a\N{REPLACEMENT CHARACTER}b", "plain", "■│"]
    shown = [part.text for part in Alphabet(ascii_only=True).apply(evil, black)]
    assert shown == ["a?b", "plain", "I|"]
