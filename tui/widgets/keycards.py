"""Keys in full: who, all digits, what they are, what second sources say; old and new side by side.

User ids are foreign text of any length. They get few lines, so that they cannot push out of sight
what stands below them.
"""

import re
from collections.abc import Callable, Sequence
from itertools import zip_longest

from core.model.keycards import KeyCard, KeyReport, Opinion, SecondSource
from core.model.views import KeyStatus
from tui import text
from tui.text import Line, Part, fitted

Text = Callable[[int], list[Line]]
"""Lines that depend on the width in cells."""
MOST_USER_IDS = 3
"""So many user ids of a key are shown."""
LINES_OF_A_USER_ID = 2
"""Lines that one of them may take."""
SIDE_BY_SIDE = 70
"""From so many cells on, old and new stand beside each other."""
BETWEEN = " │ "
"""Between old and new."""
_FINGERPRINT = re.compile(r"\b[0-9A-F]{40}\b")
_OPINIONS = {
    Opinion.AGREES: ("✓", "agrees", "good"),
    Opinion.DISAGREES: ("✗", "DISAGREES", "bad"),
    Opinion.NOT_CHECKED: ("·", "not checked", "quiet"),
}


def key_state(key: KeyStatus) -> tuple[str, str, str]:
    """(mark, word, role) of how a key stands."""
    if key.problem:
        return "✗", "unusable", "bad"
    if key.trusted:
        return "✓", "trusted", "good"
    return "◐", "not trusted", "warning"


def fingerprint_lines(fingerprint: str, width: int) -> list[str]:
    """The groups of a fingerprint on one line, or on two or more where the width is small."""
    shown = text.fingerprint(fingerprint)
    if text.width_of(shown) <= width:
        return [shown]
    return [line for half in shown.split("   ") for line in text.wrapped(half, width)]


def key_lines(card: KeyCard, width: int) -> list[Line]:
    """A key in full, without what others say of it."""
    key = card.key
    return [
        *((Part(f"  {line}", "strong"),) for line in _user_ids(card, width - 2)),
        *((Part(f"  {line}"),) for line in fingerprint_lines(key.fingerprint, width - 2)),
        *((Part(f"  {line}", "quiet"),) for line in text.wrapped(_described(key), width - 2)[:3]),
    ]


def _user_ids(card: KeyCard, width: int) -> list[str]:
    found = [user_id for user_id in card.user_ids or (card.key.user_id,) if user_id]
    if not found:
        return ["no user id"]
    lines = [line for user_id in found[:MOST_USER_IDS] for line in _few(user_id, width)]
    rest = len(found) - MOST_USER_IDS
    more = text.cropped(f"and {text.counted(rest, 'more user id')}", width)
    return [*lines, more] if rest > 0 else lines


def _few(foreign: str, width: int) -> list[str]:
    """The first lines of a text; a cut is shown."""
    lines = text.wrapped(foreign, width)
    if len(lines) <= LINES_OF_A_USER_ID:
        return lines
    kept = lines[:LINES_OF_A_USER_ID]
    return [*kept[:-1], text.cropped(f"{kept[-1]} {lines[LINES_OF_A_USER_ID]}", width)]


def _described(key: KeyStatus) -> str:
    return f"{key.algorithm} · created {text.date(key.created)} · {_end(key)}"


def _end(key: KeyStatus) -> str:
    return "does not expire" if key.expires is None else f"expires {text.date(key.expires)}"


def source_lines(sources: Sequence[SecondSource], width: int) -> list[Line]:
    """What each second source says: mark, word, why."""
    return [line for source in sources for line in _source(source, width)]


def _source(source: SecondSource, width: int) -> list[Line]:
    mark, word, role = _OPINIONS[source.opinion]
    head = f"  {mark} {fitted(source.name, 17)} {fitted(word, 12)} "
    said = "bad" if role == "bad" else "quiet"
    detail = _FINGERPRINT.sub(lambda found: text.fingerprint(found[0]), source.detail)
    if text.width_of(head + detail) <= width:
        return [(Part(head, role), Part(detail, said))]
    below = text.wrapped(detail, width - 6)
    return [(Part(head.rstrip(), role),), *((Part(f"      {line}", said),) for line in below)]


def change_lines(report: KeyReport, width: int, about: KeyStatus | None = None) -> list[Line]:
    """The keys of a mirror before and now: beside each other, or below where that is too wide.

    Args:
        report: what is known of them.
        width: in cells.
        about: one of those of now, to show it alone, beside the one that it may have replaced.
    """
    now = [card.key for card in report.cards if card.key.offered]
    old = {key.fingerprint for key in report.before}
    new = {key.fingerprint for key in now}
    # The one that is gone is the one to compare with.
    past = sorted(report.before, key=lambda key: key.fingerprint in new)
    before = _side(
        "Before",
        past[: 1 if about else None],
        lambda key: _was(key, is_kept=key.fingerprint in new),
    )
    after = _side(
        "Now", [about] if about else now, lambda key: _is(key, is_old=key.fingerprint in old)
    )
    if width < SIDE_BY_SIDE:
        return [*before(width), (), *after(width)]
    half = (width - len(BETWEEN)) // 2
    return [
        (*_filled(left, half), Part(BETWEEN, "quiet"), *right)
        for left, right in zip_longest(before(half), after(half), fillvalue=())
    ]


def _was(key: KeyStatus, *, is_kept: bool) -> Part:
    trusted = ", trusted" if key.trusted else ""
    if is_kept:
        return Part(f"still offered{trusted}", "quiet")
    return Part(f"no longer offered{trusted}", "warning")


def _is(key: KeyStatus, *, is_old: bool) -> Part:
    if key.problem:
        return Part(f"it is {key.problem}", "bad")
    state = "trusted" if key.trusted else "not trusted"
    return Part(f"as before, {state}", "quiet") if is_old else Part(f"new, {state}", "warning")


def _side(title: str, keys: Sequence[KeyStatus], state: Callable[[KeyStatus], Part]) -> Text:
    def lines(width: int) -> list[Line]:
        found: list[Line] = [(Part(title, "strong"),)]
        for at, key in enumerate(keys):
            found += [()] if at else []
            found += [
                *((Part(line, "strong"),) for line in fingerprint_lines(key.fingerprint, width)),
                *((Part(line),) for line in _few(key.user_id or "no user id", width)),
                (Part(f"{key.algorithm} · created {text.date(key.created)}", "quiet"),),
                (Part(_end(key), "quiet"),),
                (state(key),),
            ]
        return found if keys else [*found, (Part("no key", "quiet"),)]

    return lines


def _filled(line: Line, width: int) -> Line:
    """The line in exactly `width` cells."""
    kept: list[Part] = []
    for part in line:
        kept.append(Part(text.cropped(part.text, width), part.role))
        width -= text.width_of(kept[-1].text)
    return (*kept, Part(" " * width))
