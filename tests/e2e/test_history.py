"""History, uninstall and undo by commands, end to end, on the golden mirror."""

import json
import os
import pty
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.program import KEY, Program
from tests.simulator.fixtures import Serve
from tests.simulator.mirror import SimulatedMirror
from tests.simulator.server import Fault, FaultyServer

PATIENCE = 60
BEACON_NEEDS = {"beacon", "libharbor", "libtide", "gcc-runtime"}


@pytest.fixture
def harbor(program: Program, golden: Path) -> Program:
    """With beacon installed."""
    program.trusting(golden / "dev" / "mirror-signed")
    program.good("install", "beacon@1.3.0", "--yes")
    return program


def operations(program: Program) -> list[dict[str, Any]]:
    return program.json("history")["operations"]


def there(program: Program) -> set[str]:
    """Packages to be seen in the store."""
    found = {path.name.rsplit("-", 2)[0] for path in program.store.glob("*/*-*-*") if path.is_dir()}
    assert not any(name.startswith(".") for name in found)
    return found


def names(items: list[dict[str, Any]]) -> set[str]:
    return {item["name"] for item in items}


def test_an_install_is_in_the_history_with_all_that_an_auditor_asks(harbor: Program) -> None:
    (operation,) = operations(harbor)
    assert (operation["number"], operation["kind"], operation["exit_status"]) == (1, "install", 0)
    assert names(operation["added"]) == BEACON_NEEDS
    assert names(operation["explicit"]) == {"beacon"}
    assert operation["uid"] == os.getuid()
    document = harbor.json("history", "--audit")
    assert document["kind"] == "audit"
    assert names(document["installs"]) == BEACON_NEEDS
    plan = harbor.json("plan", "reef")
    for entry in document["installs"]:
        assert (entry["mirror"], entry["signer"], entry["exception"]) == ("harbor", KEY, "")
        assert len(entry["archive_sha256"]) == 64
        assert Path(entry["prefix"]).is_dir()
        assert entry["hash"] in {node["hash"] for node in plan["nodes"]}
    words = harbor.good("history", "1")
    assert "Operation 1: install beacon@1.3.0" in words
    assert words.count("signed by") == len(BEACON_NEEDS)
    number, _, _, what, result = harbor.good("history").strip().split("\t")
    assert (number, result) == ("1", "4 installed")
    assert what.startswith("install beacon@1.3.0/")


def test_an_unsigned_install_names_the_exception(program: Program, golden: Path) -> None:
    # Signed by a key that nobody trusts for it: on a mirror that may be unsigned, not a signature.
    mirror = str(golden / "dev" / "mirror-signed")
    program.good(
        "mirror", "add", "wild", mirror, "--unsigned", "--allow-doubtful", "wild", "--shared-store"
    )
    program.good("install", "libtide@2.0.1", "--yes")
    installs = program.json("history", "--audit")["installs"]
    assert {entry["signer"] for entry in installs} == {""}
    assert all("Mirror wild may be unsigned" in entry["exception"] for entry in installs)
    assert "NOT SIGNED" in program.good("history", "1")


def test_what_is_needed_is_not_uninstalled(harbor: Program) -> None:
    said = harbor.refused(1, "uninstall", "libharbor", "--yes")
    assert "is needed" in said
    assert "beacon@1.3.0/" in said
    assert there(harbor) == BEACON_NEEDS
    assert len(operations(harbor)) == 1


def test_uninstall_with_dependents_and_what_nothing_needs(harbor: Program) -> None:
    done = harbor.json("uninstall", "libharbor", "--dependents", "--unused", "--yes")
    assert done["kind"] == "uninstall"
    assert done["done"]["number"] == 2
    assert names([item["package"] for item in done["plan"]["removed"]]) == BEACON_NEEDS
    assert done["bytes_freed"] > 0
    assert there(harbor) == set()
    # What is left is for all packages, not of one.
    left = {path.name for path in harbor.store.iterdir()}
    assert left == {".spack-db", ".spackbin", "bin"}


def test_nothing_is_removed_unless_somebody_says_yes(harbor: Program) -> None:
    assert "--yes" in harbor.refused(2, "uninstall", "beacon")
    assert "--yes" in harbor.refused(2, "undo")
    assert there(harbor) == BEACON_NEEDS


def test_a_person_is_shown_what_goes_and_asked(harbor: Program) -> None:
    leader, follower = pty.openpty()
    asked = subprocess.Popen(
        harbor.arguments("uninstall", "beacon"),
        env=harbor.environment,
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=follower,
        cwd=harbor.directory,
    )
    os.close(follower)
    os.write(leader, b"n\n")
    assert asked.stdout
    said = asked.stdout.read().decode()
    assert asked.wait() == 130
    asked.stdout.close()
    os.close(leader)
    assert "To remove     1" in said
    assert "You asked for it" in said
    assert "Nothing will need 3 packages any more" in said
    assert there(harbor) == BEACON_NEEDS


def test_a_spec_that_means_several_is_refused(harbor: Program) -> None:
    harbor.good("install", "beacon@1.2.9", "--yes")
    said = harbor.refused(2, "uninstall", "beacon", "--yes")
    assert "matches 2 installed packages" in said
    harbor.good("uninstall", "beacon", "--all", "--yes")
    assert "beacon" not in there(harbor)
    assert "Nothing installed matches" in harbor.refused(4, "uninstall", "beacon", "--yes")


