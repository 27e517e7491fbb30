"""The options that name another machine than this one, for all commands that judge builds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from msgspec.structs import replace

_Command = TypeVar("_Command", bound=Callable[..., Any])


def machine_options(command: _Command) -> _Command:
    """Gives a command the options `--host`, `--target`, `--os` and `--libc`."""
    options = (
        ("--libc", "libc", str, "NAME@VERSION", "Judge for this C library: glibc@2.28."),
        ("--os", "os", str, "NAME", "Judge for this operating system: rhel8."),
        ("--target", "target", str, "NAME", "Judge for this microarchitecture: zen2."),
        (
            "--host",
            "profile",
            click.Path(path_type=Path),
            "FILE",
            "Judge for a machine recorded with: spackbin host --json > FILE.",
        ),
    )
    for name, field, kind, metavar, text in options:
        command = click.option(
            name, field, type=kind, metavar=metavar, help=text, expose_value=False, callback=_keep
        )(command)
    return command


def _keep(context: click.Context, parameter: click.Parameter, value: object) -> None:
    """Note it among the global options: the session is opened for that machine."""
    from core.model.host import HostChoice

    if value is not None and parameter.name:
        given = context.obj
        given.machine = replace(given.machine or HostChoice(), **{parameter.name: value})
