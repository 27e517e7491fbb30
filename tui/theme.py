"""What the terminal can do, and the sixteen colours.

Colour repeats a mark or a word, it never replaces one. This file does not import Textual: the
command line asks `terminal_problem` before it starts the full-screen program.
"""

import os
from collections.abc import Mapping

THEME = "ansi-dark"
"""The theme of Textual that uses the sixteen colours of the terminal and no other."""

STYLES: dict[str, str] = {
    "": "",
    "strong": "bold",
    "quiet": "dim",
    "key": "bold",
    "off": "dim",
    "good": "green",
    "warning": "yellow",
    "bad": "red",
    "notice": "bold yellow",
    "default": "reverse",
    "installed": "green",
    "cached": "cyan",
    "blocked": "yellow",
    "to build": "magenta",
    "external": "dim",
    "other host": "dim",
    "waiting": "dim",
    "running": "cyan",
    "done": "green",
    "failed": "bold red",
    "skipped": "yellow",
}
"""The style of each role, as Rich spells styles. The words of dispositions are roles, too."""


def terminal_problem(environ: Mapping[str, str], *, is_terminal: bool) -> str:
    """Why the full-screen program cannot run here, as a sentence; empty if it can.

    Args:
        environ: the environment.
        is_terminal: whether standard input and output are a terminal.
    """
    if not is_terminal:
        return "The full-screen program needs a terminal; use the commands in a script"
    if environ.get("TERM", "") in ("", "dumb", "unknown"):
        return (
            "This terminal cannot place text (TERM is dumb or not set);"
            " use the commands, or set TERM to what the terminal is"
        )
    return ""


def wants_mouse(environ: Mapping[str, str], wanted: bool | None) -> bool:
    """Whether the terminal is to tell of the mouse.

    Args:
        environ: the environment.
        wanted: what the user said; nothing if `None`. GNU screen (4.9) that tells of the mouse
            holds Esc back until the next key.
    """
    return not environ.get("STY") if wanted is None else wanted


def wants_ascii(environ: Mapping[str, str] | None = None) -> bool:
    """True if the locale is not a UTF-8 one, so that only ASCII may be shown."""
    environ = os.environ if environ is None else environ
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        if environ.get(name):
            return "utf8" not in environ[name].lower().replace("-", "")
    return True
