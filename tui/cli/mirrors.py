"""`spackbin mirror`."""

from typing import TYPE_CHECKING

import click

from core.cancel import CancelToken
from core.errors import SpackbinError
from core.model.mirror import Channel, Connection
from core.model.views import MirrorStatus
from tui.cli.keyprompts import ask_each
from tui.cli.keys import print_keys, say_trusted
from tui.cli.output import (
    NO_MIRROR,
    is_interactive,
    note,
    print_error,
    print_json,
    print_table,
    say,
)
from tui.cli.root import Globals, Group
from tui.text import count, counted, date, read_so_far

if TYPE_CHECKING:
    from core.session import Session


@click.group(cls=Group)
def mirror() -> None:
    """List, add, remove and refresh mirrors."""


_HEAD = ("mirror", "layout", "builds", "trust", "refreshed", "url", "from")


@mirror.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def list_mirrors(given: Globals, as_json: bool) -> None:
    """List the mirrors, first in priority first; after ours those of a Spack beside us."""
    found = given.session.mirrors()
    for text in given.session.mirror_notes():
        note(text)
    if as_json:
        print_json("mirrors", mirrors=found)
    elif found:
        print_table(_HEAD, map(_row, found))
        _note_all(found)
    else:
        note(NO_MIRROR)


@mirror.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def known(given: Globals, as_json: bool) -> None:
    """List well-known public mirrors; `mirror add NAME` adds one of them."""
    found = given.session.known_mirrors()
    if as_json:
        print_json("known-mirrors", mirrors=found)
        return
    rows = ((item.name, item.url, item.summary, item.fingerprint) for item in found)
    print_table(("mirror", "url", "what it is", "signed by"), rows)
    note("None of them is used unless you add it: spackbin mirror add NAME")


@mirror.command()
@click.argument("name")
@click.argument("url", default="")
@click.option("--signed/--unsigned", default=True, help="Must its builds be signed (default)?")
@click.option(
    "--channel",
    type=click.Choice([*Channel], case_sensitive=False),
    help="What stands behind its builds.",
)
@click.option("--keys-page", metavar="URL", default="", help="A page that names its keys.")
@click.option("--shared-store", is_flag=True, help="No quarantine for a doubtful mirror.")
@click.option(
    "--allow-doubtful",
    "confirmed",
    metavar="NAME",
    default="",
    help="Its name once more: add it although it is unsigned or of a pull request.",
)
@click.option("--token-variable", metavar="VARIABLE", default="", help="Has the access token.")
@click.option("--user", metavar="NAME", default="", help="User, or id of an access key.")
@click.option("--password-variable", metavar="VARIABLE", default="", help="Has its secret.")
@click.option("--profile", metavar="NAME", default="", help="Profile for an object store.")
@click.option("--endpoint-url", metavar="URL", default="", help="Where the object store is.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def add(
    given: Globals,
    name: str,
    url: str,
    signed: bool,
    channel: str | None,
    keys_page: str,
    shared_store: bool,
    confirmed: str,
    token_variable: str,
    user: str,
    password_variable: str,
    profile: str,
    endpoint_url: str,
    as_json: bool,
) -> None:
    """Add the mirror at URL as NAME: look what it is, show its keys, read its index.

    Without URL the known public mirror of this name is added. Secrets are never given here: a
    VARIABLE is the name of an environment variable that has one.
    """
    session = given.session
    connection = Connection(
        user=user,
        secret_variable=password_variable,
        token_variable=token_variable,
        profile=profile,
        endpoint_url=endpoint_url,
    )
    stated = Channel(channel) if channel else None
    warnings = session.mirror_warnings(name, url, signed=signed, channel=stated)
    if warnings and not confirmed and not as_json and is_interactive():
        confirmed = _typed(warnings)
    status = session.add_mirror(
        name,
        url,
        signed=signed,
        connection=connection,
        channel=stated,
        keys_page=keys_page,
        shares_store=shared_store,
        confirmed=confirmed,
    )
    try:
        status = _refreshed(session, status.name, quiet=given.is_quiet)
    except BaseException:
        # A command that fails has changed nothing.
        session.remove_mirror(status.name)
        raise
    if as_json:
        print_json("mirror", mirror=status, keys=session.keys(name) if signed else ())
        return
    say(f"Added mirror {status.name}: layout {status.layout}, {count(status.builds)} builds.")
    if status.quarantine:
        note(f"Its builds will go to a store of their own: {status.quarantine}")
    if signed:
        _introduce_keys(session, status)
    else:
        note(f"Builds of {status.name} are taken unsigned: nothing vouches for them.")


