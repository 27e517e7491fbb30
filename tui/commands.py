"""One table of commands: it feeds key bindings, footer, command palette, help page and README.

A screen offers a command if the table says so; the method that does it is called `do_<id>`.
"""

from dataclasses import dataclass

LISTS = "lists"
"""Stands for every list, tree and log."""
DIALOGS = "dialogs"
"""Stands for every dialog."""
EVERYWHERE = "everywhere"
"""Stands for every screen."""
FOOTER_KEYS = 6
"""At most so many commands stand in a footer."""


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that a key does."""

    id: str
    """Name, unique among the commands of one screen."""
    keys: tuple[str, ...]
    """Keys, as Textual names them."""
    shown: str
    """The keys, as people name them."""
    label: str
    """One or two words for the footer."""
    help: str
    """What it does, a sentence without a final full stop."""
    screens: tuple[str, ...]
    """Where it is offered."""
    footer: tuple[str, ...] = ()
    """On which of the screens the footer shows it."""


TABLE: tuple[Command, ...] = (
    Command(
        "mark",
        ("space",),
        "Space",
        "mark",
        "Mark or unmark the build under the cursor for install (for a package, its best build)",
        ("browse",),
        ("browse",),
    ),
    Command(
        "install",
        ("i",),
        "i",
        "install",
        "Show what an install of the marked builds, or else of the row, would do",
        ("browse",),
        ("browse",),
    ),
    Command(
        "open",
        ("enter",),
        "Enter",
        "open",
        "Open: from a package to its builds, from a build to its details",
        ("browse",),
    ),
    Command(
        "tree",
        ("t",),
        "t",
        "tree",
        "Show the dependency tree, cached and missing builds in one",
        ("browse", "preview"),
        ("browse", "preview"),
    ),
    Command(
        "details",
        ("d",),
        "d",
        "details",
        "Show everything about the build under the cursor",
        ("browse", "tree"),
        ("tree",),
    ),
    Command(
        "why",
        ("w",),
        "w",
        "why",
        "Say why the row under the cursor is in the state that it is in",
        ("browse", "tree", "preview", "run"),
        ("browse", "tree", "preview", "run"),
    ),
    Command(
        "filter",
        ("slash",),
        "/",
        "filter",
        "Filter as you type: a part of a name, or Spack spec syntax (hdf5@1.14:+cxx)",
        ("browse",),
        ("browse",),
    ),
    Command(
        "all_targets",
        ("a",),
        "a",
        "all targets",
        "Show builds for all targets, or only those that run here",
        ("browse",),
    ),
    Command("left", ("h", "left"), "h ←", "left", "Go to the packages", ("browse",)),
    Command("right", ("l", "right"), "l →", "right", "Go to the builds", ("browse",)),
    Command(
        "toggle",
        ("enter",),
        "Enter",
        "fold",
        "Fold or unfold the branch under the cursor",
        ("tree",),
        ("tree",),
    ),
    Command("fold", ("h", "left"), "h ←", "fold", "Fold, or go to the parent", ("tree",)),
    Command("unfold", ("l", "right"), "l →", "unfold", "Unfold", ("tree",)),
    Command(
        "go",
        ("y",),
        "y",
        "install",
        "Install what is shown",
        ("preview",),
    ),
    Command(
        "view",
        ("v",),
        "v",
        "log",
        "Switch between the overview and the log of the package under the cursor",
        ("run",),
        ("run",),
    ),
    Command("cancel", ("c",), "c", "cancel", "Cancel the install (asks first)", ("run",), ("run",)),
    Command(
        "trust",
        ("t", "enter"),
        "t",
        "trust",
        "Show the key in full and decide whether to trust it for this mirror",
        ("keys",),
        ("keys",),
    ),
    Command(
        "distrust",
        ("x",),
        "x",
        "stop trusting",
        "Stop trusting the key for this mirror (asks first)",
        ("keys",),
        ("keys",),
    ),
    Command(
        "add",
        ("A", "a"),
        "a",
        "add",
        "Add a mirror by its name and URL",
        ("mirrors",),
        ("mirrors",),
    ),
    Command(
        "remove",
        ("x", "delete"),
        "x",
        "remove",
        "Remove the mirror from the configuration (asks first)",
        ("mirrors",),
        ("mirrors",),
    ),
    Command(
        "refresh",
        ("u",),
        "u",
        "refresh",
        "Read the indexes of the mirrors anew",
        ("browse", "mirrors"),
        ("mirrors",),
    ),
    Command("mirrors", ("M",), "M", "mirrors", "Show the mirrors", ("browse",)),
    Command(
        "keys",
        ("K",),
        "K",
        "keys",
        "Show the keys that the mirrors offer, and which are trusted",
        ("browse", "preview", "mirrors"),
        ("preview", "mirrors"),
    ),
    Command(
        "log", ("L",), "L", "install log", "Show the current install, or the last", ("browse",)
    ),
    Command(
        "help",
        ("question_mark",),
        "?",
        "help",
        "Show the keys of this screen",
        (EVERYWHERE,),
        ("browse", "tree", "preview", "run", "keys", "mirrors"),
    ),
    Command(
        "palette",
        ("colon", "ctrl+p"),
        ":",
        "commands",
        "Find a command by its name",
        (EVERYWHERE,),
    ),
    Command("next_pane", ("tab",), "Tab", "next pane", "Go to the next pane", ("browse", "run")),
    Command(
        "previous_pane",
        ("shift+tab",),
        "Shift-Tab",
        "previous pane",
        "Go to the previous pane",
        ("browse", "run"),
    ),
    Command(
        "back",
        ("escape", "q"),
        "Esc",
        "back",
        "Go back one layer",
        ("tree", "keys", "mirrors", "details", "help"),
        ("tree", "keys", "mirrors", "details", "help"),
    ),
    Command(
        "back",
        ("escape", "q", "enter"),
        "Esc",
        "cancel",
        "Go back and install nothing",
        ("preview",),
        ("preview",),
    ),
    Command(
        "back",
        ("escape", "q"),
        "Esc",
        "leave it running",
        "Go back; the install goes on",
        ("run",),
        ("run",),
    ),
    Command("back", ("escape",), "Esc", "clear", "Clear the filter", ("browse",)),
    Command("quit", ("q", "ctrl+q"), "q", "quit", "Leave; a running install goes on", ("browse",)),
    Command(
        "suspend", ("ctrl+z",), "Ctrl-z", "suspend", "Go to the shell; fg returns", (EVERYWHERE,)
    ),
    Command(
        "redraw",
        ("ctrl+l",),
        "Ctrl-l",
        "redraw",
        "Paint the whole screen, if something else wrote to it",
        (EVERYWHERE,),
    ),
    Command(
        "decline",
        ("escape", "q", "enter"),
        "Esc",
        "safe answer",
        "Give the safe answer; the key of the other answer stands beside it",
        (DIALOGS,),
    ),
    Command("move_down", ("j", "down"), "j ↓", "down", "Next row", (LISTS,)),
    Command("move_up", ("k", "up"), "k ↑", "up", "Previous row", (LISTS,)),
    Command("move_top", ("g", "home"), "g", "first", "First row", (LISTS,)),
    Command("move_bottom", ("G", "end"), "G", "last", "Last row", (LISTS,)),
    Command("half_down", ("ctrl+d",), "Ctrl-d", "half page down", "Half a page down", (LISTS,)),
    Command("half_up", ("ctrl+u",), "Ctrl-u", "half page up", "Half a page up", (LISTS,)),
    Command("page_down", ("pagedown",), "PgDn", "page down", "A page down", (LISTS,)),
    Command("page_up", ("pageup",), "PgUp", "page up", "A page up", (LISTS,)),
)
"""Every command, in the order of importance."""

SCREENS = ("browse", "tree", "preview", "run", "keys", "mirrors", "details", "help")
"""The screens, by the names that the table uses."""


def commands_of(screen: str) -> tuple[Command, ...]:
    """The commands of a screen, those of every screen included, those of lists not."""
    return tuple(
        command
        for command in TABLE
        if screen in command.screens or (EVERYWHERE in command.screens and screen in SCREENS)
    )


def footer_of(screen: str) -> tuple[Command, ...]:
    """The commands that the footer of a screen shows, at most `FOOTER_KEYS`."""
    return tuple(command for command in TABLE if screen in command.footer)[:FOOTER_KEYS]


def markdown_table() -> str:
    """All commands as a Markdown table, for the README."""
    lines = ["| key | does | where |", "| --- | --- | --- |"]
    for command in TABLE:
        keys = " ".join(f"`{key}`" for key in command.shown.split())
        lines.append(f"| {keys} | {command.help} | {', '.join(command.screens)} |")
    return "\n".join(lines) + "\n"
