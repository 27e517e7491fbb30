"""Getting around: help, panes, back, out."""

from tui.commands.command import DIALOGS, EVERYWHERE, Command

COMMANDS: tuple[Command, ...] = (
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
)
"""In the order of importance."""
