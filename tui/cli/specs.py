"""Words of a command line as specs, and the option that stands for many of them."""

import re
from collections.abc import Iterable
from pathlib import Path

import click

environment_option = click.option(
    "-e",
    "--environment",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Take the builds that the spack.lock of this environment names.",
)
"""The option of `plan` and `install` for an environment."""

_CONSTRAINT = re.compile(r"[@%+~^]|[A-Za-z_][\w-]*==?")


def whole_specs(words: Iterable[str]) -> list[str]:
    """One text per spec: a constraint that stands alone belongs to the spec before it.

    As Spack does: `hdf5@1.14 +cxx target=x86_64 zlib` are two specs.
    """
    specs: list[str] = []
    for word in words:
        if specs and _CONSTRAINT.match(word):
            specs[-1] += f" {word}"
        else:
            specs.append(word)
    return specs
