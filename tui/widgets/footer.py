"""The last line: the keys that the screen is for, or a message until the next key."""

from collections.abc import Callable

from textual import events

from tui.commands import Command, commands_of, footer_of
from tui.text import Line, Part, width_of
from tui.widgets.paper import Paper

SLOW = "slow line "
"""Stands at the right end if the terminal is far away."""
KEPT = ("help", "back")
"""Keys that stay where there is no room for all."""


class Footer(Paper):
    """At most six keys; those that do not apply now are greyed."""

    DEFAULT_CSS = """
    Footer { dock: bottom; height: 1; }
    """

    def __init__(self, screen_name: str, is_off: Callable[[str], bool]) -> None:
        super().__init__(self._keys)
        self._screen_name = screen_name
        self._commands = footer_of(screen_name)
        self._is_off = is_off
        self._message = ""
        self._labels: dict[str, str] = {}

    def relabel(self, command: str, label: str) -> None:
        """Call a command something else from now on."""
        self._labels[command] = label
        self.update()

    def offer(self, *commands: str) -> None:
        """Show these commands of the screen, by their ids; without any those of the table."""
        by_id = {command.id: command for command in commands_of(self._screen_name)}
        shown = [by_id[name] for name in commands]
        self._commands = tuple(shown) or footer_of(self._screen_name)
        self.update()

    def _label(self, command: Command) -> str:
        return self._labels.get(command.id, command.label)

    def update(self) -> None:
        """Look anew which keys apply."""
        if not self._message:
            self.write(self._keys)

    def say(self, message: str) -> None:
        """Show a message in place of the keys; the empty one brings them back."""
        if message == self._message:
            return
        self._message = message
        self.write((lambda _: ((Part(" " + message, "notice"),),)) if message else self._keys)

    @property
    def message(self) -> str:
        """What is said in place of the keys."""
        return self._message

    def _fitting(self, width: int) -> list[Command]:
        """As many as have room; those that are never left out say where the others are."""
        shown = list(self._commands)
        while shown and sum(map(self._cells, shown)) > width:
            spare = [one for one in shown if one.id not in KEPT] or shown
            shown.remove(spare[-1])
        return shown

    def _cells(self, command: Command) -> int:
        return width_of(f" {command.shown.split()[0]} {self._label(command)} ")

    def _keys(self, width: int) -> list[Line]:
        parts: list[Part] = []
        for command in self._fitting(width):
            is_off = self._is_off(command.id)
            parts.append(Part(f" {command.shown.split()[0]}", "off" if is_off else "key"))
            parts.append(Part(f" {self._label(command)} ", "off" if is_off else ""))
        left = width - width_of("".join(part.text for part in parts)) - width_of(SLOW)
        if left > 0 and getattr(self.app, "line", ""):
            parts += [Part(" " * left), Part(SLOW, "quiet")]
        return [tuple(parts)]

    async def on_click(self, event: events.Click) -> None:
        """A click on a key is that key."""
        command = self._command_at(event.x)
        if command and not self._message:
            await self.screen.run_action(f"do('{command.id}')")

    def _command_at(self, x: int) -> Command | None:
        for command in self._fitting(self.content_size.width):
            x -= self._cells(command)
            if x < 0:
                return command
        return None
