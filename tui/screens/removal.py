"""What an uninstall or an undo would do, before anything is done."""

from collections.abc import Sequence

from textual.app import ComposeResult

from core.errors import SpackbinError
from core.events import Event
from core.model.removal import Removal, RemovalPlan
from tui import text
from tui.commands import key_of
from tui.messages import facts, requests
from tui.messages.facts import Fact
from tui.screens.base import CommandScreen
from tui.screens.dialogs import Answers, Dialog, paragraphs
from tui.state.removal import (
    RemovalProgress,
    RemovalRow,
    command_of,
    done_words,
    left_words,
    rows_of,
    title_of,
    why_not_removable,
)
from tui.text import Line, Part, fitted
from tui.widgets.lines import LineList, spread
from tui.widgets.paper import Paper, one_line

WORKING = " Working out what that would do"
TOO_LATE = "It is too late to give it up: it is removed, and files are being deleted"
LABEL = 14
"""Cells for the words at the left."""
ROLES = {
    "goes": "warning",
    "forgotten": "warning",
    "stays": "good",
    "unused": "quiet",
    "unmarked": "",
}


class RemovalList(LineList[RemovalRow]):
    """The packages that a removal is about."""

    def draw(self, row: RemovalRow, width: int) -> Line:
        """What happens, package, why; bytes."""
        freed = "" if row.bytes is None else f"{text.size(row.bytes)} "
        left = (
            Part(f" {fitted(row.word, 9)} ", ROLES[row.word]),
            Part(fitted(row.package.label, 30) + " "),
            Part(row.reason, "quiet"),
        )
        return spread(left, (Part(freed, "quiet"),), width)


class RemovalScreen(CommandScreen):
    """The summary, the packages, and the question; the default answer is to keep all."""

    def __init__(self) -> None:
        super().__init__()
        self.plan: RemovalPlan | None = None
        """What would be done, `None` while it is worked out."""
        self._removing: requests.Remove | None = None
        self._progress: RemovalProgress | None = None
        self._has_failed = False

    @property
    def request(self) -> requests.PlanRemoval:
        """What is to be worked out."""
        raise NotImplementedError

    @property
    def options(self) -> Sequence[str]:
        """The options of the command that does the same."""
        return ()

    def compose(self) -> ComposeResult:
        """Summary, list, answers."""
        yield Paper(one_line(Part(WORKING, "quiet")), id="summary")
        yield RemovalList()
        yield Answers("Keep", (key_of(self.table_name, "go"), "Remove"))
        yield self.make_footer()

    def on_mount(self) -> None:
        """Want the plan."""
        self.query_one(Answers).grey(True)
        self.query_one(RemovalList).focus()
        self.ask(self.request)

    def learn(self, fact: Fact) -> None:
        """The plan came; the removal is done, was given up, or failed."""
        match fact:
            case facts.RemovalPlanned(request, RemovalPlan() as plan) if request is self.request:
                self.plan = plan
                self._show(plan)
            case facts.RequestFailed(request, error) if request is self.request:
                self._fail(error)
            case facts.RemovalProgressed(request, events) if request is self._removing:
                self._get_on(events)
            case facts.Removed(request, removal) if request is self._removing:
                self.when_on_top(lambda: self._leave(removal))
            case facts.RemovalGivenUp(request) if request is self._removing:
                self._stay("It was given up: nothing was removed")
            case facts.RequestFailed(request) if request is self._removing:
                self._stay("")
            case _:
                pass

    def _show(self, plan: RemovalPlan) -> None:
        self._has_failed = False
        summary = self.query_one("#summary", Paper)
        summary.write(lambda width: self._summary(plan, width))
        self.query_one(RemovalList).show(rows_of(plan), key=lambda row: row.package.hash)
        self.regrey()

    def regrey(self) -> None:
        """Look anew which answers apply."""
        self.query_one(Answers).grey(bool(self.why_not("go")))
        self.footer.relabel("back", "give up" if self._removing else "keep")

    def _fail(self, error: SpackbinError) -> None:
        self.plan, self._has_failed = None, True
        sentences = paragraphs(*error.sentences(), role="bad")
        summary = self.query_one("#summary", Paper)
        summary.write(lambda width: [(Part(" "), *line) for line in sentences(width - 2)])
        self.regrey()

    def _stay(self, message: str) -> None:
        self._removing = None
        self.regrey()
        self.say(message)

    def _get_on(self, events: Sequence[Event]) -> None:
        assert self._progress is not None
        before = self._progress.words
        self._progress.take(events)
        if self._progress.words != before:
            self.say(self._progress.words)

    def _leave(self, removal: Removal) -> None:
        """Go back, and say there what was done."""
        assert self.plan is not None
        below = self.app.screen_stack[-2]
        if isinstance(below, CommandScreen):
            below.say(done_words(self.plan, removal))
        problems = left_words(removal)
        if problems:
            self.app.switch_screen(Dialog("Removed, but", paragraphs(*problems)))
        else:
            self.dismiss()

    def _summary(self, plan: RemovalPlan, width: int) -> list[Line]:
        """The answers in the order in which people want them."""
        freed = f"{text.size(plan.bytes_freed)} become free" if plan.removed else ""
        lines: list[Line] = [(Part(f" {title_of(plan)}", "strong"),), ()]
        lines.append(_count("To remove", len(plan.removed), freed))
        lines.append(_count("Stays", len(plan.kept), ""))
        if plan.refused:
            lines.append(_row("", why_not_removable(plan), "notice"))
        if plan.unused:
            key = key_of("uninstall", "unused")
            lines.append(_count("Unused then", len(plan.unused), f"{key} removes them, too"))
        lines.append(_row("Store", plan.store))
        same = text.wrapped(command_of(plan, self.options), width - LABEL - 4)[:2]
        lines += [_row("Same as" if at == 0 else "", line) for at, line in enumerate(same)]
        return [*lines, ()]

    def why_not(self, command: str) -> str:
        """A removal needs a plan without obstacles."""
        if command != "go":
            return ""
        return self.why_not_ready() or (why_not_removable(self.plan) if self.plan else "")

    def why_not_ready(self) -> str:
        """Why nothing can be decided now, as a sentence; empty if there is a plan."""
        if self._removing:
            return "It is being removed"
        if self._has_failed:
            return "There is nothing that could be done"
        return "" if self.plan else "That is still being worked out"

    def do_go(self) -> None:
        """Remove."""
        assert self.plan is not None
        self._removing = requests.Remove(self.plan)
        self._progress = RemovalProgress(self.plan, key_of(self.table_name, "back"))
        self.ask(self._removing)
        self.regrey()
        self.say(self._progress.words)

    def do_back(self) -> None:
        """Give the removal up, or go back."""
        if self._removing and self._progress:
            self.ask(requests.GiveUp(requests.Remove))
            is_late = self._progress.is_decided
            self.say(TOO_LATE if is_late else "Giving it up, if it is not too late")
            return
        self.ask(requests.GiveUp(type(self.request)))
        self.dismiss()

    def on_answers_given(self, event: Answers.Given) -> None:
        """An answer was clicked."""
        self.action_do("go" if event.confirms else "back")


def _row(label: str, words: str, role: str = "") -> Line:
    return (Part("   " + fitted(label, LABEL), "quiet"), Part(words, role))


def _count(label: str, number: int, extra: str) -> Line:
    shown = text.aligned_right(text.count(number), 4)
    return (*_row(label, shown, "" if number else "quiet"), Part(f"   {extra}"))
