"""What the screen of keys knows: keys, what second sources say of them, what is being asked."""

import re
from dataclasses import dataclass, field

from msgspec.structs import replace

from core.errors import Refused, SpackbinError
from core.model.ident import Fingerprint, MirrorName
from core.model.keycards import KeyCard, KeyReport
from core.model.plan import Disposition, Plan
from core.model.views import KeyStatus
from tui.commands import key_of
from tui.text import listed

_UNKNOWN = re.compile(
    r"is signed by the key (?P<key>[0-9A-F]{8,64}), which is not trusted for mirror (?P<mirror>\S+)"
)
_GONE_BACK = re.compile(r"Mirror \S+ has gone back to an older index")


@dataclass(frozen=True, slots=True)
class UnknownKey:
    """A key that signed something and is not pinned for the mirror that has it."""

    sentence: str
    """What it signed, without a final full stop."""
    key: str
    """All of its fingerprint, or the last digits, as far as GnuPG knows it."""
    mirror: MirrorName
    """Which mirror."""


@dataclass(slots=True)
class KeysState:
    """The keys of some mirrors."""

    mirrors: tuple[MirrorName, ...]
    """Which mirrors, in the order in which their keys are listed."""
    cards: dict[MirrorName, tuple[KeyCard, ...]] = field(
        default_factory=dict[MirrorName, tuple[KeyCard, ...]]
    )
    """What is known of the keys of each mirror that answered."""
    reports: dict[MirrorName, KeyReport] = field(default_factory=dict[MirrorName, KeyReport])
    """What second sources said last."""
    asked: set[MirrorName] = field(default_factory=set[MirrorName])
    """Mirrors about whose keys the second sources are being asked."""
    failures: dict[MirrorName, str] = field(default_factory=dict[MirrorName, str])
    """Why the keys of a mirror are not known, as sentences."""

    @property
    def rows(self) -> list[KeyCard]:
        """All keys, mirror by mirror."""
        return [card for name in self.mirrors for card in self.cards.get(name, ())]

    @property
    def is_complete(self) -> bool:
        """True if every mirror has answered, or is known not to."""
        return len(self.cards.keys() | self.failures.keys()) == len(self.mirrors)

    def take_keys(self, mirror: MirrorName, keys: tuple[KeyStatus, ...]) -> None:
        """The keys are known; what second sources say is not, yet."""
        self.failures.pop(mirror, None)
        if mirror not in self.reports:
            self.cards[mirror] = tuple(KeyCard(key, (key.user_id,), ()) for key in keys)

    def take_report(self, report: KeyReport) -> None:
        """The second sources have spoken."""
        self.reports[report.mirror] = report
        self.take_cards(report.mirror, report.cards)

    def take_cards(self, mirror: MirrorName, cards: tuple[KeyCard, ...]) -> None:
        """The keys of a mirror."""
        self.asked.discard(mirror)
        self.failures.pop(mirror, None)
        self.cards[mirror] = cards

    def take_trust(self, mirror: MirrorName, fingerprint: Fingerprint, *, is_trusted: bool) -> None:
        """A key is trusted from now on, or no longer."""
        self.cards[mirror] = tuple(
            replace(card, key=replace(card.key, trusted=is_trusted))
            if card.key.fingerprint == fingerprint
            else card
            for card in self.cards.get(mirror, ())
        )

    def fail(self, mirror: MirrorName, error: SpackbinError) -> None:
        """A mirror, or who was asked about it, did not answer."""
        self.asked.discard(mirror)
        self.failures[mirror] = " ".join(error.sentences())

    @property
    def changed(self) -> tuple[KeyReport, ...]:
        """Mirrors that offer other keys than when one was last trusted for them."""
        found = (self.reports.get(name) for name in self.mirrors)
        return tuple(report for report in found if report and report.has_changed)

    def has_changed(self, card: KeyCard) -> bool:
        """True if this key was not among those that its mirror served before."""
        report = self.reports.get(card.key.mirror)
        return report is not None and report.has_changed and card.is_new

    @property
    def is_first_use(self) -> bool:
        """True if the one mirror offers keys, and neither now nor before one was trusted."""
        cards = self.rows
        is_new = len(self.mirrors) == 1 and not self.changed
        return is_new and bool(cards) and not any(card.key.trusted for card in cards)

    @property
    def notice(self) -> str:
        """What should be known besides the keys, a sentence without its full stop."""
        if self.changed:
            names = listed([report.mirror for report in self.changed])
            compares = f"{key_of('keys', 'compare')} compares them"
            return f"The keys of {names} have changed since you last trusted one: {compares}"
        return ""

    @property
    def waits_for(self) -> str:
        """Who is being asked, a sentence without its full stop; empty if nobody is."""
        names = listed([name for name in self.mirrors if name in self.asked])
        return f"Asking the second sources about {names}: keys pages, other mirrors" * bool(names)


def unknown_key(sentence: str) -> UnknownKey | None:
    """What a sentence says of a key that is not pinned; `None` if it speaks of none."""
    found = _UNKNOWN.search(sentence)
    if found is None:
        return None
    return UnknownKey(sentence, found["key"], MirrorName(found["mirror"].rstrip(".,;")))


def first_unknown_key(plan: Plan) -> UnknownKey | None:
    """The first key that keeps a plan from being carried out because it is not pinned."""
    blocked = plan.having(Disposition.BLOCKED)
    return next(filter(None, (unknown_key(node.reason) for node in blocked)), None)


def has_gone_back(error: SpackbinError) -> bool:
    """True if a mirror was not refreshed because it serves an index that was replaced before."""
    return isinstance(error, Refused) and _GONE_BACK.match(error.title) is not None
