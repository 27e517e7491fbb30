"""Why something can be used here, or why not, and what to do about it."""

from textual.app import ComposeResult

from core.errors import SpackbinError
from core.model.explanation import Explanation, Remedy
from core.model.ident import DagHash
from core.model.plan import Plan
from tui import text
from tui.commands import key_of
from tui.messages import facts, judging, requests
from tui.messages.facts import Fact
from tui.screens.base import CommandScreen
from tui.screens.copying import copy
from tui.screens.details import DetailsScreen
from tui.screens.dialogs import paragraphs
from tui.screens.keys import KeysScreen
from tui.state.why import Step, headline, remedy_lines, step_of, why_lines
from tui.text import Line, Part
from tui.widgets.bindings import bindings_of
from tui.widgets.lines import LineList, TextView, spread
from tui.widgets.paper import Paper, one_line

LOOKING = " Looking for the reasons: mirrors may be asked. {back} stops it"
MOST_REMEDIES = 5
"""Rows of remedies in view."""
MOST_COMMAND = 4
"""Lines for the command of the remedy under the cursor."""


class RemedyList(LineList[Remedy]):
    """What can be done, a line each."""

    def draw(self, row: Remedy, width: int) -> Line:
        """The sentence, and what the key does that acts."""
        step = step_of(row).value
        hint = (Part(f"{key_of('why', 'act')}: {step} ", "quiet"),) if step else ()
        return spread((Part(f"  {row.sentence}"),), hint, width)


class WhyScreen(CommandScreen):
    """The chain of reasons, the nearest build, and what to do.

    Args:
        about: a spec of one package, or a hash as `/abc123`.
        plan: the plan that is on the screen, if there is one.
    """

    BINDINGS = bindings_of("why")
    table_name = "why"

    def __init__(self, about: str, plan: Plan | None = None) -> None:
        super().__init__()
        self._request = judging.Explain(about, plan)
        self._found: Explanation | None = None
        self._is_known = False
        self._wanted: DagHash | None = None

    def compose(self) -> ComposeResult:
        """A headline, the reasons, what to do, and the command of it."""
        yield Paper(
            one_line(Part(LOOKING.format(back=key_of("why", "back")), "quiet")), id="headline"
        )
        yield TextView(id="reasons")
        yield Paper(id="to-do")
        yield RemedyList(id="remedies")
        yield Paper(id="command")
        yield self.make_footer()

    def on_mount(self) -> None:
        """Want the answer."""
        self._list.styles.height = 0
        self.ask(self._request)

    @property
    def _list(self) -> RemedyList:
        return self.query_one(RemedyList)

    def learn(self, fact: Fact) -> None:
        """The answer came, or may be another one now."""
        match fact:
            case judging.Explained(request, found) if request == self._request:
                self._found = found
                self._show(found)
            case facts.RequestFailed(request, error) if request == self._request:
                self._fail(error)
            case facts.KeyTrusted() | facts.KeyDistrusted() | facts.MirrorsRefreshed():
                # What the plan said of keys and mirrors is of yesterday.
                self._request = judging.Explain(self._request.text)
                self.ask(self._request)
            case facts.DetailsRead(details) if details.build.hash == self._wanted:
                self._wanted = None
                self.app.push_screen(DetailsScreen(details))
            case facts.RequestFailed(requests.ReadDetails(hash_), error) if hash_ == self._wanted:
                self._wanted = None
                self.say(error.title)
            case _:
                pass

    def _show(self, found: Explanation) -> None:
        self._is_known = True
        title, state = headline(found)
        self.query_one("#headline", Paper).write(lambda width: [spread(title, state, width)])
        reasons = self.query_one("#reasons", TextView)
        reasons.read(lambda width: why_lines(found, width))
        if found.remedies:
            self.query_one("#to-do", Paper).write(_rule)
        self._list.styles.height = min(len(found.remedies), MOST_REMEDIES)
        self._list.show(found.remedies)
        (self._list if found.remedies else reasons).focus()
        self.query_one("#command", Paper).styles.height = _command_height(found, self.size.width)
        self._show_command()

    def _fail(self, error: SpackbinError) -> None:
        self._is_known = True
        about = f" Why {self._request.text}?"
        self.query_one("#headline", Paper).write(one_line(Part(about, "strong")))
        said = paragraphs(*error.sentences())
        self.query_one("#reasons", TextView).read(
            lambda width: [(Part("  "), *line) for line in said(width - 2)]
        )

    def _show_command(self) -> None:
        remedy, paper = self._list.row, self.query_one("#command", Paper)
        paper.write(lambda width: remedy_lines(remedy, width)[:MOST_COMMAND] if remedy else [])

    def on_line_list_moved(self, event: LineList.Moved) -> None:  # noqa: ARG002
        """The command of the remedy under the cursor stands below."""
        self._show_command()

    def on_line_list_opened(self, _: LineList.Opened) -> None:
        """Two clicks do it."""
        self.action_do("act")

    def why_not(self, command: str) -> str:
        """Both commands are about a remedy."""
        if command not in ("act", "copy"):
            return ""
        remedy = self._list.row
        if remedy is None:
            return "There is nothing to do about it" if self._is_known else "It is being looked for"
        if command == "copy" and not remedy.command:
            return "It has no command"
        if command == "act" and step_of(remedy) is Step.NOTHING:
            return "Nothing here can do that: it is advice"
        return ""

    def do_act(self) -> None:
        """Go where the remedy leads."""
        remedy = self._list.row
        assert remedy is not None
        match step_of(remedy):
            case Step.INSTALL:
                from tui.screens.preview import PreviewScreen  # which leads here, too

                assert remedy.hash is not None
                self.app.push_screen(PreviewScreen((remedy.hash,)))
            case Step.DETAILS:
                assert remedy.hash is not None
                self._wanted = remedy.hash
                self.ask(requests.ReadDetails(remedy.hash))
            case Step.KEYS:
                build = self._found.build if self._found else None
                self.app.push_screen(KeysScreen(build.mirrors if build else self.badges.signed))
            case _:
                self.do_copy()

    def do_copy(self) -> None:
        """Copy the command, and show it in full."""
        assert self._list.row is not None
        copy(self.app, "The command", self._list.row.command)

    def do_back(self) -> None:
        """Go back; an answer that did not come yet is not wanted any more."""
        self.ask(requests.GiveUp(judging.Explain))
        self.dismiss()


def _command_height(found: Explanation, width: int) -> int:
    """So many lines that moving among the remedies does not lay out the screen anew."""
    most = max((len(remedy_lines(remedy, width)) for remedy in found.remedies), default=0)
    return min(most, MOST_COMMAND)


def _rule(width: int) -> list[Line]:
    title = " What to do "
    rest = max(width - 2 - text.width_of(title), 0)
    return [(), (Part("──", "quiet"), Part(title, "strong"), Part("─" * rest, "quiet"))]
