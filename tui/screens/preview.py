"""What an install would do, before anything is done."""

from textual.app import ComposeResult

from core.model.environment import Environment
from core.model.ident import DagHash, MirrorName
from core.model.plan import Blocker, Disposition, Fit, Plan, PlanNode
from tui import text
from tui.messages import facts, requests
from tui.messages.facts import Fact, Room
from tui.screens.dialogs import Answers, Dialog, paragraphs
from tui.screens.keys import KeysScreen
from tui.screens.planning import WORKING, PlanScreen
from tui.screens.tree import TreeScreen
from tui.screens.why import WhyScreen
from tui.state.badges import Badges, badge_part, named
from tui.state.keys import first_unknown_key
from tui.state.notes import note_lines, notes_of
from tui.state.preflight import fit_words, space_words
from tui.text import MARKS, Line, Part, fitted
from tui.widgets.bindings import bindings_of
from tui.widgets.lines import LineList, spread
from tui.widgets.paper import Paper, one_line

LABEL = 14
"""Cells for the words at the left."""
SHOWN_FIRST = (
    Disposition.BUILD,
    Disposition.BLOCKED,
    Disposition.OTHER_HOST,
    Disposition.CACHED,
    Disposition.EXTERNAL,
    Disposition.INSTALLED,
)
"""The order of the nodes: first what keeps the install from being done."""


class NodeList(LineList[PlanNode]):
    """The nodes of the plan."""

    def __init__(self, badges: Badges) -> None:
        super().__init__()
        self._badges = badges

    def draw(self, row: PlanNode, width: int) -> Line:
        """Mark, label, why; size."""
        mark = MARKS[row.disposition]
        size = text.size(row.source.archive_size) if row.source else ""
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
        mirrors: tuple[MirrorName, ...],
        plan: Plan | None = None,
        environment: Environment | None = None,
    ) -> None:
        super().__init__(hashes, plan, environment)
        self._mirrors = mirrors
        self._is_starting = False

    def compose(self) -> ComposeResult:
        """Summary, list, answers."""
        yield Paper(one_line(Part(WORKING, "quiet")), id="summary")
        yield NodeList(self.badges)
        yield Answers("Cancel", ("y", "Install"))
        yield self.make_footer()

    @property
    def _list(self) -> NodeList:
        return self.query_one(NodeList)

    def show_plan(self, plan: Plan) -> None:
        """Draw the plan."""
        summary = self.query_one("#summary", Paper)
        summary.write(lambda width: summary_lines(plan, self.room, width, self.badges))
        nodes = sorted(plan.nodes, key=lambda node: SHOWN_FIRST.index(node.disposition))
        self._list.show(nodes, key=lambda node: node.spec.hash)
        self._list.focus()
        self.query_one(Answers).grey(bool(self.why_not("go")))

    def show_message(self, message: str) -> None:
        """Say something in place of the plan."""
        self.query_one("#summary", Paper).write(one_line(Part(message, "bad")))

    def learn(self, fact: Fact) -> None:
        """Besides the plan: the install cannot be started."""
        super().learn(fact)
        if isinstance(fact, facts.RequestFailed) and isinstance(
            fact.request, requests.StartInstall
        ):
            self._is_starting = False

    def why_not(self, command: str) -> str:
        """An install needs a plan without obstacles."""
        if command == "keys" and not self._mirrors:
            return "There is no mirror"
        if command in ("go", "tree", "why", "notes") and self.plan is None:
            return "The plan is still being worked out"
        if command == "notes" and self.plan and not notes_of(self.plan):
            return "There is nothing to note"
        if command == "why" and self._list.row is None:
            return "There is nothing under the cursor"
        if command == "go" and self.plan:
            return "It is starting" if self._is_starting else why_not_ready(self.plan)
        return ""

    def do_go(self) -> None:
        """Install."""
        assert self.plan is not None
        self._is_starting = True
        self.ask(requests.StartInstall(self.plan))

    def do_tree(self) -> None:
        """Show the tree."""
        self.app.push_screen(TreeScreen(self.hashes, self.plan, self._environment))

    def do_keys(self) -> None:
        """Show the keys of the mirrors."""
        unknown = first_unknown_key(self.plan) if self.plan else None
        mirrors = (unknown.mirror,) if unknown else self._mirrors
        self.app.push_screen(KeysScreen(mirrors, unknown))

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


def why_not_ready(plan: Plan) -> str:
    """Why a plan cannot be carried out, as a sentence; empty if it can."""
    if _distrusted(plan):
        return f"{_first(_distrusted(plan))} signed by no trusted key: K shows the keys"
    blocked = plan.having(Disposition.BLOCKED) + plan.having(Disposition.OTHER_HOST)
    if blocked:
        return f"{_first(blocked)} blocked: w says why"
    for obstacle in plan.preflight.obstacles:
        return obstacle.title
    to_build = plan.having(Disposition.BUILD)
    if to_build:
        return f"{_first(to_build)} to be built from source first: w says more"
    return "" if plan.has_work else "All of it is installed already"


