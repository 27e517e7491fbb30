"""`spackbin host`."""

import click

from core.model.host import Gpu, Host
from tui.cli.machine import machine_options
from tui.cli.output import print_json, print_table
from tui.cli.root import Globals


@click.command()
@machine_options
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def host(given: Globals, as_json: bool) -> None:
    """Say what this machine is: microarchitecture, operating system, C library, GPUs.

    The JSON document is a record of it, for --host and for spackbin fleet add.
    """
    found = given.session.host()
    if as_json:
        print_json("host", host=found, store=str(given.session.settings.store))
        return
    rows = [*machine_rows(found), ("store", str(given.session.settings.store))]
    print_table(("what", "value"), rows)


def machine_rows(found: Host) -> list[tuple[str, str]]:
    """What a machine is, as rows of a table."""
    libc = f"{found.libc.name} {found.libc.version} at {found.libc.prefix}" if found.libc else "?"
    return [
        ("target", found.target or "?"),
        ("runs", " ".join(found.targets) or "?"),
        ("os", found.os or "?"),
        ("libc", libc),
        ("platform", found.platform),
        ("kernel", found.kernel or "?"),
        ("features", " ".join(found.features) or "?"),
        *(("gpu", _gpu(gpu)) for gpu in found.gpus),
    ]


def _gpu(gpu: Gpu) -> str:
    driver = f", driver {gpu.driver}" if gpu.driver else ", no driver"
    return f"{gpu.name or gpu.vendor}{driver}"
