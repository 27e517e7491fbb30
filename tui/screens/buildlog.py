"""All that one build has written."""

from textual.app import ComposeResult
from textual.widgets import Input

from tui import text
from tui.commands import key_of
from tui.messages import builds, facts, requests
from tui.messages.facts import Fact
from tui.screens.base import CommandScreen
from tui.state.runnode import NodeState, Status
from tui.text import Line, Part
from tui.widgets.bindings import bindings_of
from tui.widgets.buildlog import STEP, LogPage
from tui.widgets.field import Field
from tui.widgets.lines import spread
from tui.widgets.paper import Paper


class BuildLogScreen(CommandScreen):
    """The output of a build, however long; it grows while the build goes on.

    Args:
        row: the build; its state is looked at whenever something happens.
    """

    BINDINGS = bindings_of("buildlog")
    table_name = "buildlog"

    def __init__(self, row: NodeState) -> None:
        super().__init__()
        self._row = row
        self._wanted = ""
        self._asked: builds.SearchLog | None = None

    def compose(self) -> ComposeResult:
        """What it is of, where it is, the lines, what to find."""
        yield Paper(self._title, id="summary")
        yield LogPage(self._row.log)
        yield Field(id="find", placeholder="find")
        yield self.make_footer()

    def on_mount(self) -> None:
        """Want the lines, and those to come."""
        self.query_one("#find").display = False
        self._page.focus()
        self.ask(builds.IndexLog(self._row.log))

    @property
    def _page(self) -> LogPage:
        return self.query_one(LogPage)

    def _title(self, width: int) -> list[Line]:
        row, page = self._row, self._page
        state = row.step or "build" if row.status is Status.RUNNING else row.status.value
        title = (Part(f" {row.label}", "strong"), Part(f"  {state}", row.status.value))
        follows = row.is_alive and page.is_at_end
        lines = text.counted(len(page.rows), "line") + (", following" if follows else "")
        shift = f"from column {page.shift + 1}, " if page.shift else ""
        path = (Part(f" {text.cropped(row.log, width - 2)}", "quiet"),)
        return [spread(title, (Part(f"{shift}{lines} ", "quiet"),), width), path]

    def _retitle(self) -> None:
        self.query_one("#summary", Paper).write(self._title)

    def learn(self, fact: Fact) -> None:
        """There are more lines, or what was looked for was found."""
        match fact:
            case builds.LogIndexed(path, starts, end, is_anew) if path == self._row.log:
                self._page.extend(starts, end, is_anew=is_anew)
            case builds.LogSearched(request, offset) if request == self._asked:
                self._show_found(offset)
            case facts.RunProgressed():
                pass
            case _:
                return
        self._retitle()
        self.footer.update()

    def on_log_page_scrolled(self) -> None:
        """The headline says whether the end is in view."""
        self._retitle()

    def _show_found(self, offset: int | None) -> None:
        self._asked = None
        page = self._page
        if offset is None:
            self.say(f"There is no {self._wanted!a} in it")
            return
        page.show_line(page.output.line_at(offset))

    def why_not(self, command: str) -> str:
        """Finding again needs something to find."""
        if command == "next" and not self._wanted:
            return f"Nothing was looked for yet: {key_of('buildlog', 'search')} does"
        return ""

    def do_search(self) -> None:
        """Ask what to find."""
        field = self.query_one("#find", Field)
        field.display = True
        field.value = ""
        field.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Look for it, from the line at the top on."""
        self._close_field()
        if event.value:
            self._wanted = event.value
            self._search(self._page.first)

    def do_next(self) -> None:
        """Find it again, behind where it was found."""
        page = self._page
        self._search(page.first if page.found is None else page.found + 1)

    def _search(self, line: int) -> None:
        log = self._page.output
        offset = log.starts[line] if line < len(log.starts) else 0
        self._asked = builds.SearchLog(log.path, self._wanted, offset, log.end)
        self.ask(self._asked)

    def _close_field(self) -> None:
        self.query_one("#find").display = False
        self._page.focus()

    def do_left(self) -> None:
        """Columns further left."""
        self._page.pan(-STEP)
        self._retitle()

    def do_right(self) -> None:
        """Columns further right."""
        self._page.pan(STEP)
        self._retitle()

    def do_back(self) -> None:
        """Close the field, or the screen."""
        if self.query_one("#find").display:
            self._close_field()
            return
        self.ask(requests.GiveUp(builds.IndexLog))
        self.dismiss()
