"""What was done to the store, newest first."""

from textual.app import ComposeResult

from core.model.history import History, Operation
from tui import text
from tui.messages import facts, requests
from tui.messages.facts import Fact
from tui.screens.base import CommandScreen
from tui.screens.operation import OperationScreen
from tui.screens.undo import UndoScreen
from tui.state.history import moment, result, what, why_not_undo
from tui.text import Line, Part, aligned_right, fitted
from tui.widgets.bindings import bindings_of
from tui.widgets.lines import LineList, spread
from tui.widgets.paper import Paper, one_line

TITLE = " History of the store, newest first"
NONE_YET = " Nothing was done to this store by spackbin yet"
WHEN = len("2026-03-01 10:42")
WHO = 9
"""Cells for the name of a user."""


class OperationList(LineList[Operation]):
    """A line for each operation."""

    def __init__(self) -> None:
        super().__init__(empty=" Reading the history")
        self.past = History()
        """What the operations are taken from."""

    @property
    def has_header(self) -> bool:
        """Columns have titles, if there are rows."""
        return bool(self.rows)

    def header(self, width: int) -> Line:
        """The titles of the columns."""
        left = f"{aligned_right('number', 7)}  {fitted('when', WHEN)}  {fitted('who', WHO)} what"
        return spread((Part(left, "quiet"),), (Part("result ", "quiet"),), width)

    def draw(self, row: Operation, width: int) -> Line:
        """Number, when, who, what; result."""
        left = (
            Part(aligned_right(str(row.number), 7) + "  ", "strong"),
            Part(fitted(moment(row.ended)[:WHEN], WHEN) + "  ", "quiet"),
            Part(fitted(row.user, WHO) + " "),
            Part(what(row)),
        )
        role = "bad" if row.exit_status else "quiet"
        return spread(left, (Part(f"{result(row, self.past)} ", role),), width)


class HistoryScreen(CommandScreen):
    """All operations; each can be shown in full, and taken back."""

    BINDINGS = bindings_of("history")
    table_name = "history"

    def compose(self) -> ComposeResult:
        """A headline and a list."""
        yield Paper(one_line(Part(TITLE, "strong")), id="headline")
        yield OperationList()
        yield self.make_footer()

    def on_mount(self) -> None:
        """Read the history."""
        self.ask(requests.ReadHistory())
        self._list.focus()

    @property
    def _list(self) -> OperationList:
        return self.query_one(OperationList)

    def learn(self, fact: Fact) -> None:
        """The history, and what adds to it."""
        match fact:
            case facts.HistoryRead(history):
                self._show(history)
            case facts.Removed() | facts.RunProgressed(has_ended=True):
                self.ask(requests.ReadHistory())
            case facts.RequestFailed(requests.ReadHistory(), error):
                self._list.empty = " The history cannot be read"
                self._list.repaint()
                self.say(error.title)
            case _:
                pass

    def _show(self, history: History) -> None:
        self._list.past, self._list.empty = history, NONE_YET
        operations = history.operations[::-1]
        self._list.show(operations, key=lambda operation: operation.number)
        damaged = text.counted(history.damaged, "line")
        warning = f"{damaged} of it cannot be read " if history.damaged else ""
        title = Part(TITLE, "strong")
        headline = self.query_one("#headline", Paper)
        headline.write(lambda width: [spread((title,), (Part(warning, "warning"),), width)])
        self._list.repaint()
        self.footer.update()

    def why_not(self, command: str) -> str:
        """What can be taken back, and once."""
        if command not in ("open", "undo"):
            return ""
        operation = self._list.row
        if operation is None:
            return "Nothing was done to this store yet"
        return why_not_undo(operation, self._list.past) if command == "undo" else ""

    def do_open(self) -> None:
        """Show the operation in full."""
        assert self._list.row is not None
        self.app.push_screen(OperationScreen(self._list.row))

    def do_undo(self) -> None:
        """Show what taking the operation back would do."""
        assert self._list.row is not None
        self.app.push_screen(UndoScreen(self._list.row.number))

    def on_line_list_opened(self, _: LineList.Opened) -> None:
        """Two clicks open."""
        self.action_do("open")
