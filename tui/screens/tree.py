"""The dependency tree of a plan."""

from textual.app import ComposeResult

from core.model.environment import Environment
from core.model.ident import DagHash
from core.model.plan import Disposition, Plan
from tui import text
from tui.messages import facts, requests
from tui.messages.facts import Fact
from tui.screens.dependents import DependentsScreen
from tui.screens.details import DetailsScreen
from tui.screens.planning import WORKING, PlanScreen
from tui.screens.uninstall import UninstallScreen
from tui.screens.why import WhyScreen
from tui.state.tree import TreeRow, TreeState
from tui.text import MARKS, Line, Part
from tui.widgets.bindings import bindings_of
from tui.widgets.lines import LineList, spread
from tui.widgets.paper import Paper, one_line
from tui.widgets.tree import TreeView

NEED_NODE = ("why", "details", "uninstall", "dependents")
"""Commands that are about a node that some mirror describes."""


class TreeScreen(PlanScreen):
    """What is installed, cached and missing, in one tree."""

    BINDINGS = bindings_of("tree")
    table_name = "tree"

    def __init__(
        self,
        hashes: tuple[DagHash, ...],
        plan: Plan | None = None,
        environment: Environment | None = None,
        builder: str = "",
    ) -> None:
        super().__init__(hashes, plan, environment, builder)
        self._wanted: DagHash | None = None

    def compose(self) -> ComposeResult:
        """A headline and the tree."""
        yield Paper(one_line(Part(WORKING, "quiet")), id="headline")
        yield TreeView()
        yield self.make_footer()

    @property
    def _tree(self) -> TreeView:
        return self.query_one(TreeView)

    @property
    def _row(self) -> TreeRow | None:
        return self._tree.row

    def show_plan(self, plan: Plan) -> None:
        """Draw the tree."""
        folded = self._tree.state.folded if self._tree.state else set[DagHash]()
        self._tree.state = TreeState(plan, folded, self.badges, self.forecast)
        self.query_one("#headline", Paper).write(lambda width: [_headline(plan, width)])
        self._tree.update()
        self._tree.focus()

    def show_message(self, message: str) -> None:
        """Say something in place of the plan."""
        self.query_one("#headline", Paper).write(one_line(Part(message, "bad")))

    def learn(self, fact: Fact) -> None:
        """Besides the plan: details that were asked for."""
        super().learn(fact)
        match fact:
            case facts.DetailsRead(details) if details.build.hash == self._wanted:
                self._wanted = None
                self.app.push_screen(DetailsScreen(details))
            case facts.RequestFailed(requests.ReadDetails(hash_), error) if hash_ == self._wanted:
                self._wanted = None
                self.say(error.title)
            case _:
                pass

    def why_not(self, command: str) -> str:
        """Most commands need a node."""
        if command in (*NEED_NODE, "toggle", "fold", "unfold"):
            if self._row is None:
                return "There is nothing under the cursor"
            if command in NEED_NODE and self._row.node is None:
                return "No mirror describes this package"
            if command == "toggle" and not self._row.has_children:
                return "There is nothing below it to fold"
            if command == "uninstall" and not _is_installed(self._row):
                return "It is not installed"
        return ""

    def do_toggle(self) -> None:
        """Fold or unfold the branch."""
        assert self._row is not None
        self._tree.toggle(self._row)

    def do_fold(self) -> None:
        """Fold the branch, or go to its parent."""
        row = self._row
        assert row is not None
        if row.has_children and not row.is_folded:
            self.do_toggle()
            return
        parent = self._tree.parent_of(row)
        if parent is not None:
            self._tree.move(parent)

    def do_unfold(self) -> None:
        """Unfold the branch."""
        if self._row is not None and self._row.is_folded:
            self.do_toggle()

    def do_why(self) -> None:
        """Say why the node is in its state."""
        if self._row and self._row.node:
            self.app.push_screen(WhyScreen(f"/{self._row.hash}", self.plan))

    def do_details(self) -> None:
        """Show everything about the node."""
        assert self._row is not None
        self._wanted = self._row.hash
        self.ask(requests.ReadDetails(self._row.hash))

    def do_dependents(self) -> None:
        """Show what needs the node."""
        if self._row and self._row.node:
            label = f"{self._row.node.spec.label}/{self._row.hash[:7]}"
            self.app.push_screen(DependentsScreen(self._row.hash, label))

    def do_uninstall(self) -> None:
        """Show what removing the node would do."""
        assert self._row is not None
        self.app.push_screen(UninstallScreen((self._row.hash,)))

    def on_line_list_opened(self, _: LineList.Opened) -> None:
        """Two clicks fold."""
        self.action_do("toggle")


def _is_installed(row: TreeRow) -> bool:
    return row.node is not None and row.node.disposition is Disposition.INSTALLED


def _headline(plan: Plan, width: int) -> Line:
    labels = [plan.node(hash_).spec.label for hash_ in plan.roots]
    title = text.listed(labels, 2)
    if len(plan.roots) == 1:
        title += f" /{plan.roots[0][:7]}"
    counts: list[Part] = []
    for kind, mark in MARKS.items():
        number = len(plan.having(kind))
        if number:
            counts.append(Part(f"{mark.sign} {number} {mark.word}  ", kind.value))
    return spread((Part(f" {title}", "strong"),), tuple(counts), width)
