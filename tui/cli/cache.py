"""`spackbin cache`."""

from typing import TYPE_CHECKING

import click

from tui.cli.output import note, print_json, say
from tui.cli.root import Globals, Group
from tui.text import counted, size

if TYPE_CHECKING:
    from core.session.cache import CacheDesk


@click.group(cls=Group, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_context
def cache(ctx: click.Context, as_json: bool) -> None:
    """Say where downloads are kept, how many, and how large they are."""
    if ctx.invoked_subcommand is None:
        _report(ctx.obj, as_json=as_json)


@cache.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def trim(given: Globals, as_json: bool) -> None:
    """Remove what was not used for longest, until the cache has its size (`cache_size`)."""
    _made_smaller(given, _desk(given).trim(), as_json=as_json)


@cache.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def clear(given: Globals, as_json: bool) -> None:
    """Remove all downloads that are not in use; they can be fetched again."""
    _made_smaller(given, _desk(given).clear(), as_json=as_json)


def _desk(given: Globals) -> "CacheDesk":
    from core.session.cache import CacheDesk

    return CacheDesk(given.session.settings)


def _report(given: Globals, *, as_json: bool) -> None:
    found = _desk(given).report()
    if as_json:
        print_json("cache", cache=found)
        return
    say(f"{found.directory}: {size(found.size)} of at most {size(found.limit)}")
    parts = f", {counted(found.parts, 'part')} of others" if found.parts else ""
    say(f"{counted(found.blobs, 'blob')}{parts}, {counted(found.manifests, 'manifest')}")
    for shared in found.shared:
        state = "" if shared.is_readable else " (cannot be read)"
        say(f"looked at first: {shared.directory}{state}")


def _made_smaller(given: Globals, freed: int, *, as_json: bool) -> None:
    found = _desk(given).report()
    if as_json:
        print_json("cache", cache=found, freed=freed)
        return
    say(f"Freed {size(freed)}; {size(found.size)} are left.")
    if found.size > found.limit:
        note("What is in use at the moment stays.")
