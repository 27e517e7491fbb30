"""`spackbin mirror`."""

import click

from core.cancel import CancelToken
from core.errors import SpackbinError
from core.model.views import MirrorStatus
from core.session import Session
from tui.cli.keys import print_keys
from tui.cli.output import note, print_error, print_json, print_table, say
from tui.cli.root import Globals
from tui.text import count, date


@click.group()
def mirror() -> None:
    """List, add, remove and refresh mirrors."""


@mirror.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def list_mirrors(given: Globals, as_json: bool) -> None:
    """List the mirrors, first in priority first."""
    found = given.session.mirrors()
    if as_json:
        print_json("mirrors", mirrors=found)
    elif found:
        print_table(("mirror", "layout", "builds", "trust", "refreshed", "url"), map(_row, found))
    else:
        note("No mirror is configured. Add one: spackbin mirror add NAME URL")


@mirror.command()
@click.argument("name")
@click.argument("url")
@click.option("--signed/--unsigned", default=True, help="Must its builds be signed (default)?")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def add(given: Globals, name: str, url: str, signed: bool, as_json: bool) -> None:
    """Add the mirror at URL as NAME: look what it is, show its keys, read its index."""
    session = given.session
    status = session.add_mirror(name, url, signed=signed)
    status = _refreshed(session, status.name, quiet=given.is_quiet)
    keys = session.keys(name) if signed else ()
    if as_json:
        print_json("mirror", mirror=status, keys=keys)
        return
    say(f"Added mirror {status.name}: layout {status.layout}, {count(status.builds)} builds.")
    if not signed:
        note(f"Builds of {status.name} are taken unsigned: nothing vouches for them.")
    elif keys:
        say("It offers these keys; none is trusted until you say so:")
        print_keys(keys)
        say(f"To trust one for this mirror: spackbin key trust {status.name} FINGERPRINT")
    else:
        note("It offers no keys, and its builds must be signed: nothing can be installed from it.")


@mirror.command()
@click.argument("name")
@click.pass_obj
def remove(given: Globals, name: str) -> None:
    """Forget the mirror NAME and the keys trusted for it."""
    given.session.remove_mirror(name)
    say(f"Removed mirror {name}.")


@mirror.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def refresh(given: Globals, names: tuple[str, ...], as_json: bool) -> None:
    """Read the index of the mirrors NAME anew (default: of all)."""
    session = given.session
    failures: list[SpackbinError] = []
    for name in names or tuple(status.name for status in session.mirrors()):
        try:
            _refreshed(session, name, quiet=given.is_quiet)
        except SpackbinError as error:
            failures.append(error)
            print_error(error)
    found = tuple(status for status in session.mirrors() if not names or status.name in names)
    if as_json:
        print_json("mirrors", mirrors=found)
    else:
        print_table(("mirror", "layout", "builds", "trust", "refreshed", "url"), map(_row, found))
    if failures:
        raise click.exceptions.Exit(failures[-1].exit_status)


def _refreshed(session: Session, name: str, *, quiet: bool) -> MirrorStatus:
    steps: list[str] = []

    def progress(step: str, _done: int, _total: int) -> None:
        if not quiet and step not in steps:
            steps.append(step)
            note(f"{name}: {step}")

    return session.refresh(name, cancel=CancelToken(), progress=progress)


def _row(status: MirrorStatus) -> tuple[str, ...]:
    if not status.signed:
        trust = "UNSIGNED"
    elif status.trusted_keys:
        trust = f"signed, {status.trusted_keys} trusted"
    else:
        trust = "signed, no key trusted"
    refreshed = date(status.refreshed) if status.refreshed else "never"
    return (
        status.name,
        status.layout or "?",
        count(status.builds),
        trust,
        f"{refreshed} ({status.error})" if status.error else refreshed,
        status.url,
    )
