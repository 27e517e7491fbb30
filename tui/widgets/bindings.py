"""Key bindings of the command table, in Textual's words."""

from textual.binding import Binding, BindingType

from tui.commands import TABLE, commands_of


def bindings_of(screen: str) -> list[BindingType]:
    """The bindings of a screen, list or dialog; each has an id by which it can be remapped."""
    commands = commands_of(screen) or tuple(one for one in TABLE if screen in one.screens)
    return [
        Binding(
            ",".join(command.keys),
            f"do('{command.id}')",
            command.label,
            show=False,
            key_display=command.shown,
            id=f"{screen}.{command.id}",
        )
        for command in commands
    ]
