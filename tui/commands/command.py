"""What a command is, and the names of places that are no single screen."""

from core.model.value import Value

LISTS = "lists"
"""Stands for every list, tree and log."""
DIALOGS = "dialogs"
"""Stands for every dialog."""
EVERYWHERE = "everywhere"
"""Stands for every screen."""
FOOTER_KEYS = 6
"""At most so many commands stand in a footer."""


class Command(Value, frozen=True):
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


class Chosen(Value, frozen=True):
    """Keys that the user wants for a command."""

    keys: tuple[str, ...]
    """Keys, as Textual names them."""
    shown: str
    """The keys, as people name them."""