def _distrusted(plan: Plan) -> tuple[PlanNode, ...]:
    blocked = plan.having(Disposition.BLOCKED)
    return tuple(node for node in blocked if node.blocker is Blocker.TRUST)


def _first(nodes: tuple[PlanNode, ...]) -> str:
    label = nodes[0].spec.label
    return f"{label} is" if len(nodes) == 1 else f"{label} and {len(nodes) - 1} more are"


def summary_lines(plan: Plan, room: Room | None, width: int, badges: Badges) -> list[Line]:
    """The answers in the order in which people want them."""
    labels = [plan.node(hash_).spec.label for hash_ in plan.roots]
    lines: list[Line] = [(Part(f" Install {text.listed(labels, 3)}", "strong"),), ()]
    lines.append(_count("To build", plan, Disposition.BUILD))
    lines.append(_count("To fetch", plan, Disposition.CACHED, _bytes(plan)))
    lines.append(_count("Installed", plan, Disposition.INSTALLED, _externals(plan)))
    lines.append(_count("Blocked", plan, Disposition.BLOCKED))
    if _distrusted(plan):
        lines.append(_row("", "No trusted key signed them: K shows the keys on offer", "notice"))
    lines += _signers(plan, width)
    lines += _store(plan, room, badges)
    notes = note_lines(plan, width - LABEL - 4)
    lines += [_row("" if at else "Note", line, "warning") for at, line in enumerate(notes)]
    hashes = " ".join(f"/{hash_[:7]}" for hash_ in plan.roots)
    command = text.wrapped(f"spackbin install {hashes} --yes", width - LABEL - 4)
    lines += [_row("Same as" if at == 0 else "", line) for at, line in enumerate(command[:3])]
    return [*lines, ()]


def _row(label: str, words: str, role: str = "") -> Line:
    return (Part("   " + fitted(label, LABEL), "quiet"), Part(words, role))


def _count(label: str, plan: Plan, kind: Disposition, extra: str = "") -> Line:
    nodes = plan.having(kind)
    if not extra and nodes and kind in (Disposition.BUILD, Disposition.BLOCKED):
        extra = text.listed([node.spec.label for node in nodes], 2)
    role = kind.value if nodes else "quiet"
    number = text.aligned_right(text.count(len(nodes)), 4)
    return (*_row(label, number, role), Part(f"   {extra}"))


def _bytes(plan: Plan) -> str:
    if not plan.has_work:
        return ""
    return text.size_in_all(plan.bytes_to_fetch, is_whole=plan.sizes_are_known)


def _externals(plan: Plan) -> str:
    number = len(plan.having(Disposition.EXTERNAL))
    return f"and {number} provided by the system" if number else ""


def _signers(plan: Plan, width: int) -> list[Line]:
    if not plan.has_work:
        return [_row("Signed by", "-", "quiet")]
    rows: list[Line] = []
    for key, name in plan.signers:
        mirrors = {n.source.mirror for n in plan.nodes if n.source and n.source.signer == key}
        trusted = f" {text.short_fingerprint(key)}  (trusted for {', '.join(sorted(mirrors))})"
        room = width - LABEL - 4 - text.width_of(trusted)
        rows.append(_row("" if rows else "Signed by", text.cropped(name, room) + trusted))
    unsigned = [node for node in plan.having(Disposition.CACHED) if not _is_signed(node)]
    if unsigned:
        words = f"nobody: {text.counted(len(unsigned), 'package')} from an unsigned mirror"
        rows.append(_row("" if rows else "Signed by", words, "warning"))
    return rows


def _is_signed(node: PlanNode) -> bool:
    return node.source is not None and bool(node.source.signer)


def _store(plan: Plan, room: Room | None, badges: Badges) -> list[Line]:
    """The store, its space, and whatever may keep the packages from being moved to it."""
    space = space_words(plan.preflight)
    rows = [_row("Store", plan.store if space else f"{plan.store}   {_room(room)}")]
    quarantined = badges.quarantined(plan.store)
    if quarantined:
        name = named(quarantined.name, quarantined.badge)
        rows.append(_row("", f"This is the quarantine store of {name}", "warning"))
    if not space:
        return rows
    rows.append(_row("Space", space))
    if Fit.UNKNOWN in plan.preflight.fits.values():
        rows.append(_row("Fits", fit_words(plan), "notice"))
    rows += [_row("", obstacle.title, "bad") for obstacle in plan.preflight.obstacles[:1]]
    return rows


def _room(room: Room | None) -> str:
    if room is None:
        return ""
    inodes = f", {text.short_count(room.inodes_free)} inodes free" if room.inodes_free else ""
    return f"{text.size(room.bytes_free)} free{inodes}"
