"""Keys on the command line: cards in full, and questions about them one by one."""

from collections.abc import Callable, Sequence

import click

from core.errors import SpackbinError
from core.model.keycards import KeyCard, KeyReport, Opinion
from core.model.views import KeyStatus
from tui.cli.output import print_error, say, shown
from tui.text import date, fingerprint

_WORDS = {
    Opinion.AGREES: "agrees",
    Opinion.DISAGREES: "DISAGREES",
    Opinion.NOT_CHECKED: "not checked",
}


def say_report(report: KeyReport) -> None:
    """All that is known of the keys of a mirror."""
    if not report.is_asked:
        say(f"Mirror {report.mirror} cannot be asked now; these are the keys trusted for it.")
        say()
    for card in report.cards:
        say_card(card)
        say()
    say_change(report)


def say_change(report: KeyReport) -> None:
    """Which keys the mirror served before and serves now, if that has changed."""
    if not report.has_changed:
        return
    say(f"The keys of mirror {report.mirror} have changed since you last trusted one.")
    now = [card.key for card in report.cards if card.key.offered]
    for title, keys in (("Before:", report.before), ("Now:", now)):
        say(title)
        for key in keys:
            say(f"  {fingerprint(key.fingerprint)}  {key.algorithm}  {_dates(key)}  {key.user_id}")
    say()


def say_card(card: KeyCard) -> None:
    """One key in full."""
    key = card.key
    for user_id in card.user_ids or ("(without a user id)",):
        say(f"  {user_id}")
    say(f"  {fingerprint(key.fingerprint)}")
    say(f"  {key.algorithm}, {_dates(key)}")
    say(f"  {state_of(key)}")
    for source in card.sources:
        say(f"  {source.name}: {_WORDS[source.opinion]} ({source.detail})")


def ask_each(
    mirror: str,
    cards: Sequence[KeyCard],
    trust: Callable[[KeyCard], KeyStatus],
    *,
    despite_disagreement: bool = False,
) -> list[KeyStatus]:
    """Ask for each key by itself whether to trust it; no is the default. Those trusted now."""
    trusted: list[KeyStatus] = []
    for card in cards:
        if card.key.trusted:
            continue
        say_card(card)
        obstacle = card.key.problem or ("" if despite_disagreement else card.disagreement)
        if obstacle:
            say(f"It cannot be trusted: {obstacle}.")
        elif click.confirm(shown(f"Trust this key for mirror {mirror} only?"), default=False):
            try:
                trusted.append(trust(card))
            except SpackbinError as error:
                print_error(error)
        say()
    return trusted


def state_of(key: KeyStatus) -> str:
    """How a key stands, in a few words."""
    if key.problem:
        return key.problem
    if key.trusted:
        return "trusted" if key.offered else "trusted, no longer offered"
    return "not trusted"


def _dates(key: KeyStatus) -> str:
    end = f"expires {date(key.expires)}" if key.expires else "does not expire"
    return f"created {date(key.created)}, {end}"
