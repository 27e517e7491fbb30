"""All builds of one package, and in what they differ."""

from textual.app import ComposeResult

from core.model.ident import DagHash
from core.model.tables import VariantTable
from core.model.views import BuildView
from tui import text
from tui.messages import facts, judging, requests
from tui.messages.facts import Fact
from tui.screens.base import CommandScreen
from tui.screens.details import DetailsScreen
from tui.screens.why import WhyScreen
from tui.state.browse import why_not_installable
from tui.state.columns import GAP
from tui.state.variants import VariantsState
from tui.text import MARKS, Line, Part, fitted
from tui.widgets.bindings import bindings_of
from tui.widgets.lines import LineList
from tui.widgets.paper import Paper, one_line

COMPARING = " Comparing the builds"
LEFT = 12
"""Cells for the mark and the hash, which stay in view."""


class VariantList(LineList[BuildView]):
    """A line for each build, a column for each thing in which they differ."""

    def __init__(self) -> None:
        super().__init__(id="variants", empty=COMPARING)
        self.state: VariantsState | None = None
        """What is drawn, `None` before the builds were compared."""

    @property
    def has_header(self) -> bool:
        """Columns have titles, if there are rows."""
        return bool(self.rows)

    def turn(self, by: int) -> None:
        """Bring other columns into view."""
        if self.state:
            self.state.turn(by, self._room)
            self.repaint()

    @property
    def is_whole(self) -> bool:
        """True if all columns are in view."""
        return self.state is None or len(self.state.in_view(self._room)) == len(self.state.columns)

    @property
    def _room(self) -> int:
        # Beside a scrollbar, if there is one.
        return self.content_size.width - (len(self.rows) > self.page) - LEFT - 2

    def header(self, width: int) -> Line:
        """The titles, and whether there are more columns at either side."""
        if self.state is None:
            return ()
        columns = self.state.in_view(width - LEFT - 2)
        shown = (self.state.columns[at] for at in columns)
        titles = (" " * GAP).join(fitted(column.title, column.width) for column in shown)
        before = "<" if columns.start else " "
        after = " >" if columns.stop < len(self.state.columns) else ""
        return (
            Part(fitted("   hash", LEFT - 2)),
            Part(f"{before} ", "strong"),
            Part(titles, "quiet"),
            Part(after, "strong"),
        )

    def draw(self, row: BuildView, width: int) -> Line:
        """Mark, hash, values."""
        if self.state is None:
            return ()
        at = self.state.place(row)
        columns = (self.state.columns[one] for one in self.state.in_view(width - LEFT - 2))
        values = (fitted(column.values[at], column.width) for column in columns)
        return (
            Part(f" {MARKS[row.disposition].sign} ", row.disposition.value),
            Part(fitted(row.hash[:7], LEFT - 3), "quiet"),
            Part((" " * GAP).join(values)),
        )


class VariantsScreen(CommandScreen):
    """The builds for every machine, the one that fits this one best first.

    Args:
        name: the package.
    """

    BINDINGS = bindings_of("variants")
    table_name = "variants"

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._wanted: DagHash | None = None

    def compose(self) -> ComposeResult:
        """A headline, what is the same, the table."""
        yield Paper(one_line(Part(f" {self._name}", "strong")), id="headline")
        yield Paper(id="same")
        yield VariantList()
        yield self.make_footer()

    def on_mount(self) -> None:
        """Want the builds."""
        self._list.focus()
        self.ask(judging.CompareBuilds(self._name))

    @property
    def _list(self) -> VariantList:
        return self.query_one(VariantList)

    def learn(self, fact: Fact) -> None:
        """The builds came, or the details of one."""
        match fact:
            case judging.BuildsCompared(request, table) if request.name == self._name:
                self._show(table)
            case facts.RunProgressed(has_ended=True) | facts.Removed():
                self.ask(judging.CompareBuilds(self._name))
            case facts.RequestFailed(judging.CompareBuilds(), error):
                self._list.empty = f" {error.title}"
                self._list.repaint()
            case facts.DetailsRead(details) if details.build.hash == self._wanted:
                self._wanted = None
                self.app.push_screen(DetailsScreen(details))
            case facts.RequestFailed(requests.ReadDetails(hash_), error) if hash_ == self._wanted:
                self._wanted = None
                self.say(error.title)
            case _:
                pass

    def _show(self, table: VariantTable) -> None:
        state = VariantsState(table)
        title = f" {self._name}: {text.counted(len(table.builds), 'build')}"
        if state.columns:
            title += f", differing in {text.counted(len(state.columns), 'thing')}"
        self.query_one("#headline", Paper).write(one_line(Part(title, "strong")))
        self.query_one("#same", Paper).write(
            lambda width: [(Part(f" {line}", "quiet"),) for line in state.same_lines(width - 2)]
        )
        self._list.state = state
        self._list.empty = " No build of it is known"
        self._list.show(table.builds, key=lambda build: build.hash)
        self._list.repaint()
        self.footer.update()

    def why_not(self, command: str) -> str:
        """Some commands need a build, some more columns than fit."""
        if command in ("column_left", "column_right") and self._list.is_whole:
            return "All columns are in view"
        if command not in ("install", "why", "details"):
            return ""
        if self._list.row is None:
            return "There is no build under the cursor"
        return why_not_installable(self._list.row) if command == "install" else ""

    def do_column_left(self) -> None:
        """Columns further left."""
        self._list.turn(-1)

    def do_column_right(self) -> None:
        """Columns further right."""
        self._list.turn(1)

    def do_details(self) -> None:
        """Show everything about the build."""
        assert self._list.row is not None
        self._wanted = self._list.row.hash
        self.ask(requests.ReadDetails(self._list.row.hash))

    def do_install(self) -> None:
        """Show what an install of the build would do."""
        from tui.screens.preview import PreviewScreen  # which leads here, too

        assert self._list.row is not None
        self.app.push_screen(PreviewScreen((self._list.row.hash,)))

    def do_why(self) -> None:
        """Say why the build can be used, or why not."""
        assert self._list.row is not None
        self.app.push_screen(WhyScreen(f"/{self._list.row.hash}"))

    def on_line_list_opened(self, _: LineList.Opened) -> None:
        """Two clicks open."""
        self.action_do("details")

    def do_back(self) -> None:
        """Go back."""
        self.ask(requests.GiveUp(judging.CompareBuilds))
        self.dismiss()
