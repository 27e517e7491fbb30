"""This machine is looked at once, and again when something about it is new."""

import json
from pathlib import Path
from typing import Any

from core.host.detect import detect_host
from core.session.machine import remembered_host


def remembered(cache: Path) -> Path:
    (path,) = (cache / "hosts").iterdir()
    return path


def change(path: Path, **fields: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_what_was_found_out_is_not_found_out_again(tmp_path: Path) -> None:
    host = remembered_host(tmp_path)
    assert host == detect_host()
    path = remembered(tmp_path)
    known = json.loads(path.read_text())["host"]
    change(path, host={**known, "target": "remembered"})
    assert remembered_host(tmp_path).target == "remembered"
    assert remembered_host(tmp_path / "other") == host


def test_another_start_of_the_machine_counts_as_another_machine(tmp_path: Path) -> None:
    host = remembered_host(tmp_path)
    path = remembered(tmp_path)
    document = json.loads(path.read_text())
    _, *others = document["circumstances"]
    change(
        path, circumstances=["another", *others], host={**document["host"], "target": "remembered"}
    )
    assert remembered_host(tmp_path) == host
    # And is remembered in its place.
    assert json.loads(path.read_text()) == document


def test_damage_costs_time_alone(tmp_path: Path) -> None:
    host = remembered_host(tmp_path)
    for text in ("", "[]", "{}", '{"circumstances": 1}'):
        remembered(tmp_path).write_text(text)
        assert remembered_host(tmp_path) == host


def test_a_cache_that_cannot_be_written_costs_time_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert remembered_host(tmp_path / "file") == detect_host()
