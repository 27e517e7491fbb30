"""`spackbin host`."""

import click

from tui.cli.output import print_json, print_table
from tui.cli.root import Globals


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def host(given: Globals, as_json: bool) -> None:
    """Say what this machine is: microarchitecture, operating system, C library."""
    found = given.session.host()
    if as_json:
        print_json("host", host=found, store=str(given.session.settings.store))
        return
    libc = f"{found.libc.name} {found.libc.version} at {found.libc.prefix}" if found.libc else "?"
    print_table(
        ("what", "value"),
        [
            ("target", found.target),
            ("runs", " ".join(found.targets)),
            ("os", found.os or "?"),
            ("libc", libc),
            ("platform", found.platform),
            ("kernel", found.kernel or "?"),
            ("store", str(given.session.settings.store)),
        ],
    )
