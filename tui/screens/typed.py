"""The question for which a key is not enough: something must be typed."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from tui.screens.dialogs import Answers, Text
from tui.text import Part
from tui.widgets.field import Field
from tui.widgets.lines import TextView
from tui.widgets.paper import Paper, one_line, set_title

MARGIN = 9
"""Lines of the screen that the text leaves free."""


class TypedDialog(ModalScreen[str]):
    """Gives what was typed if it is what was wanted, exactly; else nothing.

    Esc, and Enter while nothing is typed, give the safe answer.

    Args:
        title: what stands in the border.
        text: what is said.
        wanted: what must be typed.
        what: what that is, to follow "this is not".
        safe: word for the safe answer.
        confirm: word for the other one.
    """

    ALLOW_SELECT = False
    BINDINGS = [("escape", "decline", "Cancel")]  # noqa: RUF012

    def __init__(
        self, title: str, text: Text, *, wanted: str, what: str, safe: str, confirm: str
    ) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._wanted = wanted
        self._what = what
        self._safe = safe
        self._confirm = confirm

    def compose(self) -> ComposeResult:
        """The text, the field, the answers."""
        with Vertical(classes="box danger") as box:
            set_title(box, self._title)
            yield TextView(id="said")
            yield Paper(one_line(Part("")))
            with Horizontal(classes="row"):
                yield Paper(one_line(Part("Type it: ", "strong")), classes="label")
                yield Field(id="typed", placeholder=self._what)
            yield Paper(one_line(Part("")), id="outcome")
            yield Answers(self._safe, ("Enter", self._confirm))

    def on_mount(self) -> None:
        """Fill the box; keys go to the field."""
        self._fit()
        self.query_one(Answers).grey(True)
        self.query_one(Field).focus()

    def on_resize(self) -> None:
        """As high as the text, if the terminal is."""
        self._fit()

    def _fit(self) -> None:
        view = self.query_one(TextView)
        lines = len(self._text(min(self.size.width, 80) - 7))
        view.styles.height = max(min(lines, self.size.height - MARGIN), 1)
        view.read(self._text)

    def on_input_changed(self, event: Input.Changed) -> None:
        """The other answer is there as soon as the right thing is typed."""
        self.query_one(Answers).grey(event.value != self._wanted)
        self._tell("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: the safe answer if nothing is typed, the other one if the right thing is."""
        if not event.value:
            self.action_decline()
        elif event.value == self._wanted:
            self.dismiss(event.value)
        else:
            self._tell(f"This is not {self._what}. Esc: {self._safe.lower()}")

    def _tell(self, words: str) -> None:
        self.query_one("#outcome", Paper).write(one_line(Part(words, "bad")))

    def on_answers_given(self, event: Answers.Given) -> None:
        """An answer was clicked; the dangerous one counts only after typing."""
        if not event.confirms:
            self.action_decline()
        elif self.query_one(Field).value == self._wanted:
            self.dismiss(self._wanted)

    def action_decline(self) -> None:
        """The safe answer."""
        self.dismiss("")
