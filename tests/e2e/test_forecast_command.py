"""What `plan` says of builds from source: how long, and what would save them."""

import json
from pathlib import Path

from core.model.ident import DagHash
from core.model.spec import spec_from_node
from core.store.buildtimes import BuildTimes
from tests.core.catalog.golden_index import records_of
from tests.core.host.machines import RECORDED
from tests.program import Program

HERE = ("--host", str(RECORDED / "zen4.json"))


def test_times_that_are_known_are_told(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    before = program.run("plan", "wreck", *HERE)
    assert before.returncode == 4
    assert "From source: 1 package, how long is unknown\n" in before.stdout
    assert "to build: no mirror has it  time unknown\n" in before.stdout
    node = next(
        record["spec"]
        for record in records_of(golden).values()
        if record["spec"]["name"] == "ghost"
    )
    ghost = spec_from_node(node)
    BuildTimes(program.directory / "state").record(ghost, 725.0)
    after = program.run("plan", "wreck", *HERE)
    assert "From source: 1 package, about 12 min\n  ghost@0.0.7: about 12 min\n" in after.stdout
    document = json.loads(program.run("plan", "wreck", "--json", *HERE).stdout)
    forecast = document["forecast"]
    assert forecast["builds"] == 1
    assert forecast["longest"] == forecast["total"] == 725.0
    assert forecast["estimates"][DagHash(ghost.hash)]["is_same"] is True
    assert forecast["alternatives"] == {}


def test_a_plan_without_builds_has_no_forecast(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    document = json.loads(program.run("plan", "reef", "--json", *HERE).stdout)
    assert document["forecast"] is None
