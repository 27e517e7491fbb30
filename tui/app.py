"""The full-screen program: wiring only."""

import asyncio
import contextlib
import os
import sys
from time import monotonic
from typing import TYPE_CHECKING

from textual import events, on
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.binding import Binding
from textual.filter import LineFilter
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widgets import Input

from core.errors import WrongUse
from tui.commands import choose_keys
from tui.jobs import Jobs
from tui.messages import Asked, JobEnded, Learned, facts, requests
from tui.screens import load_all
from tui.screens.base import CommandScreen, Patient
from tui.screens.browse import BrowseScreen
from tui.screens.dialogs import Dialog, error_dialog
from tui.state.badges import NO_BADGES, Badges
from tui.theme import THEME, terminal_problem, wants_ascii, wants_mouse
from tui.tidy import Tidy
from tui.widgets.alphabet import Alphabet
from tui.widgets.difference import Difference
from tui.widgets.driver import TerminalAnswered, TerminalDriver
from tui.widgets.footer import Footer
from tui.widgets.keymap import keymap, textual_keymap
from tui.widgets.pace import AnswerTime, Pace, slow_line
from tui.widgets.painter import Painter

if TYPE_CHECKING:
    # Loaded by the jobs that need it, when the first frame is out.
    from core.session import Run, Session
    from tui.state.run import RunState

GOES_ON = "The install goes on. Watch it with: spackbin attach"
PAUSED = "The install is paused. Go on with: spackbin resume"
ANSWER_PATIENCE = 1.0
"""Seconds after which an answer of the terminal is not expected any more."""
TYPING_PATIENCE = 0.2
"""Seconds that is waited at most for a field to take in what was typed before a command."""
LOAD_SECONDS = 0.5
"""From the start until those screens are loaded that no key has opened yet."""