def test_undo_takes_the_last_back_and_then_the_one_before(harbor: Program) -> None:
    harbor.good("install", "reef", "--yes")
    assert there(harbor) == BEACON_NEEDS | {"reef", "kelp"}
    undone = harbor.json("undo", "--yes")
    assert undone["plan"]["undoes"] == 2
    assert there(harbor) == BEACON_NEEDS
    problems = json.loads(harbor.run("verify", "--json").stdout)["reports"]
    assert {item["path"] for report in problems for item in report["problems"]} == {
        "share/beacon/abs-glued",
        "share/beacon/edges.conf",
    }
    harbor.good("undo", "--yes")
    assert there(harbor) == set()
    assert "nothing to undo" in harbor.refused(4, "undo", "--yes")
    assert "was taken back already" in harbor.refused(2, "undo", "1", "--yes")
    assert "no operation 9" in harbor.refused(4, "undo", "9", "--yes")
    results = [row.split("\t")[3:] for row in harbor.good("history").splitlines()]
    assert results[0] == ["undo 1", "4 removed"]
    assert results[-1][1] == "4 installed, undone"


def test_undo_leaves_what_a_later_install_needs_and_says_so(harbor: Program) -> None:
    harbor.good("install", "reef", "--yes")
    undone = harbor.json("undo", "1", "--yes")
    assert names([item["package"] for item in undone["plan"]["kept"]]) == BEACON_NEEDS
    assert there(harbor) == BEACON_NEEDS | {"reef", "kelp"}
    # It only was asked for by name in the operation that is taken back.
    assert names(undone["plan"]["implicit"]) == {"beacon"}
    harbor.good("uninstall", "reef", "--unused", "--yes")
    assert there(harbor) == set()


def test_undo_of_an_uninstall_installs_again(harbor: Program) -> None:
    harbor.good("uninstall", "beacon", "--unused", "--yes")
    assert there(harbor) == set()
    harbor.good("undo", "--yes")
    assert there(harbor) == BEACON_NEEDS
    assert names(operations(harbor)[0]["explicit"]) == {"beacon"}


def test_asking_by_name_for_what_is_there_can_be_undone(harbor: Program) -> None:
    harbor.good("install", "libtide@2.0.1", "--yes")
    assert [item["kind"] for item in operations(harbor)] == ["mark", "install"]
    harbor.good("undo", "--yes")
    harbor.good("uninstall", "beacon", "--unused", "--yes")
    assert there(harbor) == set()


def test_a_hostile_history_does_not_reach_the_terminal(harbor: Program) -> None:
    path = harbor.store / ".spackbin" / "history.jsonl"
    operation = json.loads(path.read_text())
    operation.update(number=2, id="x", user="\x1b[31mroot", started=1e300, ended=-1e300)
    with path.open("a") as stream:
        stream.write(json.dumps(operation) + "\n" + "{torn")
    done = harbor.run("history")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "unknown time" in done.stdout
    assert "\x1b" not in harbor.good("history", "2")


def test_a_store_without_a_history_says_so(program: Program) -> None:
    done = program.run("history")
    assert (done.returncode, done.stdout) == (0, "")
    assert "Nothing was done" in done.stderr
    assert not program.store.exists()


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def server(simulated: SimulatedMirror, serving: Serve) -> FaultyServer:
    return serving(simulated.root)


def installing(
    program: Program, simulated: SimulatedMirror, server: FaultyServer
) -> dict[str, Any]:
    """Start an install of boat; the first event, once tide is there and boat is still to come."""
    program.trusting(server.url, simulated.fingerprint)
    archive = simulated.archive_path("boat").relative_to(simulated.root)
    server.fail(str(archive), Fault(drip=0.05))
    program.good("install", "boat", "--yes", "--detach")
    (request,) = program.directory.glob("state/runs/*/*/request.json")
    journal = request.with_name("journal.jsonl")
    until(lambda: journal.exists() and "NodeFinished" in journal.read_text())
    first: dict[str, Any] = json.loads(journal.read_text().splitlines()[0])
    return first


def test_what_a_running_install_needs_is_not_removed(
    program: Program, simulated: SimulatedMirror, server: FaultyServer
) -> None:
    engine = installing(program, simulated, server)["pid"]
    said = program.refused(1, "uninstall", "tide", "--yes")
    assert f"in use by process {engine}" in said
    os.kill(engine, signal.SIGTERM)
    assert program.run("attach").returncode == 130
    (operation,) = operations(program)
    assert (names(operation["added"]), operation["exit_status"]) == ({"tide"}, 130)
    program.good("uninstall", "tide", "--yes")
    assert there(program) == set()


def test_what_a_killed_run_had_done_is_in_the_history_at_the_next_start(
    program: Program, simulated: SimulatedMirror, server: FaultyServer
) -> None:
    os.kill(installing(program, simulated, server)["pid"], signal.SIGKILL)
    server.heal()
    program.good("install", "boat", "--yes")
    second, first = operations(program)
    assert (names(first["added"]), first["exit_status"]) == ({"tide"}, 1)
    assert first["added"][0]["signer"] == simulated.fingerprint
    assert (names(second["added"]), second["exit_status"]) == ({"boat"}, 0)
    program.good("undo", "--yes")
    program.good("undo", "--yes")
    assert there(program) == set()
