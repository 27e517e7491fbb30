"""How long the builds of a plan may take, and what would save them."""

from pathlib import Path

from core.cancel import CancelToken
from core.model.ident import DagHash
from core.model.plan import Disposition, Plan
from core.session import Session
from core.store.buildtimes import BuildTimes
from tests.core.host.machines import ICELAKE
from tests.core.session.trusting import opened, use
from tests.simulator.mirror import simulated_mirror
from tests.simulator.packages import Package

LIBC = Package("system-libc", "2.36", external="/usr")
TIDE = Package("tide", "2.1", ("system-libc",), is_pushed=False)
BOAT = Package("boat", "3.0", ("tide",))


def session_with(tmp_path: Path, *others: tuple[Package, ...]) -> tuple[Session, DagHash]:
    """A session whose first mirror has `boat` 3.0 and lacks the `tide` it needs."""
    first = simulated_mirror(tmp_path / "first", (LIBC, TIDE, BOAT))
    session = opened(tmp_path, host=ICELAKE)
    use(session, "first", first, shares_store=True)
    for number, packages in enumerate(others):
        name = f"other{number}"
        mirror = simulated_mirror(tmp_path / name, (LIBC, *packages))
        use(session, name, mirror, shares_store=True)
    return session, DagHash(first.spec("boat").hash)


def plan(session: Session, root: DagHash) -> Plan:
    made = session.plan([root], cancel=CancelToken())
    assert [node.spec.name for node in made.having(Disposition.BUILD)] == ["tide"]
    return made


def test_recorded_times_are_found(tmp_path: Path) -> None:
    session, boat = session_with(tmp_path)
    made = plan(session, boat)
    (tide,) = made.having(Disposition.BUILD)
    before = session.judge.forecast(made)
    assert (before.builds, before.estimates, before.total) == (1, {}, 0)
    BuildTimes(session.settings.state_dir).record(tide.spec, 90.0)
    after = session.judge.forecast(made)
    assert after.estimates[tide.spec.hash].is_same
    assert after.longest == after.total == 90.0


def test_a_plan_without_builds_needs_no_forecast(tmp_path: Path) -> None:
    session, _ = session_with(tmp_path, (Package("tide", "2.0", ("system-libc",)),))
    tide = session.resolve("tide@2.0").build
    made = session.plan([tide.hash], cancel=CancelToken())
    assert session.judge.forecast(made).builds == 0


def test_the_nearest_whole_build_is_the_alternative(tmp_path: Path) -> None:
    whole = (Package("tide", "2.0", ("system-libc",)), Package("boat", "2.9", ("tide",)))
    # Nearer, and no help: it needs a build as well.
    broken = (Package("tide", "2.2", is_pushed=False), Package("boat", "3.0.1", ("tide",)))
    session, boat = session_with(tmp_path, broken, whole)
    (alternative,) = session.judge.forecast(plan(session, boat)).alternatives.items()
    assert alternative[0] == boat
    assert alternative[1].build.version == "2.9"
    sentences = [item.sentence for item in alternative[1].differences]
    assert sentences[0] == "@3.0 against @2.9"
    made = session.plan([alternative[1].build.hash], cancel=CancelToken())
    assert made.is_ready


def test_without_a_whole_build_there_is_no_alternative(tmp_path: Path) -> None:
    foreign = (Package("boat", "2.9", ("system-libc",), target="neoverse_v1"),)
    session, boat = session_with(tmp_path, foreign)
    assert session.judge.forecast(plan(session, boat)).alternatives == {}
