"""The keys of mirrors: what is on offer, what is trusted, and the dialog that decides."""

from textual.app import ComposeResult

from core.model.ident import MirrorName
from core.model.views import KeyStatus
from tui import text
from tui.messages import facts, requests
from tui.messages.facts import Fact
from tui.screens.base import CommandScreen
from tui.screens.dialogs import Dialog, Text, paragraphs
from tui.text import Line, Part, fitted
from tui.widgets.bindings import bindings_of
from tui.widgets.lines import LineList
from tui.widgets.paper import Paper, one_line, set_title


class KeyList(LineList[KeyStatus]):
    """A line for each key of each mirror."""

    def draw(self, row: KeyStatus, width: int) -> Line:  # noqa: ARG002
        """Mark, mirror, state, who, which."""
        sign, word, role = key_state(row)
        return (
            Part(f" {sign} ", role),
            Part(fitted(row.mirror, 12) + " "),
            Part(fitted(word, 12) + " ", role),
            Part(text.short_fingerprint(row.fingerprint) + "  "),
            Part(fitted(row.algorithm, 9) + " ", "quiet"),
            Part(row.user_id),
        )


def key_state(key: KeyStatus) -> tuple[str, str, str]:
    """(mark, word, role) of how a key stands."""
    if key.problem:
        return "✗", "unusable", "bad"
    if key.trusted:
        return "✓", "trusted", "good"
    return "◐", "not trusted", "warning"


def key_text(key: KeyStatus) -> Text:
    """A key in full: who, all digits of the fingerprint, what it is."""

    def lines(width: int) -> list[Line]:
        expires = "does not expire" if key.expires is None else f"expires {text.date(key.expires)}"
        facts_ = f"{key.algorithm} · created {text.date(key.created)} · {expires}"
        who = text.wrapped(key.user_id or "no user id", width - 2)[:4]
        return [
            *((Part(f"  {line}", "strong"),) for line in who),
            *((Part(f"  {line}"),) for line in fingerprint_lines(key.fingerprint, width - 2)),
            *((Part(f"  {line}", "quiet"),) for line in text.wrapped(facts_, width - 2)),
        ]

    return lines


def fingerprint_lines(fingerprint: str, width: int) -> list[str]:
    """The groups of a fingerprint on one line, or on two or more where the width is small."""
    shown = text.fingerprint(fingerprint)
    return [shown] if text.width_of(shown) <= width else text.wrapped(shown, width)


class KeysScreen(CommandScreen):
    """The keys of some mirrors, grouped by mirror."""

    BINDINGS = bindings_of("keys")
    table_name = "keys"

    def __init__(self, mirrors: tuple[MirrorName, ...]) -> None:
        super().__init__()
        self._mirrors = mirrors
        self._found: dict[MirrorName, tuple[KeyStatus, ...]] = {}
        self._failed: dict[MirrorName, str] = {}

    def compose(self) -> ComposeResult:
        """A list, and below it the key under the cursor in full."""
        yield Paper(one_line(Part(" Keys of " + text.listed(self._mirrors, 4), "strong")))
        yield KeyList(empty=" Asking for the keys")
        pane = Paper(id="key", classes="pane")
        set_title(pane, "Key")
        yield pane
        yield Paper(id="failures")
        yield self.make_footer()

    def on_mount(self) -> None:
        """Ask every mirror."""
        for name in self._mirrors:
            self.ask(requests.ReadKeys(name))
        self.query_one(KeyList).focus()

    @property
    def _list(self) -> KeyList:
        return self.query_one(KeyList)

    def learn(self, fact: Fact) -> None:
        """Keys arrive mirror by mirror."""
        match fact:
            case facts.KeysRead(mirror, keys):
                self._found[mirror] = keys
                self._failed.pop(mirror, None)
                self._redraw()
            case facts.RequestFailed(requests.ReadKeys(mirror), error):
                self._failed[mirror] = " ".join(error.sentences())
                self._redraw()
            case facts.KeyTrusted(key):
                self.ask(requests.ReadKeys(key.mirror))
                self.say(f"Trusted for {key.mirror}")
            case facts.KeyDistrusted(mirror, _):
                self.ask(requests.ReadKeys(mirror))
                self.say(f"No longer trusted for {mirror}")
            case _:
                pass

    def _redraw(self) -> None:
        keys = [key for name in self._mirrors for key in self._found.get(name, ())]
        if len(self._found) + len(self._failed) == len(self._mirrors):
            self._list.empty = " These mirrors offer no keys"
        self._list.show(keys, key=lambda key: (key.mirror, key.fingerprint))
        failures = [f"{name}: {reason}" for name, reason in self._failed.items()]
        self.query_one("#failures", Paper).write(paragraphs(*failures, role="bad"))
        self._show_key()
        self.footer.update()

    def on_line_list_moved(self, event: LineList.Moved) -> None:  # noqa: ARG002
        """Show the key under the cursor."""
        self._show_key()

    def _show_key(self) -> None:
        key = self._list.row
        self.query_one("#key", Paper).write(_pane(key) if key else lambda _: [])

    def why_not(self, command: str) -> str:
        """Only good keys can be trusted, only trusted ones distrusted."""
        key = self._list.row
        if command not in ("trust", "distrust"):
            return ""
        if key is None:
            return "There is no key under the cursor"
        if command == "distrust":
            return "" if key.trusted else "This key is not trusted"
        if key.problem:
            return f"This key cannot be trusted: it is {key.problem}"
        return "This key is trusted for this mirror already" if key.trusted else ""

    def do_trust(self) -> None:
        """Show the key and ask."""
        key = self._list.row
        assert key is not None

        def decide(trusts: bool | None) -> None:
            if trusts:
                self.ask(requests.TrustKey(key.mirror, key.fingerprint))

        self.app.push_screen(trust_dialog(key), decide)

    def do_distrust(self) -> None:
        """Ask, then take the trust away."""
        key = self._list.row
        assert key is not None

        def decide(distrusts: bool | None) -> None:
            if distrusts:
                self.ask(requests.DistrustKey(key.mirror, key.fingerprint))

        dialog = Dialog(
            f'Stop trusting a key for mirror "{key.mirror}"?',
            _joined(
                paragraphs("What it signed can no longer be installed from this mirror."),
                key_text(key),
            ),
            safe="Keep trusting",
            confirm=("y", "Stop trusting"),
        )
        self.app.push_screen(dialog, decide)

    def on_line_list_opened(self) -> None:
        """A click is like Enter."""
        self.action_do("trust")


def trust_dialog(key: KeyStatus) -> Dialog:
    """The question whether to trust a key, with all that there is to compare."""
    return Dialog(
        f'Trust a key for mirror "{key.mirror}"?',
        _joined(
            paragraphs("Builds from this mirror are signed by a key that you have not trusted."),
            key_text(key),
            paragraphs(
                "Compare all digits with what the operator of the mirror publishes elsewhere,"
                " not with what the mirror says.",
                "It will be trusted for this mirror only.",
            ),
        ),
        safe="Do not trust",
        confirm=("t", "Trust for this mirror"),
    )


def _joined(*texts: Text) -> Text:
    return lambda width: [
        line for at, text_ in enumerate(texts) for line in ([()] if at else []) + list(text_(width))
    ]


def _pane(key: KeyStatus) -> Text:
    _, word, role = key_state(key)
    offered = "offered by the mirror" if key.offered else "no longer offered by the mirror"
    state = f"it is {key.problem}" if key.problem else word
    status: Line = (Part(f"  {state}", role), Part(f", {offered}"))
    return lambda width: [*key_text(key)(width), status]
