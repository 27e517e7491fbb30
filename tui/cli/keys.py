"""`spackbin key`."""

from collections.abc import Sequence

import click

from core.errors import Refused
from core.model.keycards import KeyCard
from core.model.views import KeyStatus
from tui.cli.keyprompts import ask_each, say_card, say_change, say_report, state_of
from tui.cli.output import NO_MIRROR, is_interactive, note, print_json, print_table, say
from tui.cli.root import Globals, Group
from tui.text import date, fingerprint, listed


@click.group(cls=Group)
def key() -> None:
    """List, trust and distrust the keys of mirrors."""


@key.command(name="list")
@click.argument("mirrors", nargs=-1, metavar="[MIRROR]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def list_keys(given: Globals, mirrors: tuple[str, ...], as_json: bool) -> None:
    """List the keys that MIRROR offers or that are trusted for it (default: all mirrors)."""
    names = mirrors or tuple(
        status.name for status in given.session.mirrors() if status.signed and status.is_usable
    )
    found = [key for name in names for key in given.session.keys(name)]
    if as_json:
        print_json("keys", keys=found)
        return
    print_keys(found)
    if not found:
        note(_why_no_key(given, names))


def _why_no_key(given: Globals, names: Sequence[str]) -> str:
    if not given.session.mirrors():
        return NO_MIRROR
    offer = f"{listed(names)} offers no key" if len(names) == 1 else "None of them offers a key"
    return f"{offer}." if names else "All mirrors are unsigned: they need no key."


@key.command()
@click.argument("mirror")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def check(given: Globals, mirror: str, as_json: bool) -> None:
    """Show the keys of MIRROR in full, what second sources say, and what has changed.

    Exits with 3 if a second source names another key than one on offer.
    """
    report = given.session.key_report(mirror)
    if as_json:
        print_json("key-report", report=report, has_changed=report.has_changed)
    else:
        say_report(report)
    if any(card.disagreement for card in report.cards):
        raise click.exceptions.Exit(Refused.exit_status)


_DESPITE = click.option(
    "--although-sources-disagree",
    "despite_disagreement",
    is_flag=True,
    help="Trust the key although a second source names another: somebody may be lying to you.",
)


@key.command()
@click.argument("mirror")
@click.argument("fingerprint_", metavar="[FINGERPRINT]", default="")
@_DESPITE
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def trust(
    given: Globals, mirror: str, fingerprint_: str, despite_disagreement: bool, as_json: bool
) -> None:
    """Trust the key with the full FINGERPRINT, for MIRROR only.

    Without FINGERPRINT, every key that MIRROR offers is shown, and asked about by itself.
    """
    session = given.session
    if not fingerprint_:
        _must_ask(as_json)
        report = session.key_report(mirror)
        say_change(report)

        def trust_one(card: KeyCard) -> KeyStatus:
            return session.trust(
                mirror, card.key.fingerprint, despite_disagreement=despite_disagreement
            )

        trusted = ask_each(
            mirror, report.cards, trust_one, despite_disagreement=despite_disagreement
        )
        say_trusted(mirror, trusted)
        return
    key = session.trust(mirror, fingerprint_, despite_disagreement=despite_disagreement)
    if as_json:
        print_json("key", key=key)
    else:
        say_trusted(mirror, [key])


@key.command(name="import")
@click.argument("mirror", default="")
@click.option("--from-spack", is_flag=True, required=True, help="Look into Spack's keyring.")
@click.option("--key", "chosen", multiple=True, metavar="FINGERPRINT", help="Trust this one.")
@_DESPITE
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def import_keys(
    given: Globals,
    mirror: str,
    from_spack: bool,
    chosen: tuple[str, ...],
    despite_disagreement: bool,
    as_json: bool,
) -> None:
    """Offer the keys that a Spack beside us trusts, to trust some of them for MIRROR only.

    Each is asked about by itself; without a terminal they are listed, and --key chooses.
    """
    session = given.session
    mirror = mirror or _only_mirror(given)

    def trust_one(fingerprint: str) -> KeyStatus:
        return session.trust(
            mirror, fingerprint, from_spack=from_spack, despite_disagreement=despite_disagreement
        )

    if chosen:
        trusted = [trust_one(fingerprint) for fingerprint in chosen]
        if as_json:
            print_json("keys", keys=trusted)
        else:
            say_trusted(mirror, trusted)
        return
    cards = session.keys_of_spack(mirror)
    if as_json:
        print_json("key-cards", cards=cards)
    elif is_interactive():
        trusted = ask_each(
            mirror,
            cards,
            lambda card: trust_one(card.key.fingerprint),
            despite_disagreement=despite_disagreement,
        )
        say_trusted(mirror, trusted)
    else:
        for card in cards:
            say_card(card)
            say()
        note(f"To trust one: spackbin key import --from-spack {mirror} --key FINGERPRINT")


@key.command()
@click.argument("mirror")
@click.argument("fingerprint_", metavar="FINGERPRINT")
@click.pass_obj
def distrust(given: Globals, mirror: str, fingerprint_: str) -> None:
    """No longer trust the key with FINGERPRINT for MIRROR."""
    given.session.distrust(mirror, fingerprint_)
    say(f"No longer trusted for mirror {mirror}: {fingerprint(fingerprint_)}")


def print_keys(keys: Sequence[KeyStatus]) -> None:
    """A table of keys; fingerprints in full, always."""
    print_table(
        ("mirror", "state", "fingerprint", "key", "created", "expires", "user id"),
        [
            (
                key.mirror,
                state_of(key),
                fingerprint(key.fingerprint),
                key.algorithm,
                date(key.created),
                date(key.expires) if key.expires else "never",
                key.user_id,
            )
            for key in keys
        ],
    )


def say_trusted(mirror: str, keys: Sequence[KeyStatus]) -> None:
    """Which keys are trusted from now on."""
    if not keys:
        say("No key was trusted.")
        return
    say(f"Trusted for mirror {mirror} only:")
    print_keys(keys)


def _must_ask(as_json: bool) -> None:
    if as_json or not is_interactive():
        raise click.UsageError("There is no terminal to ask on; name the FINGERPRINT")


def _only_mirror(given: Globals) -> str:
    names = [status.name for status in given.session.mirrors() if status.is_usable]
    if len(names) != 1:
        raise click.UsageError("Name the MIRROR for which keys are to be trusted")
    return names[0]
