"""One operation of the history in full."""

from textual.app import ComposeResult

from core.model.history import Operation
from tui.screens.base import CommandScreen
from tui.state.history import in_full, what
from tui.text import Line, Part, fitted, wrapped
from tui.widgets.bindings import bindings_of
from tui.widgets.lines import TextView

HEADING = 12
"""Cells for the headings."""


class OperationScreen(CommandScreen):
    """What was done, by whom, and on whose word, to scroll."""

    BINDINGS = bindings_of("operation")
    table_name = "operation"

    def __init__(self, operation: Operation) -> None:
        super().__init__()
        self._operation = operation

    def compose(self) -> ComposeResult:
        """A text to scroll."""
        yield TextView(id="operation")
        yield self.make_footer()

    def on_mount(self) -> None:
        """Write the page."""
        self.query_one(TextView).read(lambda width: operation_lines(self._operation, width))


def operation_lines(operation: Operation, width: int) -> list[Line]:
    """The page about an operation."""
    title = f"Operation {operation.number}: {what(operation)}"
    lines: list[Line] = [(Part(f" {line}", "strong"),) for line in wrapped(title, width - 1)]
    lines.append(())
    for heading, words in in_full(operation):
        role = "warning" if words.startswith("NOT SIGNED") else "" if heading else "quiet"
        for at, line in enumerate(wrapped(words, width - HEADING - 3)):
            name = "" if at else heading
            lines.append((Part(f"  {fitted(name, HEADING)} ", "quiet"), Part(line, role)))
    return lines
