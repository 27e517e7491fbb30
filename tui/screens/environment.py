"""A Spack environment as a shopping list: how each of its roots stands."""

from textual.app import ComposeResult

from core.model.environment import Environment
from core.model.plan import Disposition, Plan
from tui import text
from tui.commands import key_of
from tui.screens.dialogs import Dialog, Text, paragraphs
from tui.screens.keys import KeysScreen
from tui.screens.planning import PlanScreen
from tui.screens.preview import PreviewScreen
from tui.screens.tree import TreeScreen
from tui.state.environment import (
    RootStand,
    narrowed,
    number_of,
    part_of,
    ready_roots,
    stands_of,
)
from tui.text import MARKS, Line, Part, fitted
from tui.widgets.bindings import bindings_of
from tui.widgets.lines import LineList, spread
from tui.widgets.paper import Paper, set_title

WORKING = "working out what is needed"
MOST = 20
"""So many obstacles are named."""


class RootList(LineList[RootStand]):
    """A line for each root."""

    def draw(self, row: RootStand, width: int) -> Line:  # noqa: ARG002
        """Mark, what was asked for, state, what is to be done."""
        if row.disposition is None:
            return (Part("   "), Part(fitted(row.root.spec, 24) + " "), Part(WORKING, "quiet"))
        mark, role = MARKS[row.disposition], row.disposition.value
        return (
            Part(f" {mark.sign} ", role),
            Part(fitted(row.root.spec, 24) + " "),
            Part(fitted(mark.word, 11), role),
            Part(row.words, "quiet"),
        )


class EnvironmentScreen(PlanScreen):
    """The roots, and below them the one under the cursor in words.

    Args:
        path: where it is, as the user typed it.
        environment: what it holds.
    """

    BINDINGS = bindings_of("environment")
    table_name = "environment"

    def __init__(self, path: str, environment: Environment) -> None:
        super().__init__(environment.graph.roots, environment=environment)
        self._path = path
        self._environment = environment
        self._stands = stands_of(environment, None)
        self._has_failed = False

    def compose(self) -> ComposeResult:
        """Headline, roots, a pane."""
        yield Paper(lambda width: [self._title(width), self._counts(), ()], id="summary")
        yield RootList(empty=" It asks for nothing")
        yield Paper(id="root", classes="pane")
        yield self.make_footer()

    def on_mount(self) -> None:
        """List what is asked for; how it stands comes with the plan."""
        self._show()
        self._list.focus()

    @property
    def _list(self) -> RootList:
        return self.query_one(RootList)

    def _title(self, width: int) -> Line:
        number = text.counted(len(self._stands), "root")
        path = (Part(f" Environment {self._path}", "strong"),)
        return spread(path, (Part(f"{number} "),), width)

    def _counts(self) -> Line:
        if self._has_failed:
            return (Part("   The plan could not be made", "bad"),)
        if self.plan is None:
            return (Part(f"   {WORKING}: signatures of all packages are checked now", "quiet"),)
        parts: list[Part] = []
        for kinds in (
            (Disposition.INSTALLED,),
            (Disposition.CACHED,),
            (Disposition.BLOCKED, Disposition.OTHER_HOST),
            (Disposition.BUILD,),
        ):
            mark, number = MARKS[kinds[0]], number_of(self._stands, *kinds)
            role = kinds[0].value if number else "quiet"
            parts.append(Part(f"   {mark.sign} {number} {mark.word}", role))
        return tuple(parts)

    def show_plan(self, plan: Plan) -> None:
        """Say how the roots stand."""
        self._has_failed = False
        self._stands = stands_of(self._environment, plan)
        self._show()

    def show_message(self, message: str) -> None:  # noqa: ARG002
        """There is no plan; the roots stay listed."""
        self._has_failed = True
        self._show()

    def _show(self) -> None:
        self._list.show(self._stands, key=lambda stand: (stand.root.hash, stand.root.spec))
        summary = self.query_one("#summary", Paper)
        summary.write(lambda width: [self._title(width), self._counts(), ()])
        self._show_root()

    def on_line_list_moved(self, event: LineList.Moved) -> None:  # noqa: ARG002
        """Show the root under the cursor."""
        self._show_root()

    def _show_root(self) -> None:
        pane, stand = self.query_one("#root", Paper), self._list.row
        if stand:
            set_title(pane, stand.root.spec)
            pane.write(_pane(stand))

    def why_not(self, command: str) -> str:
        """Most commands need the plan."""
        if command == "keys":
            return "" if self.badges.signed else "There is no mirror"
        if command not in ("install", "tree", "why"):
            return ""
        if self.plan is None:
            return "The plan is still being worked out"
        if self._list.row is None:
            return "There is nothing under the cursor"
        if command == "install" and not ready_roots(self._stands):
            why = key_of("environment", "why")
            return f"No root can be installed as it is: {why} says why"
        return ""

    def do_install(self) -> None:
        """Show what an install of the roots would do that can be installed as they are."""
        ready = ready_roots(self._stands)
        environment = narrowed(self._environment, ready)
        self.app.push_screen(PreviewScreen(ready, environment=environment))

    def do_tree(self) -> None:
        """Show the tree of the root under the cursor."""
        assert self._list.row is not None
        assert self.plan is not None
        hash_ = self._list.row.root.hash
        environment = narrowed(self._environment, (hash_,))
        self.app.push_screen(TreeScreen((hash_,), part_of(self.plan, hash_), environment))

    def do_why(self) -> None:
        """Say why the root stands as it does."""
        assert self._list.row is not None
        self.app.push_screen(_why_dialog(self._list.row))

    def do_keys(self) -> None:
        """Show the keys of the mirrors."""
        self.app.push_screen(KeysScreen(self.badges.signed))

    def on_line_list_opened(self, _: LineList.Opened) -> None:
        """Two clicks explain."""
        self.action_do("why")


def _pane(stand: RootStand) -> Text:
    root = stand.root
    rows = (
        f"{stand.label}, by the lock file",
        f"Group {root.group}" if root.group else "",
        f"Taken over from the environment {root.included_from}" if root.included_from else "",
        stand.words,
    )

    def lines(width: int) -> list[Line]:
        broken = (text.wrapped(row, width)[:3] for row in rows if row)
        return [(Part(line),) for piece in broken for line in piece]

    return lines


def _why_dialog(stand: RootStand) -> Dialog:
    kind = stand.disposition
    assert kind is not None
    mark = MARKS[kind]
    needs = {
        Disposition.INSTALLED: "It is installed, with all that it needs.",
        Disposition.CACHED: f"All that it needs can be had: {stand.words}.",
    }
    named = [
        f"{node.spec.label}/{node.spec.hash[:7]}: {node.reason.rstrip('.')}."
        for node in stand.obstacles[:MOST]
    ]
    more = len(stand.obstacles) - MOST
    return Dialog(
        f"Why {mark.word}?",
        paragraphs(
            stand.label,
            f"{mark.sign} {mark.word}. {needs.get(kind, 'This keeps it from being installed:')}",
            *named,
            f"And {text.counted(more, 'more package')}." if more > 0 else "",
        ),
    )
