"""Indices that go back to an older state, by the session."""

import shutil
from pathlib import Path

import pytest

from core.errors import Refused
from core.session import Session
from tests.core.session.trusting import opened, refresh, use
from tests.simulator.mirror import SimulatedMirror
from tests.simulator.packages import Package


def push(mirror: SimulatedMirror, name: str) -> None:
    mirror.push(Package(name, "1.0", (), {"share/x": b"x\n"}))
    mirror.write_index()


def builds(session: Session) -> int:
    (status,) = session.mirrors()
    return status.builds


def test_a_rollback_is_refused_until_confirmed(simulated: SimulatedMirror, tmp_path: Path) -> None:
    session = opened(tmp_path)
    use(session, "harbor", simulated)
    old = simulated.index_manifest.read_bytes()
    push(simulated, "kelp")
    assert refresh(session, "harbor").builds == 3
    simulated.index_manifest.write_bytes(old)
    with pytest.raises(Refused, match="Mirror harbor has gone back to an older index") as caught:
        refresh(session, "harbor")
    assert caught.value.exit_status == 3
    (status,) = session.mirrors()
    assert status.builds == 3
    assert "gone back to an older index" in status.error
    assert {build.name for build in session.search()} >= {"kelp"}
    # Not even the loss of all that can be had again makes it forget.
    session.close()
    shutil.rmtree(tmp_path / "own" / "cache")
    session = opened(tmp_path)
    with pytest.raises(Refused):
        refresh(session, "harbor")
    assert refresh(session, "harbor", accept_older=True).builds == 2
    assert refresh(session, "harbor").error == ""
    push(simulated, "reef")
    assert refresh(session, "harbor").builds == 4


def test_a_mirror_that_was_removed_has_no_past(simulated: SimulatedMirror, tmp_path: Path) -> None:
    session = opened(tmp_path)
    use(session, "harbor", simulated)
    old = simulated.index_manifest.read_bytes()
    push(simulated, "kelp")
    refresh(session, "harbor")
    session.remove_mirror("harbor")
    simulated.index_manifest.write_bytes(old)
    use(session, "harbor", simulated)
    assert builds(session) == 2
