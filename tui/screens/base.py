"""What all full screens have: commands from the table, requests, facts, a footer."""

from collections.abc import Callable
from typing import ClassVar

from textual.screen import Screen

from tui.messages import Asked
from tui.messages.facts import Fact
from tui.messages.requests import Request
from tui.state.badges import NO_BADGES, Badges
from tui.widgets.footer import Footer
from tui.widgets.lines import LineList


class Patient(Screen[None]):
    """A screen that learns, and can wait with something until no dialog or help page covers it."""

    _later: Callable[[], object] | None = None

    def learn(self, fact: Fact) -> None:
        """Something is so since a moment ago; each screen heeds the facts that it shows."""

    @property
    def has_widgets(self) -> bool:
        """True from when it is shown until it, or the whole program, begins to go."""
        return self.is_mounted and self.is_attached and not self._pruning

    def when_on_top(self, action: Callable[[], object]) -> None:
        """Do something that closes or replaces the screen, at once or as soon as it is seen."""
        if self.is_active:
            action()
        else:
            self._later = action

    def on_screen_resume(self) -> None:
        """Nothing covers the screen any more."""
        action, self._later = self._later, None
        if action:
            # By the app: a screen that replaces itself would wait for its own end.
            self.app.call_next(action)


class CommandScreen(Patient):
    """A full screen. The commands that the table gives it are done by methods `do_<id>`."""

    ALLOW_SELECT = False
    table_name: ClassVar[str]
    """The name that the command table uses for the screen."""

    @property
    def badges(self) -> Badges:
        """The warnings that mirrors wear, as they were read last."""
        return getattr(self.app, "badges", NO_BADGES)

    def make_footer(self) -> Footer:
        """The last line of the screen, to be composed last."""
        return Footer(self.table_name, self.is_off)

    @property
    def footer(self) -> Footer:
        """The last line of the screen."""
        return self.query_one(Footer)

    def why_not(self, command: str) -> str:  # noqa: ARG002
        """Why a command does not apply now, as a sentence; empty if it does."""
        return ""

    def is_off(self, command: str) -> bool:
        """True if the last line greys a command."""
        return bool(self.why_not(command))

    def ask(self, request: Request) -> None:
        """Want something done."""
        self.post_message(Asked(request))

    def say(self, message: str) -> None:
        """Tell something in the last line, until the next key."""
        self.footer.say(message)

    def action_do(self, command: str) -> None:
        """Do a command, or say why it cannot be done now."""
        self.say("")
        reason = self.why_not(command)
        if reason:
            self.say(reason)
        else:
            getattr(self, f"do_{command}")()
            self.footer.update()

    def on_line_list_moved(self, event: LineList.Moved) -> None:
        """Other commands may apply to another row. Handlers of subclasses come on top."""
        if event.by_user:
            self.say("")
        self.footer.update()

    def do_back(self) -> None:
        """Go back one layer."""
        self.dismiss()

    def do_help(self) -> None:
        """Show the keys of this screen."""
        from tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.table_name))

    def do_palette(self) -> None:
        """Find a command by its name."""
        from tui.screens.palette import Palette

        self.app.push_screen(Palette(self.table_name, self.why_not), self._run_command)

    def _run_command(self, command: str | None) -> None:
        if command:
            self.action_do(command)

    def do_suspend(self) -> None:
        """Go to the shell."""
        self.app.action_suspend_process()

    def do_redraw(self) -> None:
        """Paint all of the screen."""
        self.call_later(self.app.run_action, "redraw")

    def do_next_pane(self) -> None:
        """Go to the next pane."""
        self.focus_next()

    def do_previous_pane(self) -> None:
        """Go to the previous pane."""
        self.focus_previous()
