"""`spackbin spack` and `spackbin concretize`: the Spack beside us, and what it decides on."""

from typing import TYPE_CHECKING

import click

from core.cancel import CancelToken
from tui.cli.output import print_json, print_table
from tui.cli.root import Globals
from tui.cli.solving import Waited, solved

if TYPE_CHECKING:
    from core.model.spackfacts import RunningSpack, SpackFacts


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def spack(given: Globals, as_json: bool) -> None:
    """Say what the Spack beside us is: version, Python, configuration, install tree, recipes.

    It is started once, and nothing is changed.
    """
    desk = given.session.spack
    facts = desk.facts()
    waited = Waited(given.is_quiet)
    try:
        running = desk.running(CancelToken(), waited)
    finally:
        waited.end()
        desk.close()
    if as_json:
        print_json("spack", files=facts, running=running)
        return
    print_table(("what", "value"), spack_rows(facts, running))


def spack_rows(facts: "SpackFacts", running: "RunningSpack") -> list[tuple[str, str]]:
    """What a Spack is, as rows of a table."""
    return [
        ("prefix", facts.prefix),
        ("version", running.version),
        ("python", f"{running.python} ({running.python_version})"),
        ("install tree", facts.install_tree),
        *([("padded to", f"{facts.padding} characters")] if facts.padding else []),
        *(("projection", f"{key}: {value}") for key, value in facts.projections),
        *(("upstream", f"{name}: {root}") for name, root in facts.upstreams),
        *(("recipes", f"{item.namespace}: {item.path}") for item in running.repositories),
        *(("configuration", path) for path in facts.scopes),
        *(("note", text) for text in facts.notes),
    ]


@click.command()
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@click.option("--reuse", is_flag=True, help="Prefer what is installed or on offer.")
@click.option("--fresh", is_flag=True, help="Take the newest, whatever is on offer.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def concretize(
    given: Globals, specs: tuple[str, ...], reuse: bool, fresh: bool, as_json: bool
) -> None:
    """Have Spack decide what SPEC... would be, with what the mirrors offer, and show the plan.

    Without --reuse and --fresh it is as Spack is configured. Nothing is installed.
    """
    from core.session.documents import plan_fields
    from tui.cli.plans import print_plan
    from tui.cli.specs import whole_specs

    if reuse and fresh:
        raise click.UsageError("--reuse and --fresh exclude each other")
    session = given.session
    choice = reuse if reuse or fresh else None
    answer = solved(session, whole_specs(specs), reuse=choice, is_quiet=given.is_quiet)
    plan = session.plan((), cancel=CancelToken(), environment=answer)
    if as_json:
        asked = [{"spec": root.spec, "hash": root.hash} for root in answer.roots]
        print_json("concretized", asked=asked, **plan_fields(plan))
    else:
        print_plan(plan)
