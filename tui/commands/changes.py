"""Installing, removing, taking back."""

from tui.commands.command import Command

COMMANDS: tuple[Command, ...] = (
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
)
"""In the order of importance."""
