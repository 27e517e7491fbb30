"""What is chosen or switched in a form."""

from collections.abc import Sequence

from textual.events import Click

from tui.text import Line, Part
from tui.widgets.paper import Paper


class Choice(Paper, can_focus=True):
    """`< release >  what that is`: Space and the arrows go through the choices.

    Args:
        choices: names, and what each stands for.
    """

    BINDINGS = [("space,right", "turn(1)", "Next"), ("left", "turn(-1)", "Previous")]  # noqa: RUF012
    DEFAULT_CSS = "Choice { height: 1; }"

    def __init__(self, choices: Sequence[tuple[str, str]], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(self._line, id=id)
        self._choices = choices
        self.chosen = 0
        """Which it is, counted from 0."""

    def _line(self, _: int) -> list[Line]:
        name, words = self._choices[self.chosen]
        role = "default" if self.has_focus else "strong"
        return [(Part(f"< {name} >", role), Part(f"  {words}", "quiet"))]

    def action_turn(self, by: int) -> None:
        """Another choice."""
        self.chosen = (self.chosen + by) % len(self._choices)
        self.write(self._line)

    def on_click(self, _: Click) -> None:
        """The mouse goes through them, too."""
        self.action_turn(1)

    def on_focus(self) -> None:
        """Show that keys go here."""
        self.write(self._line)

    def on_blur(self) -> None:
        """Show that keys go elsewhere."""
        self.write(self._line)


class Switch(Paper, can_focus=True):
    """`[x] something`, switched by Space."""

    BINDINGS = [("space", "switch", "Switch")]  # noqa: RUF012
    DEFAULT_CSS = "Switch { height: 1; }"

    def __init__(self, label: str, *, is_on: bool, id: str | None = None) -> None:  # noqa: A002
        super().__init__(self._line, id=id)
        self._label = label
        self.is_on = is_on
        """Whether the box is ticked."""

    def _line(self, _: int) -> list[Line]:
        box = "[x]" if self.is_on else "[ ]"
        return [(Part(box, "default" if self.has_focus else "strong"), Part(f" {self._label}"))]

    def action_switch(self) -> None:
        """The other way round."""
        self.is_on = not self.is_on
        self.write(self._line)

    def on_click(self, _: Click) -> None:
        """The mouse switches, too."""
        self.action_switch()

    def on_focus(self) -> None:
        """Show that keys go here."""
        self.write(self._line)

    def on_blur(self) -> None:
        """Show that keys go elsewhere."""
        self.write(self._line)
