"""The mirrors: list, add, remove, refresh."""

import time

from textual.app import ComposeResult

from core.errors import SpackbinError
from core.model.ident import MirrorName
from core.model.views import MirrorStatus
from tui import text
from tui.commands import key_of
from tui.messages import facts, requests
from tui.messages.facts import Fact
from tui.screens.add_mirror import AddMirrorDialog
from tui.screens.base import CommandScreen
from tui.screens.copying import copy
from tui.screens.dialogs import Dialog, Text, paragraphs
from tui.screens.keys import KeysScreen
from tui.screens.trust import rollback_dialog
from tui.state.badges import CHANNEL_WORDS
from tui.state.keys import has_gone_back
from tui.text import Line, Part, fitted
from tui.widgets.bars import mirror_summary
from tui.widgets.bindings import bindings_of
from tui.widgets.lines import LineList, spread
from tui.widgets.paper import Paper, one_line, set_title

READING = "; reading its index"
NONE_YET = " No mirrors yet. {add} adds one, by its name and URL"
NAMED = 13
"""Cells for what a line of the pane is about."""


class MirrorList(LineList[MirrorStatus]):
    """A line for each mirror."""

    def draw(self, row: MirrorStatus, width: int) -> Line:
        """Name and state, builds, URL."""
        name, *state = mirror_summary(row, time.time())
        used = sum(text.width_of(part.text) for part in state)
        left = (
            Part(" " + fitted(name.text, 13) + " ", name.role),
            *state,
            Part(" " * max(28 - used, 1)),
            Part(row.url, "quiet"),
        )
        return spread(left, (Part(text.counted(row.builds, "build") + " "),), width)


class MirrorsScreen(CommandScreen):
    """All mirrors, and below them the one under the cursor in full."""

    BINDINGS = bindings_of("mirrors")
    table_name = "mirrors"

    def __init__(self) -> None:
        super().__init__()
        self._progress: dict[MirrorName, str] = {}
        self._added: MirrorName | None = None

    def compose(self) -> ComposeResult:
        """A list and a pane."""
        yield Paper(one_line(Part(" Mirrors, the first one is asked first", "strong")))
        yield Paper(id="notes")
        yield MirrorList(empty=NONE_YET.format(add=key_of("mirrors", "add")))
        pane = Paper(id="mirror", classes="pane")
        set_title(pane, "Mirror")
        yield pane
        yield self.make_footer()

    def on_mount(self) -> None:
        """Read the mirrors."""
        self.ask(requests.ReadMirrors())
        self._list.focus()

    @property
    def _list(self) -> MirrorList:
        return self.query_one(MirrorList)

    def learn(self, fact: Fact) -> None:
        """Mirrors come, go, and get refreshed."""
        match fact:
            case facts.MirrorsRead(mirrors, notes):
                self._list.show(mirrors, key=lambda mirror: mirror.name)
                self._go_to_added()
                self.query_one("#notes", Paper).write(_notes(notes))
            case facts.RefreshProgressed(mirror, step, done, total):
                share = f", {text.percent(done, total)}" if total else ""
                self._progress[mirror] = f"{step}{share}"
            case facts.RefreshFailed(mirror, error):
                self._progress.pop(mirror, None)
                self.say(f"{mirror}: {error.title}")
                if has_gone_back(error):
                    self.when_on_top(lambda: self._ask_about_older(mirror, error))
            case facts.MirrorsRefreshed():
                self._progress.clear()
                if self.footer.message.endswith(READING):
                    self.say(self.footer.message.removesuffix(READING))
            case facts.MirrorAdded(mirror):
                self._added = mirror.name
                self.say(f"{mirror.name} was added{READING}")
                if mirror.signed:
                    self.when_on_top(lambda: self._show_keys(mirror.name))
            case facts.MirrorRemoved(name):
                self.say(f"{name} was removed")
            case _:
                return
        self._show_mirror()
        self.footer.update()

    def _go_to_added(self) -> None:
        """Put the cursor on the mirror that was added, as soon as it is listed."""
        names = [mirror.name for mirror in self._list.rows]
        if self._added is not None and self._added in names:
            self._list.move(names.index(self._added), by_user=False)
            self._added = None

    def on_line_list_moved(self, event: LineList.Moved) -> None:  # noqa: ARG002
        """Show the mirror under the cursor."""
        self._show_mirror()

    def _show_mirror(self) -> None:
        mirror = self._list.row
        pane = self.query_one("#mirror", Paper)
        pane.write(_pane(mirror, self._progress.get(mirror.name, "")) if mirror else lambda _: [])

    def why_not(self, command: str) -> str:
        """Most commands need a mirror."""
        if command in ("remove", "refresh", "keys", "copy") and self._list.row is None:
            return f"There is no mirror yet: {key_of('mirrors', 'add')} adds one"
        if command in ("refresh", "keys") and self._list.row and not self._list.row.is_usable:
            return "Its entry in the configuration cannot be read: see below"
        if command == "remove" and self._list.row and self._list.row.origin:
            return "A Spack has it in its configuration: it is removed there"
        if command == "refresh" and self._progress:
            return "A refresh is going on"
        return ""

    def do_copy(self) -> None:
        """Copy the URL of the mirror."""
        assert self._list.row is not None
        copy(self.app, f"The URL of {self._list.row.name}", self._list.row.url)

    def do_add(self) -> None:
        """Ask for name and URL."""
        self.app.push_screen(AddMirrorDialog())

    def do_remove(self) -> None:
        """Ask, then remove."""
        mirror = self._list.row
        assert mirror is not None

        def decide(removes: bool | None) -> None:
            if removes:
                self.ask(requests.RemoveMirror(mirror.name))

        dialog = Dialog(
            f'Remove mirror "{mirror.name}"?',
            paragraphs(
                mirror.url,
                "What was installed from it stays. The keys trusted for it are forgotten.",
            ),
            safe="Keep",
            confirm="Remove",
        )
        self.app.push_screen(dialog, decide)

    def do_refresh(self) -> None:
        """Refresh the mirror under the cursor."""
        assert self._list.row is not None
        self.ask(requests.RefreshMirrors((self._list.row.name,)))

    def do_keys(self) -> None:
        """Show the keys of the mirror under the cursor."""
        assert self._list.row is not None
        self._show_keys(self._list.row.name)

    def _show_keys(self, mirror: MirrorName) -> None:
        self.app.push_screen(KeysScreen((mirror,)))

    def _ask_about_older(self, mirror: MirrorName, error: SpackbinError) -> None:
        def decide(accepts: bool | None) -> None:
            if accepts:
                self.ask(requests.RefreshMirrors((mirror,), accept_older=True))

        self.app.push_screen(rollback_dialog(mirror, error), decide)


