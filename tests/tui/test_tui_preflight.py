"""What the preview says of the store."""

import pytest
from msgspec.structs import replace

from core.model.plan import Fit, Obstacle, Plan, Preflight, Space
from tests.tui.tui_drive import opened
from tests.tui.tui_fakes import FakeSession
from tests.tui.tui_values import hash_of, ready_plan
from tui.state.preflight import fit_words, space_words

FOUND = Preflight(
    fits={hash_of("hdf5"): Fit.UNKNOWN, hash_of("ncurses"): Fit.FITS},  # type: ignore[dict-item]
    bytes_needed=1_200_000_000,
    is_estimate=True,
    space=Space(bytes_free=30_100_000_000, files_free=2_000_000),
)


def plan_with(preflight: Preflight) -> Plan:
    return replace(ready_plan(), preflight=preflight)


async def test_space_and_doubts_are_shown(session: FakeSession) -> None:
    session.made_plan = plan_with(FOUND)
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("l", "j", "i")
        await driver.sees(
            "Space         about 1.2 GB needed, 30.1 GB free, 2.0 M inodes free",
            "Fits          of 1 package not known before the fetch",
            "[ Cancel ]   y  Install",
        )


async def test_an_obstacle_keeps_the_install_from_starting(session: FakeSession) -> None:
    title = "The file system of the store has too little space"
    session.made_plan = plan_with(replace(FOUND, obstacles=(Obstacle(title),)))
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("l", "j", "i")
        await driver.sees(title)
        await driver.press("y")
        assert session.started == []


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Preflight(), ""),
        (Preflight(bytes_needed=5_000_000), "5.0 MB needed"),
        (
            Preflight(space=Space(quota_bytes=1_000, quota_files=12)),
            "1.0 kB of your quota left, 12 files of your quota left",
        ),
    ],
)
def test_space_in_words(found: Preflight, words: str) -> None:
    assert space_words(found) == words


@pytest.mark.parametrize(
    ("fits", "words"),
    [
        ((), ""),
        ((Fit.FITS, Fit.FITS), "all packages can be moved to this store"),
        ((Fit.FITS, Fit.UNKNOWN, Fit.UNKNOWN), "of 2 packages not known before the fetch"),
        ((Fit.MISFIT, Fit.UNKNOWN), "1 package cannot be moved to this store"),
    ],
)
def test_fits_in_words(fits: tuple[Fit, ...], words: str) -> None:
    found = {hash_of(f"p{letter}"): fit for letter, fit in zip("abc", fits, strict=False)}
    assert fit_words(plan_with(Preflight(fits=found))) == words  # type: ignore[arg-type]
