"""What would be built from source: seen, agreed to, and saved, before anything is done."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from core.errors import NotAvailable, StoreError
from core.model.environment import Environment
from core.model.forecast import Forecast
from core.model.plan import Obstacle, Preflight
from tests.tui.tui_builds import forecast_of, plan_to_build
from tests.tui.tui_drive import Driver, opened
from tests.tui.tui_fakes import FakeSession
from tests.tui.tui_values import hash_of, ready_plan
from tui.state.forecast import builders, forecast_lines, rough, time_words
from tui.state.tree import TreeState


@pytest.fixture
def session() -> FakeSession:
    """A session whose every plan needs a build, for which somebody knows the time."""
    session = FakeSession()
    session.made_plan = plan_to_build()
    session.built_plan = replace(plan_to_build(), spack="/opt/spack")
    session.judge.made_forecast = forecast_of(session.made_plan)
    return session


@pytest.fixture(autouse=True)
def no_slurm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only this machine builds, wherever the tests run."""
    monkeypatch.setattr("tui.screens.preview.builders", lambda: ("local",))


async def to_the_preview(driver: Driver) -> None:
    await driver.sees("hdf5: 5 builds")
    await driver.press("l", "j", "i")
    await driver.sees("To build         1   ghost@0.0.7")


async def test_what_would_be_built_is_said_with_its_time(session: FakeSession) -> None:
    async with opened(session) as driver:
        await to_the_preview(driver)
        await driver.sees(
            "From source   about 12 min",
            "Built by      nobody yet: b lets Spack do it",
            "c: wreck@1.0/wreckol, which needs no build (@1.1 against @1.0)",
            "○ ghost@0.0.7",
            "to build",
            "about 12 min",
        )
        await driver.press("y")
        await driver.sees("ghost@0.0.7 is to be built from source: b agrees to that")
        assert session.started == []
        await driver.press("t")
        await driver.sees("○ ghost@0.0.7   to build: no mirror has it", "about 12 min")


async def test_a_time_that_nobody_knows_is_not_made_up(session: FakeSession) -> None:
    session.judge.made_forecast = forecast_of(session.made_plan, None, cheaper=False)
    async with opened(session) as driver:
        await to_the_preview(driver)
        await driver.sees("how long is unknown", "time unknown")
        await driver.press("c")
        await driver.sees("No build of it can do without")


async def test_a_forecast_that_cannot_be_made_is_no_news(session: FakeSession) -> None:
    session.failures["forecast"] = StoreError("The database cannot be read")
    async with opened(session) as driver:
        await to_the_preview(driver)
        await driver.sees("how long is unknown")


async def test_b_agrees_to_the_builds_and_y_says_how_many(session: FakeSession) -> None:
    async with opened(session) as driver:
        await to_the_preview(driver)
        await driver.press("b")
        await driver.sees(
            "From source   about 12 min",
            "Built by      local, with the Spack in /opt/spack",
            "--builder local --yes",
            "[ Cancel ]   y  Install, 1 package built by local",
        )
        await driver.press("y")
        await driver.sees("0 of 3 installed")
        assert [(plan.from_source, plan.builder) for plan in session.started] == [(True, "local")]


async def test_b_again_takes_it_back(session: FakeSession) -> None:
    async with opened(session) as driver:
        await to_the_preview(driver)
        await driver.press("b")
        await driver.sees("y  Install, 1 package built by local")
        await driver.press("b")
        await driver.sees("b lets Spack do it", "y  Install ", "From source   about 12 min")
        await driver.press("y")
        await driver.sees("ghost@0.0.7 is to be built from source")
        assert session.started == []


async def test_while_the_plan_is_made_anew_nothing_can_be_started(session: FakeSession) -> None:
    async with opened(session) as driver:
        await to_the_preview(driver)
        await driver.press("b")
        await driver.sees("y  Install, 1 package built by local")
        session.gate.clear()
        await driver.press("b", "y")
        await driver.sees("The plan is still being worked out")
        session.gate.set()
        await driver.sees("b lets Spack do it", "From source   about 12 min")
        assert session.started == []


async def test_without_spack_it_says_what_is_needed(session: FakeSession) -> None:
    lacks = Obstacle("There is no Spack here", "None on the PATH", "Install Spack")
    session.built_plan = replace(plan_to_build(), preflight=Preflight(obstacles=(lacks,)))
    async with opened(session) as driver:
        await to_the_preview(driver)
        await driver.press("b")
        await driver.sees("There is no Spack here", "None on the PATH", "Install Spack")
        await driver.press("y")
        await driver.pilot.pause(0.1)
        assert session.started == []


async def test_c_shows_the_plan_of_what_needs_no_build(session: FakeSession) -> None:
    async with opened(session) as driver:
        await to_the_preview(driver)
        await driver.sees("Or instead")
        session.made_plan = ready_plan()
        await driver.press("c")
        await driver.sees("To build         0", "To fetch         2")
        await driver.press("b")
        await driver.sees("Nothing is to be built")
        await driver.press("escape")
        await driver.sees("Packages")


async def test_the_tree_of_an_agreed_plan_has_what_the_builds_need(session: FakeSession) -> None:
    async with opened(session) as driver:
        await to_the_preview(driver)
        await driver.press("b")
        await driver.sees("built by local")
        await driver.press("t")
        await driver.sees("○ ghost@0.0.7", "about 12 min", "■ zlib@1.3.1")


