"""`spackbin verify`."""

import click

from tui.cli.output import note, print_json, say, say_tidied
from tui.cli.root import Globals
from tui.cli.specs import whole_specs
from tui.text import counted


@click.command()
@click.argument("specs", nargs=-1, metavar="[SPEC]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def verify(given: Globals, specs: tuple[str, ...], as_json: bool) -> None:
    """Compare the files of installed packages with what was registered (default: of all)."""
    say_tidied(given.session.install_tree.tidy())
    reports = given.session.install_tree.verify(whole_specs(specs))
    if as_json:
        print_json("verify", reports=reports)
    else:
        for report in reports:
            state = counted(len(report.problems), "problem") if report.problems else "good"
            say(f"{report.label}: {state}, {counted(report.files, 'file')} compared")
            for problem in report.problems:
                say(f"  {problem.path}: {problem.problem}")
            for remark in report.notes:
                say(f"  {remark.path}: Only a note: {remark.problem}")
        if not reports:
            note("Nothing is installed in this store.")
    if any(report.problems for report in reports):
        raise click.exceptions.Exit(1)
