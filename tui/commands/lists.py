"""Moving in lists, trees and logs."""

from tui.commands.command import LISTS, Command

COMMANDS: tuple[Command, ...] = (
    Command("move_down", ("j", "down"), "j ↓", "down", "Next row", (LISTS,)),
    Command("move_up", ("k", "up"), "k ↑", "up", "Previous row", (LISTS,)),
    Command("move_top", ("g", "home"), "g", "first", "First row", (LISTS,)),
    Command("move_bottom", ("G", "end"), "G", "last", "Last row", (LISTS,)),
    Command("half_down", ("ctrl+d",), "Ctrl-d", "half page down", "Half a page down", (LISTS,)),
    Command("half_up", ("ctrl+u",), "Ctrl-u", "half page up", "Half a page up", (LISTS,)),
    Command("page_down", ("pagedown",), "PgDn", "page down", "A page down", (LISTS,)),
    Command("page_up", ("pageup",), "PgUp", "page up", "A page up", (LISTS,)),
)
"""In the order of importance."""
