"""Garbage is looked for some time after the last key, and not before."""

import asyncio
import weakref

import pytest

from tui import tidy
from tui.tidy import Tidy


class Circle:
    """Something that only a search for garbage removes."""

    def __init__(self) -> None:
        self.itself = self


async def test_garbage_goes_when_keys_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidy, "REST_SECONDS", 0.2)
    gone = weakref.ref(Circle())
    tidier = Tidy()
    for _ in range(3):
        tidier.later()
        await asyncio.sleep(0.01)
    async with asyncio.timeout(10):
        while gone():
            await asyncio.sleep(0.01)


async def test_every_key_puts_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    collected: list[float] = []
    clock = asyncio.get_running_loop().time
    monkeypatch.setattr(tidy, "REST_SECONDS", 0.3)
    monkeypatch.setattr("tui.tidy.gc.collect", lambda: collected.append(clock()))
    tidier = Tidy()
    began = clock()
    for _ in range(5):
        tidier.later()
        await asyncio.sleep(0.1)
    async with asyncio.timeout(10):
        while not collected:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.4)
    (at,) = collected
    assert at - began >= 0.7
