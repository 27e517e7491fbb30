"""Few frames on a slow line, all of them on a quick one; and what is taken for slow."""

from collections.abc import Callable

from rich.console import Console
from rich.segment import Segment
from textual._compositor import LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tests.tui.tui_drive import opened
from tests.tui.tui_fakes import FakeSession
from tui.widgets.difference import Difference
from tui.widgets.driver import TerminalAnswered
from tui.widgets.pace import BUSY_SECONDS, SAMPLES, AnswerTime, Pace
from tui.widgets.painter import Painter

CONSOLE = Console(width=10, height=2, color_system="standard", force_terminal=True)


def test_a_quick_line_gets_every_frame() -> None:
    pace = Pace()
    for now in (0.0, 0.01, 0.02):
        assert pace.wait(now, is_busy=False) == 0
        pace.sent(now)


def test_a_slow_line_gets_the_first_answer_at_once_and_then_few_frames() -> None:
    pace = Pace(is_slow=True)
    pace.type(10.0)
    assert pace.wait(10.0, is_busy=False) == 0
    pace.sent(10.0)
    pace.type(10.05)
    assert 0.1 < pace.wait(10.05, is_busy=False) < 0.2
    assert pace.wait(10.2, is_busy=False) == 0


def test_whoever_only_watches_a_slow_line_gets_one_frame_a_second() -> None:
    pace = Pace(is_slow=True)
    pace.sent(10.0)
    assert pace.wait(10.25, is_busy=False) == 0.75
    assert pace.wait(11.0, is_busy=False) == 0


def test_no_frame_is_sent_while_the_last_one_is_not_out() -> None:
    assert Pace().wait(1.0, is_busy=True) == BUSY_SECONDS


def answered_after(*seconds: float) -> AnswerTime:
    found, now = AnswerTime(), 0.0
    for wait in seconds:
        found.ask(now)
        now += wait
        found.answer(now)
    return found


def test_one_quick_answer_is_enough() -> None:
    found = AnswerTime()
    found.ask(0.0)
    assert not found.answer(0.02)
    assert not found.is_slow
    assert not answered_after(0.5, 0.3, 0.02).is_slow


def test_a_line_is_slow_if_all_answers_are() -> None:
    assert answered_after(*[0.2] * SAMPLES).is_slow
    assert not answered_after(0.2).is_slow


def test_an_answer_to_no_question_says_nothing() -> None:
    found = AnswerTime()
    assert not found.answer(5.0)
    assert found.seconds == 0


def test_an_answer_is_awaited_for_a_while_only() -> None:
    found = AnswerTime()
    assert not found.is_awaited(0.0, 1.0)
    found.ask(0.0)
    assert found.is_awaited(0.5, 1.0)
    assert not found.is_awaited(1.5, 1.0)


class Desk:
    """A painter, what it sent, and what it wants to do later."""

    def __init__(self, pace: Pace) -> None:
        self.sent: list[str] = []
        self.later: list[Callable[[], None]] = []
        self.is_busy = False
        self.now = 100.0
        self.painter = Painter(
            pace,
            lambda found: self.sent.append(Difference.render_segments(found, CONSOLE)),
            lambda _, job: self.later.append(job),
            lambda: self.is_busy,
            lambda: self.now,
        )

    def paint(self, text: str) -> None:
        strip = Strip([Segment(text.ljust(10))])
        self.painter.paint(LayoutUpdate([[strip]], Region(0, 0, 10, 1)), CONSOLE)


def test_frames_between_two_that_are_sent_are_left_out() -> None:
    desk = Desk(Pace(is_slow=True))
    for text in ("one", "two", "three"):
        desk.paint(text)
    assert len(desk.sent) == len(desk.later) == 1
    desk.now += 1
    desk.later[0]()
    assert desk.sent == ["\x1b[1;1Hone\x1b[4G\x1b[K", "\x1b[1;1Hthree"]


def test_a_stuck_terminal_gets_the_last_frame_when_it_goes_on() -> None:
    desk = Desk(Pace())
    desk.is_busy = True
    desk.paint("one")
    desk.paint("two")
    assert desk.sent == []
    desk.is_busy = False
    desk.later[0]()
    assert len(desk.sent) == len(desk.later) == 1
    assert "two" in desk.sent[0]


async def test_the_footer_and_the_help_page_name_a_slow_line(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        assert "slow line" not in driver.text()
        driver.app._answer_time = answered_after(*[0.25] * (SAMPLES - 1))
        driver.app._answer_time.ask(-1.0)
        driver.app.post_message(TerminalAnswered())
        await driver.press("question_mark", "G")
        await driver.sees("Slow line (the terminal answers after 250 ms)")
        await driver.press("escape")
        await driver.sees("slow line")
