"""`spackbin key`."""

from collections.abc import Sequence

import click

from core.model.views import KeyStatus
from tui.cli.output import print_json, print_table, say
from tui.cli.root import Globals
from tui.text import date, fingerprint


@click.group()
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
    else:
        print_keys(found)


@key.command()
@click.argument("mirror")
@click.argument("fingerprint_", metavar="FINGERPRINT")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def trust(given: Globals, mirror: str, fingerprint_: str, as_json: bool) -> None:
    """Trust the key with the full FINGERPRINT, for MIRROR only."""
    trusted = given.session.trust(mirror, fingerprint_)
    if as_json:
        print_json("key", key=trusted)
        return
    say(f"Trusted for mirror {mirror} only:")
    print_keys([trusted])


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
                _state(key),
                fingerprint(key.fingerprint),
                key.algorithm,
                date(key.created),
                date(key.expires) if key.expires else "never",
                key.user_id,
            )
            for key in keys
        ],
    )


def _state(key: KeyStatus) -> str:
    if key.problem:
        return key.problem
    if key.trusted:
        return "trusted" if key.offered else "trusted, no longer offered"
    return "not trusted"