async def test_packages_that_nobody_has_are_shown_when_asked_for(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("45 of 45 packages  runs here ")
        await driver.press("b")
        await driver.sees("48 of 48 packages  runs here, or to build", "○ ghost")
        await driver.press("slash")
        await driver.type("zarr")
        await driver.press("enter")
        await driver.sees("1 of 48 packages", "○ py-zarr", "py-zarr: a recipe, no binary")
        await driver.sees("i: let Spack find a way to build it")
        await driver.press("space")
        await driver.sees("Nothing is there to be marked")
        await driver.press("t")
        await driver.sees("No build is shown")
        await driver.press("escape", "b")
        await driver.sees("45 of 45 packages  runs here ")
        await driver.misses("py-zarr")


async def test_recipes_of_before_are_shown_until_they_are_read_anew(session: FakeSession) -> None:
    session.spack.is_current = False
    async with opened(session) as driver:
        await driver.sees("45 of 45")
        await driver.press("b")
        await driver.sees("49 of 49")


async def test_without_spack_there_are_no_recipes_and_that_is_said(session: FakeSession) -> None:
    session.spack.found, session.spack.recipes = None, ()
    async with opened(session) as driver:
        await driver.sees("45 of 45")
        await driver.press("b")
        await driver.sees("Spack is needed for this, and there is none. Install Spack")
        await driver.sees("45 of 45 packages  runs here ")


async def test_choosing_one_lets_spack_decide_and_shows_the_plan(session: FakeSession) -> None:
    session.spack.solver.clear()
    async with opened(session) as driver:
        await driver.sees("45 of 45")
        await driver.press("b")
        await driver.sees("○ ghost")
        await driver.press("g")
        await driver.sees("ghost: a recipe")
        await driver.press("enter")
        await driver.sees("Spack looks for a way to build ghost", "0:0", "Fetching")
        assert "\x1b" not in driver.text()
        await driver.sees("0:01 ")
        session.spack.solver.set()
        await driver.sees("To build         1   ghost@0.0.7", "y  Install, 1 package built by")
        assert session.spack.asked == ["ghost"]
        (environment,) = session.planned_environments[-1:]
        assert isinstance(environment, Environment)
        assert environment.graph.roots == (hash_of("wreck"),)
        # No mirror knows the hash of what Spack decided on.
        await driver.sees("spackbin install ghost --builder local --yes")
        await driver.press("c")
        await driver.sees("Spack found none that needs no build")
        await driver.press("escape")
        await driver.sees("Packages")


async def test_escape_gives_the_decision_up(session: FakeSession) -> None:
    session.spack.solver.clear()
    async with opened(session) as driver:
        await driver.sees("45 of 45")
        await driver.press("b")
        await driver.sees("○ ghost")
        await driver.press("g")
        await driver.sees("ghost: a recipe")
        await driver.press("i")
        await driver.sees("Spack looks for a way to build ghost")
        await driver.press("escape")
        await driver.sees("Packages")
        await driver.until(lambda: session.spack.was_cancelled)


async def test_that_spack_finds_no_way_is_said(session: FakeSession) -> None:
    session.spack.failure = NotAvailable("No version of ghost satisfies @9:", "", "Ask for another")
    async with opened(session) as driver:
        await driver.sees("45 of 45")
        await driver.press("b")
        await driver.sees("○ ghost")
        await driver.press("g")
        await driver.sees("ghost: a recipe")
        await driver.press("i")
        await driver.sees(
            "Spack found no way to build ghost",
            "No version of ghost satisfies @9:.",
            "Ask for another.",
            "Esc back",
        )


def test_times_are_as_rough_as_they_are() -> None:
    assert [rough(seconds) for seconds in (0.2, 45, 89, 100, 720, 5399, 5400, 86_400)] == [
        "1 s",
        "45 s",
        "89 s",
        "2 min",
        "12 min",
        "90 min",
        "1.5 h",
        "24.0 h",
    ]


def test_sums_say_what_they_do_not_know() -> None:
    known = forecast_of(plan_to_build()).estimates
    assert time_words(Forecast(1, known, 720, 720)) == "about 12 min"
    assert time_words(Forecast(1, known, 720, 1200)) == "12 min to 20 min"
    assert time_words(Forecast(3, known, 720, 720)) == (
        "about 12 min or more, 1 of 3 packages known"
    )
    assert time_words(Forecast(3)) == "how long is unknown"


def test_the_command_line_says_the_same() -> None:
    plan = plan_to_build()
    assert forecast_lines(plan, forecast_of(plan)) == [
        "From source: 1 package, about 12 min",
        "  ghost@0.0.7: about 12 min, as long as ghost@0.0.6/ghostqq took",
        "  Instead of wreck@1.1: wreck@1.0/wreckol, which needs no build (@1.1 against @1.0)",
        f"    spackbin install /{hash_of('wreckold')}",
    ]
    assert forecast_lines(ready_plan(), Forecast(0)) == []


def test_who_builds_depends_on_what_is_there(tmp_path: Path) -> None:
    assert builders(str(tmp_path)) == ("local",)
    sbatch = tmp_path / "sbatch"
    sbatch.write_text("#!/bin/sh\n")
    sbatch.chmod(0o755)
    assert builders(str(tmp_path)) == ("local", "slurm")


def test_the_tree_for_the_command_line_tells_times() -> None:
    plan = plan_to_build()
    lines = TreeState(plan, forecast=forecast_of(plan)).text_lines()
    assert lines[1] == "└─ ○ ghost@0.0.7   to build: no mirror has it  about 12 min"
