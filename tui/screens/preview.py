"""What an install would do, before anything is done."""

from textual.app import ComposeResult

from core.model.environment import Environment
from core.model.forecast import Forecast
from core.model.ident import DagHash
from core.model.plan import Disposition, Plan, PlanNode
from tui import text
from tui.commands import key_of
from tui.messages import facts, plans, requests
from tui.messages.facts import Fact, Room
from tui.screens.dialogs import Answers, Dialog, paragraphs
from tui.screens.keys import KeysScreen
from tui.screens.planning import WORKING, PlanScreen
from tui.screens.save_plan import SavePlanDialog
from tui.screens.tree import TreeScreen
from tui.screens.why import WhyScreen
from tui.state.badges import Badges, badge_part
from tui.state.forecast import builders, estimate_words, with_alternatives
from tui.state.keys import first_unknown_key
from tui.state.notes import notes_of
from tui.state.summary import summary_lines, why_not_ready, word_to_go
from tui.text import MARKS, Line, Part, fitted
from tui.widgets.bindings import bindings_of
from tui.widgets.lines import LineList, spread
from tui.widgets.paper import Paper, one_line

SHOWN_FIRST = (
    Disposition.BUILD,
    Disposition.BLOCKED,
    Disposition.OTHER_HOST,
    Disposition.CACHED,
    Disposition.EXTERNAL,
    Disposition.INSTALLED,
)
"""The order of the nodes: first what keeps the install from being done."""

SAVED = 10
"""Cells of the last line that a path leaves free."""
ABOUT_THE_PLAN = ("tree", "why", "notes", "build", "cheaper", "export")
"""Commands that need the plan."""


class NodeList(LineList[PlanNode]):
    """The nodes of the plan."""

    def __init__(self, badges: Badges) -> None:
        super().__init__()
        self._badges = badges
        self.forecast: Forecast | None = None
        """How long builds may take, if that was found out."""

    def draw(self, row: PlanNode, width: int) -> Line:
        """Mark, label, why; size, or how long its build may take."""
        mark = MARKS[row.disposition]
        size = text.size(row.source.archive_size) if row.source else ""
        if self.forecast and row.disposition is Disposition.BUILD:
            size = estimate_words(self.forecast.estimates.get(row.spec.hash))
        origin = f"from {row.source.mirror}" if row.source else ""
        badge = badge_part(self._badges.of(row.source.mirror) if row.source else "")
        reason = f" · {row.reason}" if origin and row.reason else row.reason
        left = (
            Part(f" {mark.sign} ", row.disposition.value),
            Part(fitted(row.spec.label, 26) + " "),
            Part(fitted(mark.word, 11), row.disposition.value),
            Part(origin, "quiet"),
            badge,
            Part(reason, "quiet"),
        )
        return spread(left, (Part(f"{size} ", "quiet"),), width)


