"""`spackbin fleet`: the recorded machines of a cluster."""

import sys
from pathlib import Path

import click

from core.model.host import RecordedHost
from tui.cli.output import note, print_json, print_table
from tui.cli.root import Globals, Group


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def fleet(context: click.Context) -> None:
    """Record the machines of a cluster: plan and why say what does not run on them.

    With Slurm, one small job records a partition:

    srun -p PART -n 1 spackbin host --json | spackbin fleet add PART -
    """
    if context.invoked_subcommand is None:
        context.invoke(list_fleet)


@fleet.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def list_fleet(given: Globals, as_json: bool = False) -> None:
    """List the recorded machines."""
    hosts = given.session.judge.fleet.hosts()
    if as_json:
        print_json("fleet", machines=hosts)
        return
    print_table(("name", "target", "os", "libc", "kernel", "gpus"), map(_row, hosts))
    if not hosts:
        note("No machine is recorded. See: spackbin fleet --help")


@fleet.command()
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def add(given: Globals, name: str, file: Path, as_json: bool) -> None:
    """Record a machine as NAME from FILE, or from standard input if FILE is -.

    FILE is what spackbin host --json printed on it.
    """
    profile = sys.stdin.buffer.read() if file == Path("-") else file
    machine = given.session.judge.fleet.add(name, profile)
    if as_json:
        print_json("fleet", machines=[machine])
    elif machine.host:
        note(f"Recorded {name}: {machine.host.target} on {machine.host.os}.")


@fleet.command()
@click.argument("name")
@click.pass_obj
def remove(given: Globals, name: str) -> None:
    """Forget the machine that was recorded as NAME."""
    given.session.judge.fleet.remove(name)
    note(f"Forgot {name}.")


def _row(machine: RecordedHost) -> tuple[str, ...]:
    host = machine.host
    if host is None:
        return (machine.name, machine.problem, "-", "-", "-", "-")
    libc = f"{host.libc.name}@{host.libc.version}" if host.libc else "-"
    gpus = ", ".join(gpu.name or gpu.vendor for gpu in host.gpus)
    return (machine.name, host.target, host.os, libc, host.kernel or "-", gpus or "-")
