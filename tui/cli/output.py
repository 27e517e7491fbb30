"""How the command line speaks: tables, plain lines, JSON, errors.

Tables on a terminal, tab-separated lines through a pipe, one JSON document with `--json`. What is
asked for goes to standard output; progress and errors go to standard error. No foreign text reaches
a terminal unescaped.
"""

import os
import sys
from collections.abc import Callable, Iterable, Sequence

from core.errors import SpackbinError
from tui.text import clean, fitted, to_ascii, width_of
from tui.theme import wants_ascii

NO_MIRROR = (
    "No mirror is configured. Add one: spackbin mirror add NAME URL;"
    " well-known ones: spackbin mirror known"
)
"""What is said where there can be nothing to list."""


def shown(text: str) -> str:
    """The text as it may reach the terminal: harmless, and in ASCII where that is all it has."""
    return _harmless()(text)


def _harmless() -> Callable[[str], str]:
    """What `shown` does, for many texts."""
    return (lambda text: to_ascii(clean(text))) if wants_ascii() else clean


def say(text: str = "") -> None:
    """One line of the answer."""
    # At once, so that it stands in order with what goes to standard error.
    print(shown(text), flush=True)


def say_all(lines: Iterable[str]) -> None:
    """Lines of the answer, written at once."""
    text = "\n".join(map(clean, lines))
    print(to_ascii(text) if wants_ascii() else text, flush=True)


def note(text: str) -> None:
    """One line beside the answer, on standard error."""
    print(shown(text), file=sys.stderr, flush=True)


def say_tidied(lines: Iterable[str]) -> None:
    """What of the dead was put in order, beside the answer."""
    for line in lines:
        note(f"Tidied up: {line}.")


def print_json(kind: str, **fields: object) -> None:
    """One JSON document: schema version and kind first, then `fields`."""
    from core.session.documents import document  # Most commands print tables.

    print_document(document(kind, **fields))


def print_document(made: bytes) -> None:
    """A JSON document that is made already."""
    sys.stdout.write(made.decode())


def print_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Rows under a head on a terminal; tab-separated rows without one through a pipe."""
    harmless = _harmless()
    cells = [[harmless(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        cells.insert(0, list(head))
        widths = [max(map(width_of, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join(fitted(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in cells
        ]
    else:
        lines = ["\t".join(row) for row in cells]
    print("".join(f"{line}\n" for line in lines), end="")


def print_error(error: SpackbinError) -> None:
    """One to three plain sentences on standard error."""
    for sentence in error.sentences():
        note(sentence)


def is_debugging() -> bool:
    """True if the user wants tracebacks (`SPACKBIN_DEBUG=1`)."""
    return os.environ.get("SPACKBIN_DEBUG", "") not in ("", "0")


def is_interactive() -> bool:
    """True if there is a person to ask: standard input and error are a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()
