"""`spackbin install` and `spackbin attach`."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.errors import Interrupted
from tui.cli.building import build_options, builder_of
from tui.cli.machine import machine_options
from tui.cli.root import Globals
from tui.cli.specs import environment_option

if TYPE_CHECKING:
    from core.model.plan import Plan

verbose_option = click.option(
    "--verbose", is_flag=True, help="Say the signature and the relocation of each package."
)


@click.command()
@click.argument("specs", nargs=-1, metavar="SPEC...")
@environment_option
@machine_options
@build_options
@click.option("--again", metavar="RUN", help="What RUN was asked for, and did not come to do.")
@click.option("--on", type=click.Choice(("slurm",)), help="By a node of the cluster, as a job.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--detach", is_flag=True, help="Start it and do not wait for it.")
@click.option("--exact", is_flag=True, help="Refuse a SPEC that matches several builds.")
@verbose_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def install(
    given: Globals,
    specs: tuple[str, ...],
    environment: Path | None,
    build: bool,
    builder: str | None,
    fresh: bool,
    again: str | None,
    on: str | None,
    yes: bool,
    detach: bool,
    exact: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Install SPEC... or an environment: show the plan, ask, fetch, verify, relocate, register.

    With --build, Spack builds from source what no mirror has, and nothing else; a SPEC that no
    build on offer satisfies is left to its solver. With --on, a node
    of the cluster installs what is cached. With --again, go on with an install whose engine died.
    """
    if on and (build or builder):
        raise click.UsageError("Only what has a binary is installed --on slurm: --builder slurm")
    with nullcontext() if on else given.expecting_install():
        from tui.cli.output import note, say, say_tidied
        from tui.cli.plans import (
            forecast_for,
            make_plan_of,
            obstacle_of,
            print_plan,
        )

        session = given.session
        say_tidied(session.install_tree.tidy())
        plan = make_plan_of(
            session,
            specs,
            environment,
            again=again or "",
            exact=exact,
            builder=builder_of(build, builder, fresh),
            fresh=fresh,
            is_quiet=given.is_quiet,
        )
        if not as_json:
            print_plan(plan, forecast_for(session, plan))
        run = session.runs.joinable(plan) if plan.has_work else None
        if run:
            note(f"This is being installed already, by run {run.id}.")
        elif obstacle := obstacle_of(plan):
            raise obstacle
        elif plan.has_work and _agreed(yes, plan):
            run = session.start_install(plan, on or "")
        if run is None:
            session.mark_explicit(plan)
            if as_json:
                _print_started(plan, None)
            else:
                say("All of it is installed already.")
        elif detach and as_json:
            _print_started(plan, run.id)
        elif detach:
            say(f"Started run {run.id}. To watch it: spackbin attach")
        else:
            from tui.cli.follow import follow

            raise click.exceptions.Exit(
                follow(
                    run,
                    session,
                    quiet=given.is_quiet,
                    as_json=as_json,
                    store=plan.store,
                    verbose=verbose,
                )
            )


@click.command()
@click.argument("run_id", required=False, metavar="[RUN]")
@verbose_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document at the end.")
@click.pass_obj
def attach(given: Globals, run_id: str | None, verbose: bool, as_json: bool) -> None:
    """Watch the install in progress, or the last one, or RUN; exits as it does."""
    from tui.cli.follow import follow
    from tui.cli.output import note

    runs = given.session.runs
    run = runs.find(run_id) if run_id else runs.current()
    if run is None:
        note("Nothing was installed into this store by spackbin yet.")
        return
    others = [other.id for other in runs.in_progress() if other.id != run.id]
    if others and not run_id:
        note(f"This is run {run.id}. Also in progress: {', '.join(others)}.")
    session = given.session
    store = str(session.settings.store)
    raise click.exceptions.Exit(
        follow(run, session, quiet=given.is_quiet, as_json=as_json, store=store, verbose=verbose)
    )


def _print_started(plan: "Plan", run: str | None) -> None:
    from core.session.documents import plan_fields
    from tui.cli.output import print_json

    print_json("install", **plan_fields(plan), run=run)


def _agreed(yes: bool, plan: "Plan") -> bool:
    from core.model.plan import Disposition
    from tui.cli.output import is_interactive
    from tui.text import counted

    if yes:
        return True
    if not is_interactive():
        raise click.UsageError("There is no terminal to ask on; say --yes to install")
    builds = len(plan.having(Disposition.BUILD))
    question = f"Install, and have {counted(builds, 'package')} built?" if builds else "Install?"
    if not click.confirm(question, default=False, err=True):
        raise Interrupted("Nothing was installed")
    return True
