"""The main job by commands, end to end, on the golden mirror."""

import json
from pathlib import Path

from tests.program import KEY, Program, said_by

BEACON_NEEDS = {"beacon", "libharbor", "libtide", "gcc-runtime"}


def test_browse_trust_plan_install_run_verify(program: Program, golden: Path) -> None:
    mirror = golden / "dev" / "mirror-signed"
    added = program.json("mirror", "add", "harbor", str(mirror))
    assert added["schema"] == 1
    assert added["mirror"]["layout"] == "v3"
    assert added["mirror"]["builds"] == 16
    assert [key["fingerprint"] for key in added["keys"]] == [KEY]
    assert not added["keys"][0]["trusted"]

    listed = program.json("list", "beacon")["builds"]
    assert [build["version"] for build in listed] == ["1.3.0", "1.2.9"]
    assert {build["disposition"] for build in listed} == {"blocked"}
    done = program.run("plan", "beacon")
    assert done.returncode == 3
    assert "No key is trusted for mirror harbor" in done.stdout
    assert not program.store.exists()

    program.good("key", "trust", "harbor", KEY)
    plan = program.json("plan", "beacon@1.3.0")
    cached = {node["name"] for node in plan["nodes"] if node["disposition"] == "cached"}
    external = {node["name"] for node in plan["nodes"] if node["disposition"] == "external"}
    assert cached == BEACON_NEEDS
    assert external == {"glibc"}
    assert plan["bytes_to_fetch"] == sum(
        node["source"]["archive_size"] for node in plan["nodes"] if node["source"]
    )
    assert plan["signers"][0]["fingerprint"] == KEY

    run = program.json("install", "beacon@1.3.0", "--yes")
    finished = {event["node"] for event in run["events"] if event["event"] == "NodeFinished"}
    assert len(finished) == len(BEACON_NEEDS)
    assert run["events"][-1]["event"] == "RunFinished"

    recorded = (golden / "dev" / "beacon-says.txt").read_text()
    assert said_by(program.prefix("beacon") / "bin" / "beacon", program.store) == recorded

    shown = program.json("show", "beacon@1.3.0")["details"]
    assert shown["build"]["disposition"] == "installed"
    assert shown["prefix"] == str(program.prefix("beacon"))
    done = program.run("verify", "--json")
    assert done.returncode == 1
    reports = json.loads(done.stdout)["reports"]
    assert len(reports) == len(BEACON_NEEDS)
    # What Spack leaves as it was (see tests/golden), and what leads nowhere by its own making.
    found = {problem["path"] for report in reports for problem in report["problems"]}
    assert found == {"share/beacon/abs-glued", "share/beacon/edges.conf"}
    # What the recipe has made to lead nowhere, within its own prefix.
    notes = {note["path"]: note["problem"] for report in reports for note in report["notes"]}
    words = "It leads to nowhere/at/all, which does not exist; it was packed so"
    assert notes == {"share/beacon/dangling": words}
    assert f"share/beacon/dangling: Only a note: {words}" in program.run("verify").stdout


def test_the_journal_has_every_phase_of_every_node(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    events = program.json("install", "reef", "--yes")["events"]
    nodes = [node["hash"] for node in events[0]["nodes"]]
    assert len(nodes) == 6
    for kind in ("PhaseStarted", "PhaseFinished"):
        seen = [(e["node"], e["phase"]) for e in events if e["event"] == kind]
        for node in nodes:
            phases = [phase for where, phase in seen if where == node]
            assert phases == ["fetch", "verify", "extract", "relocate", "register"]
    late = program.json("attach")
    assert late["events"] == events


def state_of(store: Path) -> dict[Path, tuple[int, int, int]]:
    """What a write would change: inode, size, time."""
    found = {path: path.lstat() for path in store.rglob("*")}
    return {path: (it.st_ino, it.st_size, it.st_mtime_ns) for path, it in found.items()}


def test_a_second_install_has_nothing_to_do(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    program.good("install", "libtide@1.4.2", "--yes")
    before = state_of(program.store)
    assert "installed already" in program.good("install", "libtide@1.4.2", "--yes")
    assert state_of(program.store) == before


def test_asking_for_a_dependency_by_name_makes_it_explicit(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    program.good("install", "beacon@1.3.0", "--yes")
    database = program.store / ".spack-db" / "index.json"

    def explicit() -> set[str]:
        installs = json.loads(database.read_text())["database"]["installs"].values()
        return {item["spec"]["name"] for item in installs if item["explicit"]}

    assert explicit() == {"beacon"}
    program.good("install", "libharbor", "--yes")
    assert explicit() == {"beacon", "libharbor"}


def test_without_a_terminal_nothing_is_installed_unless_yes_is_said(
    program: Program, golden: Path
) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    assert "--yes" in program.refused(2, "install", "beacon")
    assert not program.store.exists()


def test_tables_through_a_pipe_are_tab_separated(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    rows = [line.split("\t") for line in program.good("list", "--all", "libtide").splitlines()]
    assert len(rows) == 6
    assert {len(row) for row in rows} == {8}
    assert {row[0] for row in rows} >= {"cached", "other host"}


def test_distrusting_the_key_blocks_again(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    program.good("key", "distrust", "harbor", KEY)
    program.refused(3, "install", "beacon", "--yes")
    assert not program.store.exists()


def test_removing_a_mirror_forgets_its_keys(program: Program, golden: Path) -> None:
    mirror = golden / "dev" / "mirror-signed"
    program.trusting(mirror)
    program.good("mirror", "remove", "harbor")
    assert program.json("mirror", "list")["mirrors"] == []
    added = program.json("mirror", "add", "harbor", str(mirror))
    assert not added["keys"][0]["trusted"]


def test_the_demo_runs_headless(program: Program) -> None:
    said = program.good("demo", "--headless")
    assert "This machine:" in said
    assert KEY in said
    assert "tide 2.0.1 at" in said
    assert not list(program.directory.iterdir())


def test_the_demo_as_one_document(program: Program) -> None:
    document = program.json("demo")
    assert document["kind"] == "demo"
    assert document["said"].startswith("tide 2.0.1 at")
