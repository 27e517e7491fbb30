"""Mirrors and their keys."""

from tui.commands.command import Command

COMMANDS: tuple[Command, ...] = (
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
)
"""In the order of importance."""
