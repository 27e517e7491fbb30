"""`spackbin why`."""

import click

from core.model.explanation import GOOD, Explanation, StatementKind
from core.model.host import HostVerdict
from core.model.views import BuildView
from tui.cli.machine import machine_options
from tui.cli.output import print_json, say
from tui.cli.root import Globals
from tui.text import MARKS

REFUSED, NOT_AVAILABLE = 3, 4
"""Exit statuses if trust alone is in the way, and if it cannot be used for another reason."""


@click.command()
@click.argument("spec", nargs=-1, required=True)
@machine_options
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def why(given: Globals, spec: tuple[str, ...], as_json: bool) -> None:
    """Say whether SPEC or /HASH can be used here; if not, every reason, and what to do.

    Exits with 3 if trust alone is in the way, with 4 if it cannot be used for another reason.
    """
    found = given.session.judge.explain(" ".join(spec))
    if as_json:
        print_json("explanation", **explanation_document(found))
    else:
        print_explanation(found)
    if not found.is_usable:
        bad = {statement.kind for statement in found.statements} - GOOD
        if found.build:
            # What is said of another build is nothing against this one.
            bad.discard(StatementKind.OTHER_BUILD)
        is_trust = bad == {StatementKind.TRUST}
        raise click.exceptions.Exit(REFUSED if is_trust else NOT_AVAILABLE)


def print_explanation(found: Explanation) -> None:
    """The build, the chain of reasons, and what to do."""
    if found.build:
        say(f"{_named(found.build)}  {MARKS[found.build.disposition].word}")
    for statement in found.statements:
        say(f"- {statement.sentence}.")
    if found.fleet:
        say("On the recorded machines:")
        for item in found.fleet:
            say(f"- {item.name}: {_on(item)}.")
    if found.remedies:
        say("What to do:")
        for remedy in found.remedies:
            say(f"- {remedy.sentence}{':' if remedy.command else '.'}")
            if remedy.command:
                say(f"    {remedy.command}")


def _named(build: BuildView) -> str:
    where = f"for {build.target} on {build.os}"
    return f"{build.label} {where}{f', {build.compiler}' if build.compiler else ''}"


def _on(item: HostVerdict) -> str:
    return "it runs" if item.verdict.runs else "; ".join(item.verdict.reasons)


def explanation_document(found: Explanation) -> dict[str, object]:
    """The explanation as the fields of a JSON document."""
    return {
        "asked": found.asked,
        "is_usable": found.is_usable,
        "build": found.build,
        "statements": found.statements,
        "nearest": found.nearest,
        "remedies": found.remedies,
        "fleet": [
            {"name": item.name, "runs": item.verdict.runs, "reasons": item.verdict.reasons}
            for item in found.fleet
        ],
    }
