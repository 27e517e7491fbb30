"""How many builds there are for which operating system and target."""

from collections.abc import Callable

from textual.app import ComposeResult

from core.model.ident import MirrorName
from core.model.tables import Matrix, MatrixCell
from tui.messages import facts, judging, requests
from tui.messages.facts import Fact
from tui.screens.base import CommandScreen
from tui.state.matrix import OWN, PARTLY, RUNS, MatrixState, cell_words, coverage, query_of
from tui.text import Line, Part, wrapped
from tui.widgets.bindings import bindings_of
from tui.widgets.lines import LineList, spread
from tui.widgets.matrix import MatrixGrid
from tui.widgets.paper import Paper, one_line

COUNTING = " Counting the builds"
LEGEND: Line = (
    Part(f" {OWN}", "default"),
    Part(" this machine   ", "quiet"),
    Part(RUNS, "cached"),
    Part(" all run here   ", "quiet"),
    Part(PARTLY, "cached"),
    Part(" some do   ", "quiet"),
    Part("no mark: none does", "quiet"),
)


class MatrixScreen(CommandScreen):
    """Operating systems by targets, for one mirror or all.

    Args:
        mirrors: the mirrors to choose from.
        choose: takes the query for the builds of a cell.
    """

    BINDINGS = bindings_of("matrix")
    table_name = "matrix"

    def __init__(self, mirrors: tuple[MirrorName, ...], choose: Callable[[str], object]) -> None:
        super().__init__()
        self._mirrors: tuple[MirrorName | None, ...] = (None, *mirrors)
        self._choose = choose
        self._mirror: MirrorName | None = None

    def compose(self) -> ComposeResult:
        """A headline, how much runs here, the grid, the cell in words."""
        yield Paper(one_line(Part(COUNTING, "quiet")), id="headline")
        yield Paper(id="coverage")
        yield MatrixGrid()
        yield Paper(id="cell")
        yield Paper(one_line(*LEGEND))
        yield self.make_footer()

    def on_mount(self) -> None:
        """Want the numbers."""
        self._grid.focus()
        self._count()

    @property
    def _grid(self) -> MatrixGrid:
        return self.query_one(MatrixGrid)

    @property
    def _cell(self) -> MatrixCell | None:
        grid = self._grid
        return grid.state.cell(grid.row, grid.state.column) if grid.state and grid.row else None

    def _count(self) -> None:
        self.ask(judging.CountBuilds(self._mirror))

    def learn(self, fact: Fact) -> None:
        """The numbers came, or may be others now."""
        match fact:
            case judging.BuildsCounted(request, matrix) if request.mirror == self._mirror:
                self._show(matrix)
            case facts.RequestFailed(judging.CountBuilds(), error):
                self.query_one("#headline", Paper).write(one_line(Part(f" {error.title}", "bad")))
            case facts.MirrorsRefreshed():
                self._count()
            case _:
                pass

    def _show(self, matrix: Matrix) -> None:
        title = (Part(" Builds by operating system and target", "strong"),)
        which = (Part(f"mirror: {self._mirror or 'all'} "),)
        self.query_one("#headline", Paper).write(lambda width: [spread(title, which, width)])
        self.query_one("#coverage", Paper).write(
            lambda width: [(Part(f" {line}"),) for line in wrapped(coverage(matrix), width - 2)]
        )
        self._grid.update(MatrixState(matrix))
        self._show_cell()
        self.footer.update()

    def _show_cell(self) -> None:
        grid = self._grid
        words: Line = ()
        if grid.state and grid.row:
            target = grid.state.matrix.targets[grid.state.column]
            words = cell_words(grid.row, target, self._cell)
        self.query_one("#cell", Paper).write(one_line(*words))

    def on_line_list_moved(self, event: LineList.Moved) -> None:  # noqa: ARG002
        """The cell under the cursor in words."""
        # The row of a cell is drawn with brackets, and its target stands out in the header.
        self._grid.repaint()
        self._show_cell()

    def on_line_list_opened(self, _: LineList.Opened) -> None:
        """Two clicks list its packages."""
        self.action_do("choose")

    def why_not(self, command: str) -> str:
        """A list needs builds, another mirror needs to be there."""
        if command == "choose" and self._cell is None:
            return "There are no builds in this cell"
        if command == "next_mirror" and len(self._mirrors) <= 2:  # all, and the only one
            return "There is no other mirror"
        return ""

    def do_choose(self) -> None:
        """List the packages of the cell in the first screen."""
        assert self._cell is not None
        query = query_of(self._cell)
        self.dismiss()
        self._choose(query)

    def do_next_mirror(self) -> None:
        """Count the builds of another mirror, or of all."""
        at = self._mirrors.index(self._mirror)
        self._mirror = self._mirrors[(at + 1) % len(self._mirrors)]
        self._count()

    def do_target_left(self) -> None:
        """The target before."""
        self._grid.turn(-1)

    def do_target_right(self) -> None:
        """The next target."""
        self._grid.turn(1)

    def do_back(self) -> None:
        """Go back."""
        self.ask(requests.GiveUp(judging.CountBuilds))
        self.dismiss()
