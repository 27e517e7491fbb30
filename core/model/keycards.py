"""What can be said of the keys of a mirror before somebody decides about them.

Text that came from a mirror stands in these values as it came; the faces escape it.
"""

from enum import StrEnum

from core.model.ident import MirrorName
from core.model.value import Value
from core.model.views import KeyStatus


class Opinion(StrEnum):
    """What a second source says of a key."""

    AGREES = "agrees"
    """It names this very key for this mirror."""
    DISAGREES = "disagrees"
    """It names another key instead: somebody lies, and the key is not to be trusted."""
    NOT_CHECKED = "not checked"
    """It says nothing, or could not be asked. This is no agreement."""


class SecondSource(Value, frozen=True):
    """One who may know the keys of a mirror, and is not the mirror."""

    name: str
    """`known to spackbin`, `keys page`, `other mirrors`."""
    opinion: Opinion
    """What it says."""
    detail: str
    """Why, as a part of a sentence. Our own words, with names and URLs of the configuration."""


class KeyCard(Value, frozen=True):
    """One key and all that is known of it."""

    key: KeyStatus
    """The key itself."""
    user_ids: tuple[str, ...]
    """All its user ids. Foreign text."""
    sources: tuple[SecondSource, ...]
    """What the second sources say, always in the same order."""
    is_new: bool = False
    """True if the mirror did not serve it when a key was last trusted for it."""

    def having(self, opinion: Opinion) -> tuple[SecondSource, ...]:
        """The second sources of one opinion."""
        return tuple(source for source in self.sources if source.opinion is opinion)

    @property
    def disagreement(self) -> str:
        """What second sources say against it, as part of a sentence; empty if none does."""
        found = self.having(Opinion.DISAGREES)
        return "; ".join(f"{source.name}: {source.detail}" for source in found)


class KeyReport(Value, frozen=True):
    """The keys of one mirror: now, and when one was last trusted for it."""

    mirror: MirrorName
    """Which mirror."""
    is_asked: bool
    """False if the mirror cannot be asked; then the cards are of the trusted keys alone."""
    cards: tuple[KeyCard, ...]
    """Offered or trusted keys."""
    before: tuple[KeyStatus, ...] = ()
    """What the mirror served when a key was last trusted for it; empty if that never was."""

    @property
    def has_changed(self) -> bool:
        """True if the mirror offers other keys than when one was last trusted for it."""
        old = {key.fingerprint for key in self.before}
        now = {card.key.fingerprint for card in self.cards if card.key.offered}
        return self.is_asked and bool(old) and old != now
