"""Key bindings of the command table, in Textual's words."""

from textual.binding import Binding, BindingType

from tui.commands import default_commands_of


def bindings_of(place: str) -> list[BindingType]:
    """The bindings of a screen, list or dialog, by the table: Textual puts in what was chosen."""
    return [
        Binding(
            ",".join(command.keys),
            f"do('{command.id}')",
            command.label,
            show=False,
            key_display=command.shown,
            id=f"{place}.{command.id}",
        )
        for command in default_commands_of(place)
    ]
