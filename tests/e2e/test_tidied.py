"""Commands that look at the store put it in order after the dead, and say so."""

import json
import os
import time
from pathlib import Path

import pytest

from core.engine.liveness import STALE
from core.model.ident import dag_hash
from core.store.aside import set_aside
from core.store.database import Database
from core.store.paths import StorePaths
from tests.program import Program


@pytest.fixture
def harbor(program: Program, golden: Path) -> Program:
    """With beacon installed."""
    program.trusting(golden / "dev" / "mirror-signed")
    program.good("install", "beacon@1.3.0", "--yes")
    return program


def hide(program: Program) -> Path:
    """Leave beacon as a killed uninstall does; where it was."""
    prefix = program.prefix("beacon")
    store = StorePaths(program.store)
    record = Database(store).read().records[dag_hash(prefix.name.rpartition("-")[2])]
    assert set_aside(store, record)
    return prefix


@pytest.mark.parametrize(
    "command",
    [
        ("history",),
        ("verify", "kelp", "beacon"),
        ("uninstall", "beacon", "--yes"),
        ("undo", "--yes"),
        ("install", "beacon@1.3.0", "--yes"),
    ],
    ids=lambda command: command[0],
)
def test_what_a_killed_uninstall_had_hidden_is_put_back_and_said(
    harbor: Program, command: tuple[str, ...]
) -> None:
    prefix = hide(harbor)
    said = harbor.run(*command).stderr
    assert f"Tidied up: put {prefix} back, which " in said
    assert prefix.is_dir() == (command[0] not in ("uninstall", "undo"))
    assert "Tidied up" not in harbor.run("history").stderr


def test_what_a_dead_run_of_somebody_else_left_is_named_and_removed(harbor: Program) -> None:
    hash_ = "kvgootxj37ndcc7lz5imsiscnleu24gx"
    prefix = harbor.prefix("beacon").with_name(f"wrack-1.0-{hash_}")
    (prefix / "bin").mkdir(parents=True)
    note = harbor.store / ".spackbin" / "working-2026-far"
    about = {
        "run": "2026-far",
        "user": "alice",
        "host": "node7",
        "pid": 4711,
        "started": "12",
        "since": time.time() - 600,
        "hashes": [hash_],
    }
    note.write_text(f"another kernel\n{json.dumps(about)}\n")
    harbor.good("history")
    assert prefix.is_dir()
    os.utime(note, (time.time() - STALE - 5,) * 2)
    said = harbor.run("history", "--json")
    words = f"Tidied up: removed {prefix}, which run 2026-far of alice on node7 had left half done."
    assert said.stderr.splitlines() == [words]
    assert json.loads(said.stdout)["kind"] == "history"
    assert not prefix.exists()
    assert not note.exists()


def test_a_store_that_nobody_has_made_is_not_made(program: Program) -> None:
    program.run("history")
    program.run("verify")
    assert not program.store.exists()
