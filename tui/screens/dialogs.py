"""Boxes over a screen: some keys give the safe answer, one gives the other."""

from collections.abc import Callable, Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen

from core.errors import SpackbinError
from tui.commands import DIALOGS, key_of
from tui.text import Line, Part, width_of, wrapped
from tui.widgets.bindings import bindings_of
from tui.widgets.lines import TextView
from tui.widgets.paper import Paper, set_title

Text = Callable[[int], Sequence[Line]]
"""Lines that depend on the width in cells."""
MARGIN = 6
"""Lines of the screen that the text of a dialog leaves free."""


class Dialog(ModalScreen[bool]):
    """A text, the safe answer, and perhaps another one.

    Args:
        title: what stands in the border.
        text: what is said.
        safe: word for the safe answer.
        confirm: word for the other answer, empty if there is none.
    """

    ALLOW_SELECT = False
    BINDINGS = bindings_of(DIALOGS)

    def __init__(self, title: str, text: Text, *, safe: str = "Close", confirm: str = "") -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._safe = safe
        self._confirm = confirm

    def compose(self) -> ComposeResult:
        """The box."""
        with Vertical(classes="box") as box:
            set_title(box, self._title)
            yield TextView(id="said")
            other = (key_of(DIALOGS, "agree"), self._confirm) if self._confirm else None
            yield Answers(self._safe, other)

    def on_mount(self) -> None:
        """Fill the box."""
        self._fit()

    def on_resize(self) -> None:
        """As high as the text, if the terminal is."""
        self._fit()

    def _fit(self) -> None:
        view = self.query_one(TextView)
        width = min(self.size.width, 80) - 6
        lines = len(self._text(width))
        view.styles.height = max(min(lines, self.size.height - MARGIN), 1)
        view.read(self._text)

    def action_do(self, command: str) -> None:
        """Give an answer, if there is such a one."""
        if command == "decline":
            self.dismiss(False)
        elif self._confirm:
            self.dismiss(True)

    def on_answers_given(self, event: "Answers.Given") -> None:
        """An answer was clicked."""
        self.dismiss(event.confirms)


class Answers(Paper):
    """`[ Cancel ]   y  Install`."""

    DEFAULT_CSS = "Answers { height: 1; margin-top: 1; }"

    class Given(Message):
        """An answer was clicked."""

        def __init__(self, confirms: bool) -> None:
            super().__init__()
            self.confirms = confirms
            """True for the answer that is not the safe one."""

    def __init__(self, safe: str, confirm: tuple[str, str] | None) -> None:
        self._safe = f"[ {safe} ]"
        self._key, self._word = (f"   {confirm[0]}", f"  {confirm[1]} ") if confirm else ("", "")
        self._is_off = False
        super().__init__(self._line)

    def grey(self, is_off: bool) -> None:
        """Grey the answer that is not the safe one, or bring it back."""
        self._is_off = is_off
        self.write(self._line)

    def reword(self, word: str) -> None:
        """Call the answer that is not the safe one something else."""
        self._word = f"  {word} "
        self.write(self._line)

    def _line(self, width: int) -> list[Line]:
        blank = width - width_of(self._safe + self._key + self._word)
        parts = (
            Part(" " * blank),
            Part(self._safe, "default"),
            Part(self._key, "off" if self._is_off else "key"),
            Part(self._word, "off" if self._is_off else ""),
        )
        return [parts]

    def on_click(self, event: events.Click) -> None:
        """The mouse answers, too."""
        start = self.content_size.width - width_of(self._key + self._word)
        if event.x >= start and self._key:
            self.post_message(self.Given(True))
        elif start - width_of(self._safe) <= event.x < start:
            self.post_message(self.Given(False))


def paragraphs(*texts: str, role: str = "") -> Text:
    """Texts, broken to the width, with an empty line between two; empty texts are left out."""

    def lines(width: int) -> list[Line]:
        found: list[Line] = []
        for text in filter(None, texts):
            found += [(), *((Part(line, role),) for line in wrapped(text, width))]
        return found[1:]

    return lines


def joined(*texts: Text) -> Text:
    """Texts one below the other, with an empty line between two; empty texts are left out."""

    def lines(width: int) -> list[Line]:
        found: list[Line] = []
        for text in texts:
            said = text(width)
            found += [(), *said] if said and found else said
        return found

    return lines


def error_dialog(error: SpackbinError) -> Dialog:
    """Title, detail and hint of an error."""
    return Dialog("This did not work", paragraphs(*error.sentences()))
