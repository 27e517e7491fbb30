"""The list of keys, and the pane below it."""

from collections.abc import Callable

from core.model.keycards import KeyCard
from tui import text
from tui.state.badges import NO_BADGES
from tui.text import Line, Part, fitted
from tui.widgets.keycards import key_lines, key_state, source_lines
from tui.widgets.lines import LineList


class KeyList(LineList[KeyCard]):
    """A line for each key of each mirror."""

    badges = NO_BADGES
    """The warnings that mirrors wear."""

    def draw(self, row: KeyCard, width: int) -> Line:  # noqa: ARG002
        """Mark, mirror, state, who, which."""
        key = row.key
        sign, word, role = key_state(key)
        if row.disagreement and not key.problem:
            sign, word, role = "✗", "disputed", "bad"
        return (
            Part(f" {sign} ", role),
            Part(fitted(self.badges.all_marked((key.mirror,)), 12) + " "),
            Part(fitted(word, 12) + " ", role),
            Part(text.short_fingerprint(key.fingerprint) + "  "),
            Part(fitted(key.algorithm, 9) + " ", "quiet"),
            Part(key.user_id),
        )


def pane_text(card: KeyCard, *, is_of_spack: bool) -> Callable[[int], list[Line]]:
    """A key in full, how it stands, and what second sources say of it."""
    key = card.key
    _, word, role = key_state(key)
    offered = "offered by the mirror" if key.offered else "no longer offered by the mirror"
    state = f"it is {key.problem}" if key.problem else word
    where = "in Spack's keyring" if is_of_spack else offered
    new = ", new since you last trusted one" if card.is_new else ""
    status: Line = (Part(f"  {state}", role), Part(f", {where}{new}"))
    return lambda width: [
        *key_lines(card, width),
        status,
        *source_lines(card.sources, width),
    ]