def _notes(notes: tuple[str, ...]) -> Text:
    def lines(width: int) -> list[Line]:
        broken = (text.wrapped(note, width - 2) for note in notes)
        return [(Part(f" {line}", "warning"),) for piece in broken for line in piece]

    return lines


def _filter(mirror: MirrorStatus) -> str:
    if not mirror.filters:
        return ""
    return f"{text.count(mirror.hidden)} of them are hidden by {mirror.filters}"


def _pane(mirror: MirrorStatus, progress: str) -> Text:
    trusted = text.counted(mirror.trusted_keys, "trusted key")
    signed = f"must be signed; {trusted}" if mirror.signed else "need no signature"
    age = text.ago(time.time() - mirror.refreshed) if mirror.refreshed else "never"
    warns = mirror.badge and f"{mirror.badge}: no release vouches for its builds"
    rows = (
        ("url", mirror.url, ""),
        ("named by", mirror.origin or "your configuration", ""),
        ("layout", mirror.layout or "not known yet", ""),
        ("channel", f"{mirror.channel}: {CHANNEL_WORDS[mirror.channel]}", ""),
        ("builds", f"{text.count(mirror.builds)}; they {signed}", ""),
        ("filter", _filter(mirror), "notice"),
        ("beware", warns, "warning"),
        ("builds go to", mirror.quarantine, "warning"),
        ("last read", age, ""),
        ("note", mirror.note, ""),
        ("now", progress, "running"),
        ("problem", mirror.error, "bad"),
    )

    def lines(width: int) -> list[Line]:
        found: list[Line] = []
        for name, value, role in rows:
            for at, line in enumerate(text.wrapped(value, width - NAMED - 1) if value else []):
                found.append((Part(fitted("" if at else name, NAMED), "quiet"), Part(line, role)))
        return found

    return lines
