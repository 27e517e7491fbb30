"""The line with the filter, and how much it leaves."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal

from tui.commands import key_of
from tui.state.browse import BrowseState
from tui.text import Line, Part, count, width_of
from tui.widgets.field import Field
from tui.widgets.lines import spread
from tui.widgets.paper import Paper, one_line


class FilterField(Field):
    """Esc leaves it, whichever key goes back elsewhere: letters are text here."""

    BINDINGS = [Binding("escape", "screen.do('back')", show=False)]  # noqa: RUF012


class FilterLine(Horizontal):
    """`/ hdf5      38 of 1,204  runs here`."""

    DEFAULT_CSS = """
    FilterLine { height: 1; }
    FilterLine #filter { width: 1fr; }
    FilterLine #found { width: 2fr; }
    """

    def compose(self) -> ComposeResult:
        """A field between two texts."""
        key = key_of("browse", "filter")
        slash = Paper(one_line(Part(f" {key}", "key")), id="slash")
        slash.styles.width = width_of(key) + 2
        yield slash
        yield FilterField(id="filter", placeholder="filter")
        yield Paper(id="found")

    @property
    def field(self) -> Field:
        """Where the filter is typed."""
        return self.query_one(Field)

    def update(self, state: BrowseState) -> None:
        """Show how much the filter leaves, or why it cannot be understood."""
        self.query_one("#found", Paper).write(lambda width: [_found(state, width)])


def _found(state: BrowseState, width: int) -> Line:
    if state.filter_error:
        words = (Part(state.filter_error + " ", "bad"),)
    elif state.all_packages is None:
        words = (Part("reading the packages ", "quiet"),)
    else:
        shown = f"{count(len(state.packages))} of {count(state.total)} packages"
        scope = "all targets" if state.all_targets else "runs here"
        if state.shows_recipes:
            scope += ", or to build"
        if state.arrangement.words:
            scope += f", {state.arrangement.words}"
        marked = f"{len(state.marked)} marked  " if state.marked else ""
        words = (Part(marked, "running"), Part(f"{shown}  "), Part(f"{scope} ", "strong"))
    return spread((), words, width)
