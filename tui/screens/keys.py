"""The keys of mirrors: what is on offer, what is trusted, and the way to decide about them."""

from typing import ClassVar

from msgspec.structs import replace
from textual.app import ComposeResult

from core.model.ident import Fingerprint, MirrorName
from core.model.keycards import KeyCard
from tui import text
from tui.commands import key_of
from tui.messages import facts, requests, trust
from tui.messages.facts import Fact
from tui.screens.base import CommandScreen
from tui.screens.copying import copy
from tui.screens.dialogs import Dialog, joined, paragraphs
from tui.screens.trust import (
    changed_key_dialog,
    comparison_dialog,
    disagreement_dialog,
    trust_dialog,
    unusable_key_dialog,
)
from tui.state.badges import badge_part
from tui.state.keys import KeysState, UnknownKey
from tui.text import Line, Part
from tui.widgets.bindings import bindings_of
from tui.widgets.keycards import key_lines
from tui.widgets.keylist import KeyList, pane_text
from tui.widgets.lines import LineList
from tui.widgets.paper import Paper, set_title


class KeysScreen(CommandScreen):
    """The keys of some mirrors, grouped by mirror.

    Args:
        mirrors: which mirrors.
        unknown: a key that is looked for because it signed something.
    """

    BINDINGS = bindings_of("keys")
    table_name = "keys"
    is_of_spack: ClassVar[bool] = False
    """True if the keys are those of a Spack, not those on offer."""
    nothing: ClassVar[str] = (
        " These mirrors offer no keys: nothing of theirs that must be signed can be used"
    )
    """What is said if there is no key at all."""

    def __init__(self, mirrors: tuple[MirrorName, ...], unknown: UnknownKey | None = None) -> None:
        super().__init__()
        self.state = KeysState(mirrors)
        """What is known."""
        self._unknown = unknown
        self._is_looked_for = unknown is not None
        self._undecided: KeyCard | None = None

    def compose(self) -> ComposeResult:
        """A list, and below it the key under the cursor in full."""
        yield Paper(lambda _: [self.headline()], id="keys-head")
        yield KeyList(empty=" Asking for the keys")
        pane = Paper(id="key", classes="pane")
        set_title(pane, "Key")
        yield pane
        yield Paper(id="failures")
        yield self.make_footer()

    def on_mount(self) -> None:
        """Ask every mirror, and the second sources about it."""
        for name in self.state.mirrors:
            self.ask_about(name)
        self._list.focus()

    def ask_about(self, mirror: MirrorName) -> None:
        """Want the keys of a mirror, first without and then with what others say of them."""
        self.state.asked.add(mirror)
        self.ask(requests.ReadKeys(mirror))
        self.ask(trust.ReadKeyReport(mirror))

    @property
    def _list(self) -> KeyList:
        return self.query_one(KeyList)

    @property
    def _card(self) -> KeyCard:
        card = self._list.row
        assert card is not None
        return card

    # Learning

    def learn(self, fact: Fact) -> None:
        """Keys arrive; trust comes and goes."""
        match fact:
            case facts.KeyTrusted(key) if key.mirror in self.state.mirrors:
                self._take_trust(key.mirror, key.fingerprint, is_trusted=True)
            case facts.KeyDistrusted(mirror, fingerprint) if mirror in self.state.mirrors:
                self._take_trust(mirror, fingerprint, is_trusted=False)
            case _:
                if not self.heed(fact):
                    return
        self._redraw()
        self._go_on()

    def heed(self, fact: Fact) -> bool:
        """Take in keys, mirror by mirror, and a little later what second sources say of them.

        Returns:
            True if the fact is about them.
        """
        state = self.state
        match fact:
            case facts.KeysRead(mirror, keys) if mirror in state.mirrors:
                state.take_keys(mirror, keys)
            case trust.KeyReportRead(report) if report.mirror in state.mirrors:
                state.take_report(report)
            case facts.RequestFailed(
                requests.ReadKeys(mirror) | trust.ReadKeyReport(mirror), error
            ):
                state.fail(mirror, error)
            case _:
                return False
        return True

    def _take_trust(
        self, mirror: MirrorName, fingerprint: Fingerprint, *, is_trusted: bool
    ) -> None:
        self.state.take_trust(mirror, fingerprint, is_trusted=is_trusted)
        now = "Trusted" if is_trusted else "No longer trusted"
        self.say(f"{now} for {mirror}. {key_of(self.table_name, 'back')} goes back")
        self.ask_about(mirror)

    def _redraw(self) -> None:
        state = self.state
        if state.is_complete:
            self._list.empty = self.nothing
        self._list.badges = self.badges
        self._list.show(state.rows, key=lambda card: (card.key.mirror, card.key.fingerprint))
        self._look_for_wanted()
        failures = [f"{name}: {reason}" for name, reason in state.failures.items()]
        said = joined(
            paragraphs(*failures, role="bad"),
            paragraphs(*self._about_unknown(), role="notice"),
            paragraphs(state.notice, role="notice"),
            paragraphs(state.waits_for, role="quiet"),
        )
        self.query_one("#failures", Paper).write(said)
        self.query_one("#keys-head", Paper).write(lambda _: [self.headline()])
        self._show_key()
        self.footer.update()

    def headline(self) -> Line:
        """Whose keys these are."""
        state = self.state
        if state.is_first_use:
            return (Part(self._first_use(), "strong"),)
        parts = [Part(" Keys of ", "strong")]
        for at, name in enumerate(state.mirrors[:4]):
            parts += [
                Part(f"{', ' if at else ''}{name}", "strong"),
                badge_part(self.badges.of(name)),
            ]
        rest = len(state.mirrors) - 4
        return (*parts, Part(f" and {rest} more" if rest > 0 else "", "strong"))

    def _first_use(self) -> str:
        offered = text.counted(len(self.state.rows), "key")
        return (
            f" First use of {self.state.mirrors[0]}: {offered} on offer, none is trusted until"
            " you say so"
        )

    def _look_for_wanted(self) -> None:
        """Put the cursor on the key that is looked for, as soon as the keys are known."""
        at = self._place_of_unknown()
        if self._is_looked_for and self.state.is_complete:
            self._is_looked_for = False
            self._list.move(at or 0)

    def _place_of_unknown(self) -> int | None:
        wanted = self._unknown.key if self._unknown else ""
        rows = enumerate(self.state.rows)
        return next((at for at, card in rows if card.key.fingerprint.endswith(wanted)), None)

    def _about_unknown(self) -> list[str]:
        """What is to be said of the key that is looked for."""
        unknown = self._unknown
        if unknown is None or not self.state.is_complete:
            return []
        at = self._place_of_unknown()
        if at is None:
            where = f"{unknown.mirror} offers no such key; it may be a subkey of one of these."
        elif self.state.rows[at].key.trusted:
            return []
        else:
            where = "It is the one under the cursor." if at == self._list.cursor else ""
        return [f"{unknown.sentence.removesuffix('.')}. {where}"]

    def on_line_list_moved(self, event: LineList.Moved) -> None:  # noqa: ARG002
        """Show the key under the cursor."""
        self._show_key()

    def _show_key(self) -> None:
        card = self._list.row
        self.query_one("#key", Paper).write(
            pane_text(card, is_of_spack=self.is_of_spack) if card else lambda _: []
        )

    # Commands

    def why_not(self, command: str) -> str:
        """Most commands are about the key under the cursor."""
        card = self._list.row
        if command == "compare":
            return "" if self.state.changed else "These mirrors offer the same keys as before"
        if command == "spack":
            return self._why_not_spack()
        if command not in ("trust", "distrust", "copy"):
            return ""
        return self._why_not_key(command, card) if card else "There is no key under the cursor"

    def _why_not_key(self, command: str, card: KeyCard) -> str:
        if command == "copy" or (command == "distrust" and card.key.trusted):
            return ""
        if command == "distrust":
            return "This key is not trusted"
        is_trusted = card.key.trusted and not card.key.problem
        return "This key is trusted for this mirror already" if is_trusted else ""

    def _why_not_spack(self) -> str:
        if self.is_of_spack:
            return "These are the keys of Spack"
        is_clear = self._list.row is not None or len(self.state.mirrors) == 1
        return "" if is_clear else "Move to a key of the mirror that Spack's keys are for"

    def do_copy(self) -> None:
        """Copy the fingerprint."""
        assert self._list.row is not None
        copy(self.app, "The fingerprint", self._list.row.key.fingerprint)

    def do_trust(self) -> None:
        """Show the key and ask, as soon as it is known what second sources say of it."""
        self._undecided = self._card
        if self._card.key.mirror in self.state.asked and not self._card.key.problem:
            asked, back = self._card.key.mirror, key_of("keys", "back")
            self.say(f"Second sources about {asked} are asked. {back}: do not wait")
        self._go_on()

    def _go_on(self) -> None:
        """Open the dialog that waits for second sources, if they have spoken."""
        if self._undecided is None or not self.is_active:
            return
        waited = self._undecided.key
        card = next(
            (
                card
                for card in self.state.rows
                if (card.key.mirror, card.key.fingerprint) == (waited.mirror, waited.fingerprint)
            ),
            None,
        )
        if card is not None and waited.mirror in self.state.asked and not card.key.problem:
            return
        self._undecided = None
        self.say("")
        if card is not None:
            self._decide(card)

    def _decide(self, card: KeyCard) -> None:
        """Ask the user about a key; what stops is asked otherwise, and no is the default."""
        key, from_spack = card.key, self.is_of_spack
        request = requests.TrustKey(key.mirror, key.fingerprint, from_spack=from_spack)

        def decided(trusts: bool | None) -> None:
            if trusts:
                self.ask(request)

        def despite(typed: str | None) -> None:
            if typed:
                self.ask(replace(request, despite_disagreement=True))

        if card.key.problem:
            self.app.push_screen(unusable_key_dialog(card))
        elif card.disagreement:
            self.app.push_screen(disagreement_dialog(card), despite)
        elif self.state.has_changed(card):
            report = self.state.reports[card.key.mirror]
            self.app.push_screen(changed_key_dialog(card, report), decided)
        else:
            self.app.push_screen(trust_dialog(card, from_spack=from_spack), decided)

    def do_distrust(self) -> None:
        """Ask, then take the trust away."""
        card = self._card

        def decide(distrusts: bool | None) -> None:
            if distrusts:
                self.ask(requests.DistrustKey(card.key.mirror, card.key.fingerprint))

        dialog = Dialog(
            f'Stop trusting a key for mirror "{card.key.mirror}"?',
            joined(
                paragraphs("What it signed can no longer be installed from this mirror."),
                lambda width: key_lines(card, width),
            ),
            safe="Keep trusting",
            confirm="Stop trusting",
        )
        self.app.push_screen(dialog, decide)

    def do_compare(self) -> None:
        """Show the keys before and now."""
        self.app.push_screen(comparison_dialog(self.state.changed))

    def do_spack(self) -> None:
        """Show what is in the keyring of a Spack beside us."""
        card = self._list.row
        mirror = card.key.mirror if card else self.state.mirrors[0]
        self.app.push_screen(SpackKeysScreen(mirror))

    def do_back(self) -> None:
        """Wait no longer for second sources; else go back."""
        if self._undecided is not None:
            self._undecided = None
            self.say("")
            return
        self.ask(requests.GiveUp(trust.ReadSpackKeys if self.is_of_spack else trust.ReadKeyReport))
        self.dismiss()

    def on_line_list_opened(self) -> None:
        """A click is like Enter."""
        self.action_do("trust")


class SpackKeysScreen(KeysScreen):
    """The keys of a Spack beside us, none of them chosen, to be trusted for one mirror.

    Args:
        mirror: for which mirror.
    """

    is_of_spack = True
    nothing = " There is no key to choose from"

    def __init__(self, mirror: MirrorName) -> None:
        super().__init__((mirror,))

    def ask_about(self, mirror: MirrorName) -> None:
        """Want Spack's keys, and what second sources say of them."""
        self.state.asked.add(mirror)
        self.ask(trust.ReadSpackKeys(mirror))

    def heed(self, fact: Fact) -> bool:
        """Spack's keys arrive; what the mirror offers is of no interest here."""
        match fact:
            case trust.SpackKeysRead(mirror, cards) if mirror in self.state.mirrors:
                self.state.take_cards(mirror, cards)
            case facts.RequestFailed(trust.ReadSpackKeys(mirror), error):
                self.state.fail(mirror, error)
            case _:
                return False
        return True

    def headline(self) -> Line:
        """Whose keys these are, and for whom."""
        mirror = self.state.mirrors[0]
        return (
            Part(f" Keys that Spack trusts, to trust some for {mirror}", "strong"),
            badge_part(self.badges.of(mirror)),
        )
