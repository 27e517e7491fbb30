"""`spackbin matrix` and `spackbin info`: tables over many builds."""

import shutil
import sys

import click

from core.errors import NotAvailable
from core.model.tables import Matrix, MatrixCell, VariantTable
from tui.cli.machine import machine_options
from tui.cli.output import note, print_json, print_table, say
from tui.cli.root import Globals
from tui.text import DULL, MARKS, count, counted

_OWN, _RUNS, _PARTLY = "*", "+", "/"
_GAP = 2


@click.command()
@click.argument("mirror", required=False)
@machine_options
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def matrix(given: Globals, mirror: str | None, as_json: bool) -> None:
    """Count the builds of MIRROR, or of all mirrors, by operating system and target."""
    found = given.session.judge.matrix(mirror)
    if as_json:
        print_json("matrix", matrix=found)
        return
    if sys.stdout.isatty():
        print_matrix(found, shutil.get_terminal_size().columns)
    else:
        print_table(("os", "target", "builds", "packages", "run here"), map(_line, found.cells))
    note(coverage(found))


def _line(cell: MatrixCell) -> tuple[str, ...]:
    return (
        cell.system,
        cell.target,
        str(cell.builds),
        str(cell.packages),
        str(cell.runs_here),
    )


def coverage(found: Matrix) -> str:
    """How much of it runs on the machine, as a sentence."""
    if not found.packages:
        return "There are no builds on offer."
    return (
        f"{count(found.packages_here)} of {counted(found.packages, 'package')} have a build that"
        f" runs here; of {counted(found.builds, 'build')}, {count(found.runs_here)} do."
    )


def print_matrix(found: Matrix, width: int) -> None:
    """The table, in as many blocks of columns as it needs."""
    names = [_system(found, row.system) for row in found.rows]
    first = max((len(name) for name in names), default=0)
    for targets in _blocks(found, width - first):
        widths = {target: _width(found, target) for target in targets}
        heads = "".join(f"{target:>{widths[target] + _GAP}}" for target in targets)
        say(f"{'':<{first}}{heads}".rstrip())
        for row, name in zip(found.rows, names, strict=True):
            cells = (
                f"{_cell(found.cell(row.system, target)):>{widths[target] + _GAP}}"
                for target in targets
            )
            say(f"{name:<{first}}{''.join(cells)}".rstrip())
        say()
    if found.cells:
        say(f"{_OWN} this machine  {_RUNS} runs here  {_PARTLY} runs here in part")


def _blocks(found: Matrix, room: int) -> list[list[str]]:
    blocks: list[list[str]] = []
    left = 0
    for target in found.targets:
        needed = _width(found, target) + _GAP
        if not blocks or needed > left:
            blocks.append([])
            left = room
        blocks[-1].append(target)
        left -= needed
    return blocks


def _width(found: Matrix, target: str) -> int:
    cells = (_cell(found.cell(row.system, target)) for row in found.rows)
    return max(len(target), *(len(cell) for cell in cells))


def _system(found: Matrix, system: str) -> str:
    libcs = next(row.libcs for row in found.rows if row.system == system)
    return f"{system} ({', '.join(libcs)})" if libcs else system


def _cell(cell: MatrixCell | None) -> str:
    if cell is None:
        return ". "
    mark = _RUNS if cell.runs_here == cell.builds else _PARTLY if cell.runs_here else " "
    return f"{count(cell.builds)}{_OWN if cell.is_host else mark}"


@click.command()
@click.argument("package")
@machine_options
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def info(given: Globals, package: str, as_json: bool) -> None:
    """Show all builds of PACKAGE, the one that fits best first, and in what they differ."""
    found = given.session.judge.variants(package)
    if not found.builds:
        hint = f"See why: spackbin why {package}"
        raise NotAvailable(f"No build of a package called {package} is known", "", hint)
    if as_json:
        print_json("variants", table=found)
        return
    print_variants(found)


def print_variants(found: VariantTable) -> None:
    """The table, and behind it what is the same for all builds."""
    columns = [column for column in found.columns if column.title not in DULL]
    rows = [
        (
            MARKS[build.disposition].word,
            *(
                column.values[at][:7] if column.title == "hash" else column.values[at]
                for column in columns
            ),
        )
        for at, build in enumerate(found.builds)
    ]
    print_table(("state", *(column.title for column in columns)), rows)
    same = ", ".join(f"{title} {value}" for title, value in found.same if title not in DULL)
    note(f"{counted(len(rows), 'build')}. The same for all: {same or 'nothing'}.")