class SpackbinApp(App[int]):
    """Hands requests to jobs and facts to screens.

    Args:
        session: the front door of the core.
        ascii_only: whether to show ASCII only; by default the locale decides.
    """

    TITLE = "spackbin"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [Binding("ctrl+c", "leave", "Leave", priority=True, show=False)]  # noqa: RUF012
    # It stays as it is: a theme that is set makes Textual read all styles a second time.
    theme = Reactive(THEME, init=False)

    def __init__(self, session: "Session", *, ascii_only: bool | None = None) -> None:
        super().__init__(ansi_color=True, driver_class=TerminalDriver)
        self.animation_level = "none"
        is_ascii = wants_ascii() if ascii_only is None else ascii_only
        self._alphabet = Alphabet(ascii_only=is_ascii)
        self._settings = session.settings
        self._pace = Pace(is_slow=bool(self._settings.slow))
        self._answer_time = AnswerTime()
        self._painter = Painter(self._pace, self._show, self.set_timer, self._is_busy)
        chosen, self._key_problems = keymap(self._settings.keys)
        choose_keys(chosen)
        self.set_keymap(textual_keymap(chosen))
        self._jobs = Jobs(self, session)
        self._tidy = Tidy()
        self._run: Run | None = None
        self._run_state: RunState | None = None
        self.badges = NO_BADGES
        """The warnings that mirrors wear, for all screens that name one."""

    def get_line_filters(self) -> list[LineFilter]:
        """Textual's filters, then the last door before the terminal."""
        return [*super().get_line_filters(), self._alphabet]

    def _display(self, screen: Screen[object], renderable: object | None) -> None:
        """Send what changed, and no more: Textual sends all that was laid out anew."""
        if isinstance(renderable, LayoutUpdate | ChopsUpdate) and not self._batch_count:
            self._painter.paint(renderable, self.console)
        else:
            super()._display(screen, renderable)  # pyright: ignore[reportArgumentType]

    def _show(self, difference: Difference) -> None:
        if self._screen_stack:
            super()._display(self.screen, difference)  # pyright: ignore[reportArgumentType]

    def _is_busy(self) -> bool:
        return isinstance(self._driver, TerminalDriver) and self._driver.is_busy

    def get_default_screen(self) -> BrowseScreen:
        """The first screen."""
        return BrowseScreen()

    def on_mount(self) -> None:
        """Say what is wrong, and ask how far away the terminal is."""
        self.app_resume_signal.subscribe(self, lambda _: self.action_redraw())
        if self._key_problems:
            self.push_screen(error_dialog(_wrong_keys(self._key_problems)))
        if self._settings.slow is None:
            self._ask_terminal()
        self.set_timer(LOAD_SECONDS, self._load_rest)

    def _load_rest(self) -> None:
        """Load in a thread what was left out to be there sooner."""
        self.run_worker(load_all, thread=True)

    def _ask_terminal(self) -> None:
        if isinstance(self._driver, TerminalDriver):
            self._answer_time.ask(monotonic())
            self._driver.ask()

    @on(TerminalAnswered)
    def _heed_answer(self, message: TerminalAnswered) -> None:
        """The terminal answered: is it at the end of a slow line?"""
        if self._answer_time.answer(message.time):
            self._ask_terminal()
        elif self._answer_time.is_slow and not self._pace.is_slow:
            self._pace.is_slow = True
            for footer in self.screen.query(Footer):
                footer.update()

    @property
    def line(self) -> str:
        """What there is to say of the line to the terminal; empty for nothing."""
        return slow_line(self._answer_time.seconds) if self._pace.is_slow else ""

    async def on_event(self, event: events.Event) -> None:
        """Keys are noted: somebody looks."""
        if isinstance(event, events.Key | events.Paste):
            self._pace.type(monotonic())
            self._tidy.later()
        if isinstance(event, events.Key) and await self._do_command(event):
            return
        await super().on_event(event)

    async def _do_command(self, key: events.Key) -> bool:
        """Do what a key is bound to before the next key is looked at; returns whether it is.

        Textual hands a key to the widget that has the focus, and does what it is bound to when it
        has come back from there. On a slow line keys come in bursts: the second letter of what was
        typed into a filter was a command then.
        """
        field = self.focused if isinstance(self.focused, Input) else None
        is_typed = field is not None and key.is_printable
        if key.is_forwarded or is_typed or isinstance(self.screen, Dialog):
            return False
        if field:
            await self._settle(field)
        name = key.key
        is_done = await self._check_bindings(name, priority=True) or await self._check_bindings(
            name
        )
        if field and is_done:
            await self._settle(field)
        return is_done

    async def _settle(self, field: Input) -> None:
        """Wait until what was typed is in a field, and has had its effect on the screen."""
        for node in field.ancestors_with_self:
            if node is not self:
                done = asyncio.Event()
                node.call_later(done.set)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(done.wait(), TYPING_PATIENCE)

    def on_resize(self) -> None:
        """Terminals move what they show when their size changes, even for a moment."""
        self._painter.forget()

    def action_redraw(self) -> None:
        """Somebody else wrote to the terminal meanwhile."""
        self._painter.forget()
        self.refresh()

    def on_unmount(self) -> None:
        """Let nothing wait for an answer that nobody will read."""
        self._jobs.stop()

    @on(Asked)
    def _ask(self, message: Asked) -> None:
        if isinstance(message.request, requests.Quit):
            self.action_leave()
        else:
            self._jobs.start(message.request)

    @on(JobEnded)
    def _end_job(self, message: JobEnded) -> None:
        self._jobs.ended(message.request)

    @on(Learned)
    def _learn(self, message: Learned) -> None:
        fact = message.fact
        self._heed(fact)
        self._tell(fact)

    def _tell(self, fact: facts.Fact) -> None:
        for screen in list(self.screen_stack):
            if isinstance(screen, Patient) and screen.has_widgets:
                screen.learn(fact)

    def _heed(self, fact: facts.Fact) -> None:
        match fact:
            case facts.MirrorsRead(mirrors):
                self.badges = Badges(mirrors)
            case facts.InstallStarted(run):
                self._follow(run)
                self.call_next(self._show_run)
            case facts.RunFound(request, run, is_alive) if run is not None:
                self._find(run, is_wanted=is_alive or request.shows)
                if request.shows:
                    self._show_run()
            case facts.EventsArrived(run, events) if run is self._run and self._run_state:
                self._progress(self._run_state, self._run_state.fold(events))
            case facts.EngineLost(run, last_words) if run is self._run and self._run_state:
                self._run_state.lose(last_words)
                self._progress(self._run_state, frozenset())
            case facts.MirrorsRefreshed() | facts.RefreshFailed():
                self._jobs.start(requests.ReadMirrors())
            case facts.RequestFailed(request, error) if not request.is_quiet:
                self.push_screen(error_dialog(error))
            case _:
                pass

    def _find(self, run: "Run", *, is_wanted: bool) -> None:
        is_known = self._run is not None and self._run.id == run.id
        if is_wanted and not is_known:
            self._follow(run)

    def _follow(self, run: "Run") -> None:
        from tui.state.run import RunState

        self._run, self._run_state = run, RunState()
        self._jobs.start(requests.FollowRun(run))

    def _progress(self, state: "RunState", nodes: frozenset[facts.DagHash]) -> None:
        from tui.state.runnode import Status

        installed = state.counts()[Status.DONE]
        self._tell(
            facts.RunProgressed(
                nodes,
                installed,
                len(state.nodes),
                has_ended=state.has_ended,
                is_paused=state.is_paused,
            )
        )

    def _show_run(self) -> None:
        from tui.screens.run import RunScreen

        now = self.screen.table_name if isinstance(self.screen, CommandScreen) else ""
        if self._run is None or self._run_state is None or now == RunScreen.table_name:
            return
        screen = RunScreen(self._run, self._run_state)
        if now == "preview":
            self.switch_screen(screen)
        else:
            self.push_screen(screen)

    async def action_quit(self) -> None:
        """Textual's own key for leaving."""
        self.action_leave()

    def action_leave(self) -> None:
        """Leave; an install in progress goes on, and the last words say so."""
        if self._answer_time.is_awaited(monotonic(), ANSWER_PATIENCE):
            # It would come as keys to whoever reads the terminal next.
            self.set_timer(ANSWER_PATIENCE / 20, self.action_leave)
            return
        run = self._run_state
        words = PAUSED if run and run.is_paused else GOES_ON
        self._jobs.stop()
        self.exit(0, message=words if run and not run.has_ended else None)


def run_app(session: "Session") -> int:
    """Run the full-screen program; returns the exit status.

    Raises:
        WrongUse: this terminal cannot show it.
    """
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    problem = terminal_problem(os.environ, is_terminal=is_terminal)
    if problem:
        raise WrongUse(problem)
    app = SpackbinApp(session)
    mouse = wants_mouse(os.environ, session.settings.mouse)
    return app.run(mouse=mouse) or app.return_code or 0


def _wrong_keys(problems: list[str]) -> WrongUse:
    return WrongUse(
        "Some keys cannot be as the config file wants them",
        ". ".join(problems),
        "These commands keep their own keys; correct [keys] in config.toml",
    )
