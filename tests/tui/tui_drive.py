"""Drives the program in tests: opens it, presses keys, waits for what is on the screen."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from tui.app import SpackbinApp

PATIENCE = 60.0
SIZE = (80, 24)


class Driver:
    """The program under test."""

    def __init__(self, app: SpackbinApp, pilot: Pilot) -> None:
        self.app = app
        self.pilot = pilot

    def text(self) -> str:
        """What is on the screen, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    def line(self, number: int) -> str:
        """One line of the screen, from the end if negative."""
        return self.text().split("\n")[number]

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, f"waited in vain; the screen was:\n{self.text()}"
            await self.pilot.pause(0.02)

    async def sees(self, *words: str) -> None:
        """Wait until all of `words` are on the screen."""
        await self.until(lambda: all(word in self.text() for word in words))

    async def misses(self, word: str) -> None:
        """Wait until a word is gone from the screen."""
        await self.until(lambda: word not in self.text())

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type a text."""
        names = {
            " ": "space",
            "/": "slash",
            "@": "at",
            "+": "plus",
            ":": "colon",
            "%": "percent_sign",
        }
        await self.press(*(names.get(letter, letter) for letter in text))


@asynccontextmanager
async def opened(
    session: object, *, size: tuple[int, int] = SIZE, ascii_only: bool = False
) -> AsyncIterator[Driver]:
    """The program, open, with its first facts on the screen."""
    app = SpackbinApp(session, ascii_only=ascii_only)  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        yield Driver(app, pilot)
