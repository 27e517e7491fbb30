"""How a removal is reported while it goes, and how it is interrupted."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.model.ident import dag_hash
from core.store.locks import prefix_lock
from core.store.paths import StorePaths
from tests.program import Program

ROOT = Path(__file__).parents[2]
PATIENCE = 60


@pytest.fixture
def harbor(program: Program, golden: Path) -> Program:
    """With beacon installed."""
    program.trusting(golden / "dev" / "mirror-signed")
    program.good("install", "beacon@1.3.0", "--yes")
    return program


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("command", "count"), [(("uninstall", "libharbor", "--dependents"), 2), (("undo",), 4)]
)
def test_every_package_that_goes_is_said(
    harbor: Program, command: tuple[str, ...], count: int
) -> None:
    done = harbor.run(*command, "--yes")
    assert done.returncode == 0, done.stderr
    assert f"{count} packages removed (operation 2)." in done.stdout
    first, second, *gone = done.stderr.splitlines()
    assert first == f"Removing {count} packages."
    assert second == "The database is written; deleting files."
    assert len(gone) == count
    assert gone[0].startswith(f"beacon@1.3.0: removed from {harbor.store}/")


def test_a_script_gets_the_events_and_quiet_says_nothing(harbor: Program) -> None:
    done = harbor.run("--quiet", "undo", "--yes", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    kinds = [event["event"] for event in document["events"]]
    assert kinds == ["RemovalStarted", "RemovalDecided", *["NodeRemoved"] * 4, "RemovalFinished"]
    removed = [item["package"]["hash"] for item in document["plan"]["removed"]]
    assert [item["hash"] for item in document["events"][0]["packages"]] == removed
    assert [event["node"] for event in document["events"][2:-1]] == removed
    assert document["events"][-1]["number"] == document["done"]["number"] == 2
    assert harbor.json("history")["operations"][0]["kind"] == "undo"


def test_an_interrupt_gives_up_what_waits_for_somebody(harbor: Program, tmp_path: Path) -> None:
    prefix = harbor.prefix("beacon")
    said = tmp_path / "said"
    with (
        prefix_lock(StorePaths(harbor.store), dag_hash(prefix.name.rpartition("-")[2])),
        said.open("w") as stream,
    ):
        command = subprocess.Popen(
            harbor.arguments("uninstall", "beacon", "--yes"),
            env=harbor.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stream,
            cwd=harbor.directory,
        )
        until(lambda: "beacon@1.3.0 waits for process" in said.read_text())
        command.send_signal(signal.SIGINT)
        assert command.wait(timeout=PATIENCE) == 130
    assert "Giving it up" in said.read_text()
    assert prefix.is_dir()
    assert harbor.json("history")["operations"][0]["kind"] == "install"
    assert harbor.good("uninstall", "beacon", "--yes")


NEEDED = {"beacon", "libharbor", "libtide", "gcc-runtime"}


@pytest.mark.parametrize("lines", range(7))
def test_one_that_is_killed_is_finished_or_taken_back_by_the_next_command(
    harbor: Program, lines: int
) -> None:
    """Killed after each line that it says, and once before the first."""
    arguments = ("uninstall", "beacon", "--unused", "--yes") if lines % 2 else ("undo", "--yes")
    command = subprocess.Popen(
        harbor.arguments(*arguments),
        env=harbor.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=harbor.directory,
    )
    assert command.stderr
    said = [command.stderr.readline() for _ in range(lines)]
    command.kill()
    command.wait()
    command.stderr.close()
    is_decided = any("database is written" in line for line in said)
    looked = harbor.run("history", "--json")
    newest = json.loads(looked.stdout)["operations"][0]
    there = {path.name.rsplit("-", 2)[0] for path in harbor.store.glob("linux-*/*")}
    if newest["kind"] == "install":
        assert not is_decided
        assert there == NEEDED
        assert harbor.run("verify", "libtide").returncode == 0
    else:
        assert newest["kind"] == arguments[0]
        assert there == set()
    # What was done is said, once.
    assert "Tidied up" not in harbor.run("history").stderr
    harbor.good("install", "beacon@1.3.0", "--yes")
    assert harbor.prefix("beacon").is_dir()


SLOW = """
import os, signal, sys, time
from types import SimpleNamespace
from core.errors import Interrupted
from core.events import RemovalDecided
from core.model.removal import Removal, RemovalPlan
from tui.cli.removing import carried_out

class Tree:
    def remove(self, plan, cancel, tell):
        tell(RemovalDecided(time=0))
        for _ in range(int(sys.argv[1])):
            time.sleep(0.3)
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.5)
        return Removal(1, (), {})

plan = RemovalPlan("uninstall", "/s", (), ())
try:
    done, _ = carried_out(SimpleNamespace(install_tree=Tree()), plan, quiet=True)
    print("number", done.number)
except Interrupted as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("interrupts", "end"),
    [
        (1, "number 1"),
        (2, "Interrupted: the packages are removed, and some of their files are not deleted yet."),
    ],
)
def test_once_removed_an_interrupt_waits_and_a_second_one_does_not(
    interrupts: int, end: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SLOW, str(interrupts)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert "It is too late to give it up" in done.stderr
    assert done.stdout.startswith(end)