def _introduce_keys(session: "Session", status: MirrorStatus) -> None:
    """The keys of a new mirror: asked about on a terminal, else listed."""
    keys = session.keys(status.name)
    if keys and is_interactive():
        say("It offers these keys. No key is trusted unless you say so:")
        say()
        cards = session.key_report(status.name).cards
        trusted = ask_each(
            status.name, cards, lambda card: session.trust(status.name, card.key.fingerprint)
        )
        say_trusted(status.name, trusted)
    elif keys:
        say("It offers these keys; none is trusted until you say so:")
        print_keys(keys)
        say(f"To trust one for this mirror: spackbin key trust {status.name} FINGERPRINT")
    else:
        note("It offers no keys, and its builds must be signed: nothing can be installed from it.")
        note(f"If they have no signatures: spackbin mirror remove {status.name}, and --unsigned.")


def _typed(warnings: tuple[str, ...]) -> str:
    """What the user types who is asked for the name of a doubtful mirror once more."""
    for warning in warnings:
        note(warning)
    return click.prompt("To add it all the same, type its name", default="", err=True)


@mirror.command()
@click.argument("mirror_name", metavar="NAME")
@click.pass_obj
def remove(given: Globals, mirror_name: str) -> None:
    """Forget the mirror NAME and the keys trusted for it."""
    given.session.remove_mirror(mirror_name)
    say(f"Removed mirror {mirror_name}.")


@mirror.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--accept-older", is_flag=True, help="Take an index that was replaced before.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def refresh(given: Globals, names: tuple[str, ...], accept_older: bool, as_json: bool) -> None:
    """Read the index of the mirrors NAME anew (default: of all)."""
    if accept_older and not names:
        raise click.UsageError("--accept-older needs the NAME of the mirror")
    session = given.session
    failures: list[SpackbinError] = []
    for name in names or _usable(session):
        try:
            _refreshed(session, name, quiet=given.is_quiet, accept_older=accept_older)
        except SpackbinError as error:
            failures.append(error)
            print_error(error)
    found = tuple(status for status in session.mirrors() if not names or status.name in names)
    if as_json:
        print_json("mirrors", mirrors=found)
    else:
        print_table(_HEAD, map(_row, found))
        _note_all(found)
    if failures:
        raise click.exceptions.Exit(failures[-1].exit_status)


def _usable(session: "Session") -> list[str]:
    """The names of the mirrors that can be read; the others are noted."""
    names: list[str] = []
    for status in session.mirrors():
        if status.is_usable:
            names.append(status.name)
        else:
            note(f"{status.name} is left out: {status.error}")
    return names


def _refreshed(
    session: "Session", name: str, *, quiet: bool, accept_older: bool = False
) -> MirrorStatus:
    steps: list[str] = []

    def progress(step: str, _done: int, _total: int) -> None:
        if not quiet and step not in steps:
            steps.append(step)
            note(f"{name}: {step}")

    return session.refresh(name, cancel=CancelToken(), progress=progress, accept_older=accept_older)


def _note_all(found: tuple[MirrorStatus, ...]) -> None:
    for status in found:
        if status.note:
            note(f"{status.name}: {status.note}.")
        if status.filters:
            builds = f"{count(status.hidden)} of {counted(status.builds, 'build')}"
            note(f"{status.name}: {status.filters}. That hides {builds}.")


def _row(status: MirrorStatus) -> tuple[str, ...]:
    if not status.is_usable:
        trust = "unusable"
    elif not status.signed:
        trust = status.badge
    else:
        keys = f"{status.trusted_keys} trusted" if status.trusted_keys else "no key trusted"
        trust = ", ".join(filter(None, (status.badge, "signed", keys)))
    refreshed = date(status.refreshed) if status.refreshed else "never"
    if status.is_partial:
        refreshed = read_so_far(status.read, status.expected)
    return (
        status.name,
        status.layout or "?",
        count(status.builds),
        trust,
        f"{refreshed} ({status.error})" if status.error else refreshed,
        status.url,
        status.origin or "spackbin",
    )