class PreviewScreen(PlanScreen):
    """The summary, the nodes, and the question; the default answer is to cancel."""

    BINDINGS = bindings_of("preview")
    table_name = "preview"

    def __init__(
        self,
        hashes: tuple[DagHash, ...],
        plan: Plan | None = None,
        environment: Environment | None = None,
        builder: str = "",
        asked: str = "",
    ) -> None:
        super().__init__(hashes, plan, environment, builder)
        self._asked = asked
        self._is_starting = False

    def compose(self) -> ComposeResult:
        """Summary, list, answers."""
        yield Paper(one_line(Part(WORKING, "quiet")), id="summary")
        yield NodeList(self.badges)
        yield Answers("Cancel", (key_of("preview", "go"), "Install"))
        yield self.make_footer()

    @property
    def _list(self) -> NodeList:
        return self.query_one(NodeList)

    def show_plan(self, plan: Plan) -> None:
        """Draw the plan."""
        summary = self.query_one("#summary", Paper)
        forecast, room = self.forecast, _words(self.room)
        summary.write(
            lambda width: summary_lines(plan, room, width, self.badges, forecast, self._asked)
        )
        self._list.forecast = forecast
        nodes = sorted(plan.nodes, key=lambda node: SHOWN_FIRST.index(node.disposition))
        self._list.show(nodes, key=lambda node: node.spec.hash)
        self._list.focus()
        answers = self.query_one(Answers)
        answers.reword(word_to_go(plan))
        answers.grey(bool(self.why_not("go")))

    def show_message(self, message: str) -> None:
        """Say something in place of the plan."""
        self.query_one("#summary", Paper).write(one_line(Part(message, "bad")))

    def learn(self, fact: Fact) -> None:
        """Besides the plan: the install cannot be started, or the plan was saved."""
        super().learn(fact)
        match fact:
            case facts.RequestFailed(requests.StartInstall()):
                self._is_starting = False
            case plans.PlanSaved(request, path) if request.plan is self.plan:
                self.say(f"Saved: {text.end_of(path, self.size.width - SAVED)}")
            case _:
                pass

    def why_not(self, command: str) -> str:
        """An install needs a plan without obstacles."""
        if command == "keys" and not self.badges.signed:
            return "There is no mirror"
        if command in (*ABOUT_THE_PLAN, "go"):
            if self.plan is None:
                return "The plan is still being worked out"
            return self._why_not(command, self.plan)
        return ""

    def _why_not(self, command: str, plan: Plan) -> str:
        match command:
            case "notes" if not notes_of(plan):
                return "There is nothing to note"
            case "why" if self._list.row is None:
                return "There is nothing under the cursor"
            case "build" | "cheaper":
                return self._why_no_build(command, plan)
            case "go":
                return "It is starting" if self._is_starting else why_not_ready(plan)
            case _:
                return ""

    def _why_no_build(self, command: str, plan: Plan) -> str:
        if not plan.having(Disposition.BUILD):
            return "" if self.builder and command == "build" else "Nothing is to be built"
        if command == "build":
            return ""
        if self._asked:
            return "Spack found none that needs no build"
        if self._environment:
            return "The lock file says which builds are meant"
        if self.forecast is None:
            return "It is being looked for"
        return "" if self.forecast.alternatives else "No build of it can do without"

    def do_build(self) -> None:
        """Let the next builder do what no mirror has, or after the last one nobody."""
        names = ("", *builders())
        at = names.index(self.builder) if self.builder in names else 0
        self.builder = names[(at + 1) % len(names)]
        self.plan = self.forecast = None
        self._list.show(())
        self.query_one("#summary", Paper).write(one_line(Part(WORKING, "quiet")))
        self.query_one(Answers).grey(True)
        self.make_plan()

    def do_cheaper(self) -> None:
        """Show the plan of what needs no build."""
        assert self.forecast is not None
        hashes = with_alternatives(self.hashes, self.forecast)
        # By the app: a screen that replaces itself would wait for its own end.
        self.app.call_next(self.app.switch_screen, PreviewScreen(hashes))

    def do_go(self) -> None:
        """Install."""
        assert self.plan is not None
        self._is_starting = True
        self.ask(requests.StartInstall(self.plan))

    def do_tree(self) -> None:
        """Show the tree."""
        tree = TreeScreen(self.hashes, self.plan, self._environment, self.builder)
        self.app.push_screen(tree)

    def do_keys(self) -> None:
        """Show the keys of the mirrors."""
        unknown = first_unknown_key(self.plan) if self.plan else None
        mirrors = (unknown.mirror,) if unknown else self.badges.signed
        self.app.push_screen(KeysScreen(mirrors, unknown))

    def do_export(self) -> None:
        """Ask for a file, and save the plan there."""
        assert self.plan is not None
        self.app.push_screen(SavePlanDialog(self.plan))

    def do_notes(self) -> None:
        """Show all that is to be known before the install."""
        assert self.plan is not None
        said = (f"{note.removesuffix('.')}." for note in notes_of(self.plan))
        self.app.push_screen(Dialog("Before the install", paragraphs(*said)))

    def do_why(self) -> None:
        """Say why the node is in its state."""
        assert self._list.row is not None
        self.app.push_screen(WhyScreen(f"/{self._list.row.spec.hash}", self.plan))

    def on_line_list_opened(self, _: LineList.Opened) -> None:
        """Two clicks explain."""
        self.action_do("why")

    def on_answers_given(self, event: Answers.Given) -> None:
        """An answer was clicked."""
        self.action_do("go" if event.confirms else "back")


def _words(room: Room | None) -> str:
    """What is left in the store."""
    if room is None:
        return ""
    inodes = f", {text.short_count(room.inodes_free)} inodes free" if room.inodes_free else ""
    return f"{text.size(room.bytes_free)} free{inodes}"
