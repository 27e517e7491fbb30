"""`spackbin list` and `spackbin show`."""

from shlex import quote

import click

from core.model.views import BuildDetails, BuildView
from tui.cli.machine import machine_options
from tui.cli.output import NO_MIRROR, note, print_json, print_table
from tui.cli.root import Globals
from tui.text import MARKS, counted, listed, read_so_far, variants


@click.command(name="list")
@click.argument("query", nargs=-1)
@click.option("--all", "all_targets", is_flag=True, help="Builds for every target.")
@click.option("--installed", "is_installed", is_flag=True, help="What is in the store instead.")
@machine_options
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def list_builds(
    given: Globals, query: tuple[str, ...], all_targets: bool, is_installed: bool, as_json: bool
) -> None:
    """List the builds on offer that run here; QUERY is Spack spec syntax or part of a name."""
    if is_installed:
        _list_installed(given, " ".join(query), as_json=as_json)
        return
    found = given.session.search(" ".join(query), all_targets=all_targets)
    if as_json:
        print_json("builds", builds=found)
        return
    print_table(
        ("state", "build", "target", "os", "compiler", "hash", "from", "variants"),
        map(build_row, found),
    )
    mirrors = given.session.mirrors()
    for mirror in (mirror for mirror in mirrors if mirror.is_partial):
        so_far = read_so_far(mirror.read, mirror.expected)
        note(f"{mirror.name} is not complete: its index is being read, {so_far}.")
    unread = [mirror.name for mirror in mirrors if mirror.is_usable and mirror.refreshed is None]
    if unread:
        note(f"Not read yet: {listed(unread)}. To read the index: {_to_read(given)}")
    if not found and not mirrors:
        note(NO_MIRROR)
    elif not found and not unread:
        note("Nothing matches." if all_targets else "Nothing that runs here matches; try --all.")


def _list_installed(given: Globals, query: str, *, as_json: bool) -> None:
    found = given.session.installed_like(query)
    if as_json:
        print_json("installed", installed=found)
        return
    print_table(
        ("build", "target", "os", "compiler", "hash", "asked for", "prefix"),
        (
            (
                f"{view.name}@{view.version}",
                view.target,
                view.os,
                view.compiler or "-",
                view.hash[:7],
                "by name" if view.explicit else "-",
                view.prefix if view.is_there else f"{view.prefix} (gone)",
            )
            for view in found
        ),
    )
    if not found:
        store = given.session.settings.store
        note(
            f"Nothing installed in {store} matches."
            if query
            else f"Nothing is installed in {store}."
        )


def _to_read(given: Globals) -> str:
    """The command that reads what the mirrors of this command offer."""
    only = "".join(f"--mirror {quote(name)} " for name in given.mirrors)
    return f"spackbin {only}mirror refresh"


def build_row(build: BuildView) -> tuple[str, ...]:
    """A build as a row of a table."""
    return (
        MARKS[build.disposition].word,
        f"{build.name}@{build.version}",
        build.target,
        build.os,
        build.compiler or "-",
        build.hash[:7],
        ",".join(build.mirrors) or "-",
        variants(build.variants),
    )


@click.command()
@click.argument("spec", nargs=-1, required=True)
@machine_options
@click.option("--exact", is_flag=True, help="Refuse a SPEC that matches several builds.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def show(given: Globals, spec: tuple[str, ...], exact: bool, as_json: bool) -> None:
    """Show one build in full; SPEC is Spack spec syntax or /HASH."""
    choice = given.session.resolve(" ".join(spec), exact=exact)
    details = given.session.details(choice.build.hash)
    if as_json:
        print_json("build", details=details, matches=choice.matches)
        return
    if choice.matches > 1:
        note(f"{counted(choice.matches, 'build')} match; this one fits this machine best.")
    print_table(("what", "value"), _card(details))


def _card(details: BuildDetails) -> list[tuple[str, str]]:
    build = details.build
    state = MARKS[build.disposition].word
    needs = [f"{number} {MARKS[kind].word}" for kind, number in details.needs if number]
    rows = [
        ("build", f"{build.name}@{build.version}"),
        ("state", f"{state}: {build.reason}" if build.reason else state),
        ("hash", build.hash),
        ("target", build.target),
        ("os", build.os),
        ("compiler", build.compiler or "-"),
        ("variants", variants(build.variants) or "-"),
        ("flags", " ".join(f'{name}="{value}"' for name, value in details.flags) or "-"),
        ("from", listed(build.mirrors) or "-"),
        ("prefix", details.prefix),
        ("needs", ", ".join(needs) or "nothing"),
    ]
    rows += [
        ("depends on", f"{label} /{hash_[:7]} ({types})")
        for hash_, label, types in details.dependencies
    ]
    return rows


def say_choice(spec: str, build: BuildView, matches: int) -> None:
    """Say which build a spec came to mean, if there was a choice."""
    if matches > 1:
        note(f"{spec}: {counted(matches, 'build')} match, taking {build.label} for {build.target}.")
