"""Mirrors that nobody vouches for wear their badge wherever they are named."""

import pytest
from msgspec.structs import replace

from core.model.plan import Disposition, Source
from tests.tui.tui_drive import opened
from tests.tui.tui_fakes import FakeRun, FakeSession
from tests.tui.tui_values import build, hash_of, mirror, node, plan_of, spec, started_event
from tui.state.badges import Badges
from tui.state.columns import choose_columns

QUARANTINE = "/home/ada/spackbin-quarantine-prbot"
PRBOT = mirror("prbot", signed=False, badge="PR, UNSIGNED", quarantine=QUARANTINE)


@pytest.fixture
def doubtful(session: FakeSession) -> FakeSession:
    """A build that only a mirror of a pull request has, and its plan."""
    session.all_mirrors = [mirror(), PRBOT]
    session.all_builds = [build("hdf5", mirrors=("prbot",))]
    source = Source("prbot", "0" * 64, 3_300_000, "", "")
    cached = node(spec("hdf5", "1.14.6"), Disposition.CACHED, source=source)
    plan = plan_of((node(spec("zlib", "1.3.1"), Disposition.CACHED), cached), "hdf5")
    session.made_plan = replace(plan, store=QUARANTINE)
    return session


@pytest.mark.parametrize("ascii_only", [False, True])
async def test_the_badge_is_on_every_screen(doubtful: FakeSession, ascii_only: bool) -> None:
    badge = "prbot [PR, UNSIGNED]"
    async with opened(doubtful, ascii_only=ascii_only) as driver:
        sign = "!" if ascii_only else "⚠"
        await driver.sees(f"prbot {sign} PR, UNSIGNED", "hdf5: 1 build", f"from {badge}")
        assert sum(badge in line for line in driver.text().split("\n")) == 2  # table and pane
        await driver.press("l", "d")
        await driver.sees("mirrors", f"  {badge}", "Direct dependencies")
        await driver.press("escape", "t")
        await driver.sees("hdf5@1.14.6 [PR, UNSIGNED]")
        await driver.press("escape", "i")
        await driver.sees(f"from {badge}", f"This is the quarantine store of {badge}")
        await driver.press("escape", "M", "j")
        await driver.sees(f"{sign} PR, UNSIGNED", QUARANTINE)
        await driver.press("K")
        await driver.sees(f"Keys of {badge}")


async def test_an_error_does_not_hide_the_badge(session: FakeSession) -> None:
    session.all_mirrors = [replace(PRBOT, error="Away.")]
    async with opened(session) as driver:
        await driver.sees("prbot ⚠ PR, UNSIGNED ✗ not refreshed")


async def test_the_run_says_that_it_fills_a_quarantine_store(doubtful: FakeSession) -> None:
    started = type(started_event())(
        time=1.0,
        run="run-1",
        store=QUARANTINE,
        roots=(hash_of("hdf5"),),
        nodes=started_event().nodes,
        pid=1,
        host="login1",
    )
    doubtful.run = FakeRun([started])
    async with opened(doubtful) as driver:
        await driver.sees("hdf5: 1 build")
        await driver.press("L")
        await driver.sees(f"⚠ Quarantine store of prbot [PR, UNSIGNED]: {QUARANTINE}")


async def test_a_run_into_the_shared_store_says_nothing_of_it(doubtful: FakeSession) -> None:
    doubtful.run = FakeRun([started_event()])
    async with opened(doubtful) as driver:
        await driver.sees("hdf5: 1 build")
        await driver.press("L")
        await driver.sees("of 3 installed")
        assert "Quarantine" not in driver.text()


def test_a_narrow_table_warns_with_a_sign_and_loses_no_column_to_the_words() -> None:
    builds = [
        build("hdf5", mirrors=("prbot",), hash=hash_of("a")),
        build("hdf5", variants=(("cxx", "~"), ("mpi", "~")), hash=hash_of("b")),
    ]
    badges = Badges((PRBOT,))
    for width, shown in ((40, "prbot⚠"), (60, "prbot [PR, UNSIGNED]")):
        table = choose_columns(builds, width, badges)
        assert [column.title for column in table.columns] == ["version", "target", "cxx", "from"]
        assert table.columns[-1].values == (shown, "harbor")
        assert table.width <= width


def test_what_a_better_mirror_has_is_not_doubtful() -> None:
    badges = Badges((mirror(), PRBOT))
    assert badges.worst(("prbot",)) == "PR, UNSIGNED"
    assert badges.worst(("prbot", "harbor")) == ""
    assert badges.worst(()) == ""
    assert badges.quarantined("") is None
    assert badges.quarantined(QUARANTINE) == PRBOT
