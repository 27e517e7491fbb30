"""The dialog that says which kinds of packages are listed, and how many there are of each."""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from core.model.plan import Disposition
from tui.commands import DIALOGS, key_of
from tui.screens.dialogs import Answers
from tui.state.arrangement import Arrangement, Signing, counts_by_kind
from tui.state.browse import BrowseState
from tui.text import MARKS, Line, Part, counted
from tui.widgets.bindings import bindings_of
from tui.widgets.lines import LineList, spread
from tui.widgets.paper import set_title

Kind = Disposition | Signing
"""What can be ticked."""
SIGNS: dict[Kind, tuple[str, str, str]] = {
    **{kind: (mark.sign, mark.word, kind.value) for kind, mark in MARKS.items()},
    Signing.SIGNED: ("✓", "from a signed mirror", "good"),
    Signing.UNSIGNED: ("⚠", "from an unsigned mirror", "warning"),
}
"""Mark, words and role of each."""


class KindList(LineList[tuple[Kind, int]]):
    """A box to tick for each kind, and how many packages are of it."""

    def __init__(self, arrangement: Arrangement) -> None:
        super().__init__(id="kinds")
        self._arrangement = arrangement

    def draw(self, row: tuple[Kind, int], width: int) -> Line:
        """Box, mark, word, number."""
        kind, number = row
        box = "[x]" if self._arrangement.has(kind) else "[ ]"
        sign, words, role = SIGNS[kind]
        left = (Part(f"{box} "), Part(f"{sign} {words}", role if number else "off"))
        return spread(left, (Part(f"{counted(number, 'package')} ", "quiet"),), width)


class KindsDialog(ModalScreen[None]):
    """Space ticks a kind; only those are listed, or all if none is ticked. The same holds for
    signed and unsigned packages.

    Args:
        state: what the numbers are of: the packages that the filter leaves.
        changed: called when other kinds are listed.
    """

    ALLOW_SELECT = False
    BINDINGS = [*bindings_of(DIALOGS), ("space", "tick", "Tick")]  # noqa: RUF012

    def __init__(self, state: BrowseState, changed: Callable[[], object]) -> None:
        super().__init__()
        self._state = state
        self._changed = changed

    def compose(self) -> ComposeResult:
        """The kinds."""
        with Vertical(classes="box") as box:
            set_title(box, "List only")
            yield KindList(self._state.arrangement)
            yield Answers(f"{key_of(DIALOGS, 'decline')} Close", ("Space", "Tick"))

    def on_mount(self) -> None:
        """All kinds, also those that there is nothing of."""
        self._list.show(tuple(counts_by_kind(self._state.matching).items()))
        self._list.focus()

    @property
    def _list(self) -> KindList:
        return self.query_one(KindList)

    def action_tick(self) -> None:
        """Tick the kind under the cursor, or not."""
        assert self._list.row is not None
        self._state.arrangement.toggle(self._list.row[0])
        self._list.repaint()
        self._changed()

    def action_do(self, command: str) -> None:
        """The one command of dialogs."""
        if command == "decline":
            self.dismiss()

    def on_line_list_opened(self) -> None:
        """Two clicks tick."""
        self.action_tick()

    def on_answers_given(self, event: Answers.Given) -> None:
        """An answer was clicked."""
        if event.confirms:
            self.action_tick()
        else:
            self.dismiss()
