"""Building from source: agreeing to it, saving it, watching it."""

from tui.commands.command import Command

COMMANDS: tuple[Command, ...] = (
    Command(
        "build",
        ("b",),
        "b",
        "build",
        "Let Spack build what no mirror has, or leave that; the plan is made anew",
        ("preview",),
        ("preview",),
    ),
    Command(
        "cheaper",
        ("c",),
        "c",
        "cheaper",
        "Show what an install of the nearest build would do for which nothing is built",
        ("preview",),
    ),
    Command(
        "output",
        ("enter", "o"),
        "Enter",
        "build log",
        "Open all of what the build under the cursor has written",
        ("run",),
    ),
    Command(
        "search",
        ("slash",),
        "/",
        "find",
        "Find a text, in whatever case",
        ("buildlog",),
        ("buildlog",),
    ),
    Command("next", ("n",), "n", "next", "Find it again", ("buildlog",), ("buildlog",)),
    Command("left", ("h", "left"), "h ←", "left", "Columns further left", ("buildlog",)),
    Command(
        "right",
        ("l", "right"),
        "l →",
        "columns",
        "Columns further right",
        ("buildlog",),
        ("buildlog",),
    ),
    Command(
        "recipes",
        ("b",),
        "b",
        "to build",
        "Show, or hide, packages that no mirror has and that Spack could build",
        ("browse",),
    ),
)
"""In the order of importance."""
