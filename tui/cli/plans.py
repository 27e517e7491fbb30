"""`spackbin plan`: what an install would do."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.cancel import CancelToken
from core.errors import NotAvailable, Refused, SpackbinError, StoreError, WrongUse
from core.model.plan import Blocker, Disposition, Plan, PlanNode
from tui.cli.browse import say_choice
from tui.cli.building import build_options, builder_of
from tui.cli.machine import machine_options
from tui.cli.output import note, print_document, say, say_all
from tui.cli.root import Globals
from tui.cli.specs import environment_option, whole_specs
from tui.state.preflight import fit_words, space_words
from tui.state.tree import TreeState
from tui.text import counted, fingerprint, size_in_all

if TYPE_CHECKING:
    from core.model.forecast import Forecast
    from core.session import Session


@click.command()
@click.argument("specs", nargs=-1, metavar="SPEC...")
@environment_option
@build_options
@machine_options
@click.option("--exact", is_flag=True, help="Refuse a SPEC that matches several builds.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def plan(
    given: Globals,
    specs: tuple[str, ...],
    environment: Path | None,
    build: bool,
    builder: str | None,
    fresh: bool,
    exact: bool,
    as_json: bool,
) -> None:
    """Show what an install of SPEC..., or of an environment, would do, and change nothing.

    With --build, what no mirror has counts as work, and what is needed to build it is shown too;
    a SPEC that no build on offer satisfies is left to Spack's solver.
    Exits with 1 to 4 if it could not be done as it is.
    """
    made = make_plan_of(
        given.session,
        specs,
        environment,
        exact=exact,
        builder=builder_of(build, builder, fresh),
        fresh=fresh,
        is_quiet=given.is_quiet,
    )
    forecast = forecast_for(given.session, made)
    if as_json:
        from core.session.documents import plan_document

        print_document(plan_document(made, forecast))
    else:
        print_plan(made, forecast)
    obstacle = obstacle_of(made)
    if obstacle:
        raise click.exceptions.Exit(obstacle.exit_status)


def make_plan_of(
    session: "Session",
    specs: Sequence[str],
    environment: Path | None = None,
    *,
    again: str = "",
    exact: bool,
    builder: str = "",
    fresh: bool = False,
    is_quiet: bool = False,
) -> Plan:
    """The plan for specs as a user gives them; says which builds were chosen.

    Args:
        session: what is asked.
        specs: what is wanted.
        environment: one that is wanted besides.
        again: a run, instead of all else: what it was asked for and did not come to do.
        exact: True to refuse a spec that several builds satisfy.
        builder: who builds what no mirror has; if anybody does, Spack's solver is asked for the
            specs that nothing on offer satisfies here.
        fresh: True to leave all specs to the solver, and what is on offer aside.
        is_quiet: True to say nothing while it works.
    """
    if again:
        if specs or environment or builder:
            raise click.UsageError("--again RUN stands alone: the rest is as that run had it")
        asked, its_builder = session.runs.asked(again)
        return session.plan([], cancel=CancelToken(), environment=asked, builder=its_builder)
    if not specs and environment is None:
        raise click.UsageError("Name a SPEC, or an environment with -e DIR")
    locked = session.environment(environment) if environment else None
    if locked:
        for root in locked.roots:
            label = locked.graph[root.hash].label
            note(f"{root.spec}: {label}/{root.hash[:7]}, by the lock file")
    wanted = whole_specs(specs)
    hashes, open_ = ([], wanted) if fresh else _on_offer(session, wanted, builder, exact=exact)
    if open_ and locked:
        raise WrongUse(
            f"{open_[0]!a} is for Spack's solver, and the environment is as its lock file says",
            hint="Name them in two commands, or add it to the environment with Spack",
        )
    if open_:
        from tui.cli.solving import solved

        reuse = False if fresh else None
        locked = solved(session, open_, reuse=reuse, is_quiet=is_quiet)
        for root in locked.roots:
            note(f"{root.spec}: {locked.graph[root.hash].label}/{root.hash[:7]}, by Spack's solver")
    return session.plan(hashes, cancel=CancelToken(), environment=locked, builder=builder)


def _on_offer(
    session: "Session", specs: Sequence[str], builder: str, *, exact: bool
) -> tuple[list[str], list[str]]:
    """Hashes of the builds that specs come to mean, and the specs that are left to the solver."""
    hashes: list[str] = []
    open_: list[str] = []
    for spec in specs:
        try:
            choice = session.resolve(spec, exact=exact)
        except NotAvailable:
            if not builder or spec.startswith("/"):
                raise
            open_.append(spec)
            continue
        if builder and choice.build.disposition is Disposition.OTHER_HOST:
            open_.append(spec)
            continue
        say_choice(spec, choice.build, choice.matches)
        hashes.append(choice.build.hash)
    return hashes, open_


def forecast_for(session: "Session", plan: Plan) -> "Forecast | None":
    """How long the builds of a plan may take; `None` if nothing is to be built."""
    return session.judge.forecast(plan) if plan.having(Disposition.BUILD) else None


def print_plan(plan: Plan, forecast: "Forecast | None" = None) -> None:
    """The tree, then the summary in the order in which it matters."""
    say_all([*TreeState(plan, forecast=forecast).text_lines(), ""])
    for heading, kind in (
        ("To build", Disposition.BUILD),
        ("To fetch", Disposition.CACHED),
        ("Installed", Disposition.INSTALLED),
        ("External", Disposition.EXTERNAL),
        ("Blocked", Disposition.BLOCKED),
    ):
        nodes = plan.having(kind)
        extra = f"  {_extra(plan, kind)}" if nodes else ""
        say(f"{heading:<10} {len(nodes):>4}{extra}".rstrip())
        for node in nodes:
            if node.reason:
                say(f"  {node.spec.label}: {node.reason}")
    if forecast:
        from tui.state.forecast import forecast_lines

        for line in forecast_lines(plan, forecast):
            say(line)
    for signer, name in plan.signers:
        say(f"Signed by  {name}  {fingerprint(signer)}")
    say(f"Store      {plan.store}")
    _say_preflight(plan)


def _say_preflight(plan: Plan) -> None:
    """What was found out about the store."""
    for heading, words in (("Space", space_words(plan.preflight)), ("Fits", fit_words(plan))):
        if words:
            say(f"{heading:<10} {words}")
    for warning in plan.preflight.warnings:
        say(f"  {warning}")
    for obstacle in plan.preflight.obstacles:
        say(f"  {obstacle.title}: {obstacle.detail}" if obstacle.detail else f"  {obstacle.title}")
    for note_ in plan.notes:
        say(f"Note       {note_}")


def _extra(plan: Plan, kind: Disposition) -> str:
    """What to say behind a number of nodes."""
    if kind is Disposition.CACHED:
        return size_in_all(plan.bytes_to_fetch, is_whole=plan.sizes_are_known)
    if kind is Disposition.BUILD and plan.spack:
        return f"by {plan.builder}, with the Spack in {plan.spack}"
    return ""


def obstacle_of(plan: Plan) -> SpackbinError | None:
    """Why the plan cannot be carried out, `None` if it can."""
    blocked = plan.having(Disposition.BLOCKED)
    distrusted = [node for node in blocked if node.blocker is Blocker.TRUST]
    if distrusted:
        return Refused(
            f"{_first(distrusted)} cannot be trusted",
            distrusted[0].reason,
            "See the keys on offer: spackbin key list",
        )
    if blocked:
        return NotAvailable(f"{_first(blocked)} cannot be used here", blocked[0].reason)
    to_build = plan.having(Disposition.BUILD)
    for obstacle in plan.preflight.obstacles:
        kind = {WrongUse.exit_status: WrongUse, NotAvailable.exit_status: NotAvailable}.get(
            obstacle.exit_status, StoreError
        )
        return kind(obstacle.title, obstacle.detail, obstacle.hint)
    if to_build and not plan.from_source:
        return NotAvailable(
            f"{_first(to_build)} would have to be built from source",
            to_build[0].reason,
            "Have Spack build it with --build, or choose another build",
        )
    return None


def _first(nodes: Sequence[PlanNode]) -> str:
    others = len(nodes) - 1
    label = nodes[0].spec.label
    return f"{label} and {counted(others, 'other package')}" if others else label
