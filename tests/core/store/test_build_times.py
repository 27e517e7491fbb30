"""How long builds took."""

import json
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.model.forecast import build_time
from core.model.installed import InstalledRecord
from core.model.spec import ConcreteSpec
from core.store.buildtimes import BuildTimes, times_in_prefixes
from tests.core.store.store_helpers import LIBTIDE, REEF, golden_graph


@pytest.fixture
def libtide(golden: Path) -> ConcreteSpec:
    return golden_graph(golden)[LIBTIDE]


def installed(spec: ConcreteSpec, prefix: Path, times: object) -> InstalledRecord:
    """A prefix with what Spack's installer writes."""
    (prefix / ".spack").mkdir(parents=True)
    if times is not None:
        text = times if isinstance(times, str) else json.dumps(times)
        (prefix / ".spack" / "install_times.json").write_text(text)
    return InstalledRecord(spec, str(prefix), installed=True, explicit=False)


def test_what_was_noted_is_there(tmp_path: Path, libtide: ConcreteSpec) -> None:
    times = BuildTimes(tmp_path)
    assert times.of({"libtide"}) == []
    times.record(libtide, 4.5)
    times.record(replace(libtide, hash=REEF), 3.0)
    times.record(libtide, 12.5)
    found = BuildTimes(tmp_path).of({"libtide", "other"})
    assert {time.hash: time.seconds for time in found} == {LIBTIDE: 12.5, REEF: 3.0}
    noted = next(time for time in found if time.hash == LIBTIDE)
    assert noted == build_time(libtide, 12.5)
    assert dict(noted.variants)["pic"] == "+"


def test_what_cannot_be_noted_is_left(tmp_path: Path, libtide: ConcreteSpec) -> None:
    (tmp_path / "build-times-1").write_text("a file where a directory should be")
    times = BuildTimes(tmp_path)
    times.record(libtide, 4.5)
    assert times.of({"libtide"}) == []


def test_damaged_notes_are_as_good_as_none(tmp_path: Path, libtide: ConcreteSpec) -> None:
    times = BuildTimes(tmp_path)
    times.record(libtide, 4.5)
    (noted,) = tmp_path.rglob("*.json")
    noted.write_bytes(noted.read_bytes()[:-3])
    assert times.of({"libtide"}) == []
    times.record(libtide, -1)
    assert times.of({"libtide"}) == []


def test_times_of_spack_are_read_from_prefixes(tmp_path: Path, libtide: ConcreteSpec) -> None:
    """As in `tests/golden/v1.1.0/mirror-signed`, whose archives carry such files."""
    written = {
        "total": 2.0333714485168457,
        "phases": [{"name": "install", "path": "install", "seconds": 1.77, "count": 1}],
        "name": "libtide",
        "cache": False,
        "hash": LIBTIDE,
    }
    record = installed(libtide, tmp_path / "libtide", written)
    assert times_in_prefixes([record], {"libtide"}) == [build_time(libtide, 2.0333714485168457)]
    assert times_in_prefixes([record], {"reef"}) == []


@pytest.mark.parametrize(
    "times",
    [
        None,
        "{",
        "[]",
        {"total": "long"},
        {"total": 5.0, "cache": True, "hash": LIBTIDE},
        {"total": 5.0, "cache": False, "hash": REEF},
        {"total": 0},
        {"total": -3.0},
        {"total": 1e300},
        '{"total": NaN}',
        '{"total": 1.0, "phases": "' + "x" * 100_000 + '"}',
    ],
)
def test_odd_times_are_none(tmp_path: Path, libtide: ConcreteSpec, times: object) -> None:
    record = installed(libtide, tmp_path / "libtide", times)
    assert times_in_prefixes([record], {"libtide"}) == []


def test_a_pipe_in_its_place_does_not_stop_us(tmp_path: Path, libtide: ConcreteSpec) -> None:
    record = installed(libtide, tmp_path / "libtide", None)
    os.mkfifo(tmp_path / "libtide" / ".spack" / "install_times.json")
    assert times_in_prefixes([record], {"libtide"}) == []
