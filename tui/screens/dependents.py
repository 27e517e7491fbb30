"""What needs a build: the tree, upwards."""

from textual.app import ComposeResult

from core.model.ident import DagHash
from core.model.views import BuildView
from tui import text
from tui.commands import key_of
from tui.messages import facts, judging, requests
from tui.messages.facts import Fact
from tui.screens.base import CommandScreen
from tui.screens.details import DetailsScreen
from tui.screens.why import WhyScreen
from tui.state.browse import why_not_installable
from tui.text import MARKS, Line, Part, fitted
from tui.widgets.bindings import bindings_of
from tui.widgets.lines import LineList, spread
from tui.widgets.paper import Paper, one_line

LOOKING = " Looking for what needs {label}. {back} stops it"


class DependentList(LineList[BuildView]):
    """A line for each build."""

    def draw(self, row: BuildView, width: int) -> Line:
        """Mark, label, target, system; mirrors."""
        mark = MARKS[row.disposition]
        label = max(width - 50, 12)
        left = (
            Part(f" {mark.sign} ", row.disposition.value),
            Part(fitted(f"{row.name}@{row.version} /{row.hash[:7]}", label) + " "),
            Part(fitted(row.target, 16) + " "),
            Part(fitted(row.os, 12) + " ", "quiet"),
        )
        return spread(left, (Part(f"{text.listed(row.mirrors, 1)} ", "quiet"),), width)


class DependentsScreen(CommandScreen):
    """The builds, on offer or installed, that need one directly.

    Args:
        hash_: which build.
        label: its name and version. Foreign text.
    """

    BINDINGS = bindings_of("dependents")
    table_name = "dependents"

    def __init__(self, hash_: DagHash, label: str) -> None:
        super().__init__()
        self._hash = hash_
        self._label = label
        self._wanted: DagHash | None = None

    def compose(self) -> ComposeResult:
        """A headline and the builds."""
        yield Paper(one_line(Part(f" What needs {self._label}", "strong")), id="headline")
        back = key_of("dependents", "back")
        yield DependentList(empty=LOOKING.format(label=self._label, back=back))
        yield self.make_footer()

    def on_mount(self) -> None:
        """Want the builds."""
        self._list.focus()
        self.ask(judging.FindDependents(self._hash))

    @property
    def _list(self) -> DependentList:
        return self.query_one(DependentList)

    def learn(self, fact: Fact) -> None:
        """The builds came, or the details of one."""
        match fact:
            case judging.DependentsFound(request, builds) if request.hash == self._hash:
                self._show(builds)
            case facts.RunProgressed(has_ended=True) | facts.Removed():
                self.ask(judging.FindDependents(self._hash))
            case facts.RequestFailed(judging.FindDependents(hash_), error) if hash_ == self._hash:
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

    def _show(self, builds: tuple[BuildView, ...]) -> None:
        names = len({build.name for build in builds})
        needs = "needs" if len(builds) == 1 else "need"
        title = f" Nothing needs {self._label}"
        if builds:
            title = (
                f" {text.counted(len(builds), 'build')} of {text.counted(names, 'package')}"
                f" {needs} {self._label}"
            )
        self.query_one("#headline", Paper).write(one_line(Part(title, "strong")))
        self._list.empty = " Nothing needs it"
        self._list.show(builds, key=lambda build: build.hash)
        self._list.repaint()
        self.footer.update()

    def why_not(self, command: str) -> str:
        """Most commands need a build."""
        if command not in ("install", "why", "details", "dependents", "tree"):
            return ""
        if self._list.row is None:
            return "There is no build under the cursor"
        return why_not_installable(self._list.row) if command == "install" else ""

    def do_details(self) -> None:
        """Show everything about the build."""
        assert self._list.row is not None
        self._wanted = self._list.row.hash
        self.ask(requests.ReadDetails(self._list.row.hash))

    def do_tree(self) -> None:
        """Show the dependency tree of the build."""
        from tui.screens.tree import TreeScreen  # which leads here, too

        assert self._list.row is not None
        self.app.push_screen(TreeScreen((self._list.row.hash,)))

    def do_dependents(self) -> None:
        """Go one step further up."""
        row = self._list.row
        assert row is not None
        self.app.push_screen(DependentsScreen(row.hash, row.label))

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
        """Go back; an answer that did not come yet is not wanted any more."""
        self.ask(requests.GiveUp(judging.FindDependents))
        self.dismiss()
