"""The worker processes of a run: cancelled, killed, replaced, and never left behind."""

import os
import signal
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.engines import EngineWorld, Zygote, failures, zygote
from tests.simulator.mirror import SimulatedMirror, simulated_mirror
from tests.simulator.packages import Package

LARGE = Package("whale", files={f"share/{number}": b"blubber" * 500 for number in range(5000)})
"""Takes long enough for something to happen to it."""
OTHER = Package("orca", files=LARGE.files)
SMALL = Package("shrimp", files={"share/shrimp": b"x"})


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> SimulatedMirror:
    return simulated_mirror(tmp_path_factory.mktemp("mirror"), (LARGE, SMALL))


@pytest.fixture
def world(tmp_path: Path, mirror: SimulatedMirror) -> EngineWorld:
    world = EngineWorld(tmp_path / "world", mirror)
    world.clear()
    return world


@pytest.fixture
def engines() -> Generator[Zygote]:
    with zygote() as opened:
        yield opened


def workers_of(engine: int) -> list[int]:
    found: list[int] = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == engine and fields[0] != "Z":
            found.append(int(status.parent.name))
    return found


def wait_for_stage(world: EngineWorld) -> Path:
    """The stage of the large package, once something was unpacked into it."""
    for _ in range(2000):
        for stage in world.store.root.glob("*/.spackbin-*"):
            if (stage / "share").exists() and len(list((stage / "share").iterdir())) > 20:
                return stage
        time.sleep(0.005)
    raise AssertionError("nothing was unpacked")


def worker_in(stage: Path, engine: int) -> int:
    """The process that has the stage open."""
    for _ in range(2000):
        for pid in workers_of(engine):
            try:
                opened = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
            except OSError:
                continue
            if any(path.startswith(str(stage)) for path in opened):
                return pid
    raise AssertionError("nobody unpacks")


def prefixes(world: EngineWorld) -> list[str]:
    return sorted(path.name.split("-")[0] for path in world.store.root.glob("linux-*/[a-z]*"))


def stages(world: EngineWorld) -> list[Path]:
    return list(world.store.root.glob("*/.spackbin-*"))


def test_one_that_is_killed_fails_its_package_alone_and_is_replaced(
    world: EngineWorld, engines: Zygote
) -> None:
    world.jobs = 1
    run = world.run("whale", "shrimp")
    engine = engines.start(run)
    stage = wait_for_stage(world)
    os.kill(worker_in(stage, engine), signal.SIGKILL)
    assert engines.wait(engine) == 5
    (failure,) = failures(run)
    assert failure.title == "The process that unpacked it was killed"
    assert stages(world) == []
    assert prefixes(world) == ["shrimp"]


def test_what_comes_when_none_is_left_fails_plainly(tmp_path: Path, engines: Zygote) -> None:
    mirror = simulated_mirror(tmp_path / "mirror", (LARGE, OTHER, SMALL))
    world = EngineWorld(tmp_path / "world", mirror, jobs=1)
    world.clear()
    run = world.run("whale", "orca", "shrimp")
    engine = engines.start(run)
    for _ in range(2):
        stage = wait_for_stage(world)
        os.kill(worker_in(stage, engine), signal.SIGKILL)
        while stage.exists():
            time.sleep(0.005)
    assert engines.wait(engine) == 1
    killed = "The process that unpacked it was killed"
    titles = [failure.title for failure in failures(run)]
    assert titles == [killed, killed, "There is no process left that could unpack it"]
    assert (stages(world), prefixes(world)) == ([], [])


def test_it_ends_with_the_engine(world: EngineWorld, engines: Zygote) -> None:
    run = world.run("whale", "shrimp")
    engine = engines.start(run)
    stage = wait_for_stage(world)
    worker = worker_in(stage, engine)
    os.kill(engine, signal.SIGKILL)
    assert engines.wait(engine) == -signal.SIGKILL
    for _ in range(200):
        if not is_running(worker):
            break
        time.sleep(0.01)
    assert not is_running(worker)
    written = len(list((stage / "share").iterdir()))
    time.sleep(0.05)
    assert len(list((stage / "share").iterdir())) == written < len(LARGE.files)
    assert engines.work(world.run("whale", "shrimp")) == 0
    assert stages(world) == []


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


def test_a_cancel_reaches_it_in_the_midst_of_a_package(world: EngineWorld, engines: Zygote) -> None:
    run = world.run("whale", "shrimp")
    engine = engines.start(run)
    wait_for_stage(world)
    run.cancel()
    assert engines.wait(engine) == 130
    assert stages(world) == []
    assert "whale" not in prefixes(world)
    assert {failure.title for failure in failures(run)} == {"Cancelled"}
