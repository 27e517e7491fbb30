"""How the mirrors are asked for a plan: all manifests first, then what stands in them."""

import shutil
from pathlib import Path

import pytest

from core.cancel import CancelToken
from core.model.ident import DagHash
from core.model.plan import Disposition, Plan
from core.session import Session
from core.session import offers as offers_module
from tests.core.session.trusting import opened, refresh
from tests.program import KEY
from tests.simulator.gpgruns import GpgRuns

REEF = DagHash("pgxfx3bbzwipmvo4y66vtatgkp4tlmhq")


def session_with(tmp_path: Path, mirror: Path) -> Session:
    (tmp_path / "own").mkdir()
    session = opened(tmp_path)
    session.add_mirror("harbor", mirror.as_uri())
    refresh(session, "harbor")
    session.trust("harbor", KEY)
    return session


def dispositions(found: Plan) -> dict[str, Disposition]:
    return {node.spec.name: node.disposition for node in found.nodes}


def plan(session: Session) -> Plan:
    return session.plan([REEF], cancel=CancelToken())


@pytest.mark.parametrize(("together", "checks"), [(16, 1), (4, 2), (2, 3)])
def test_gpg_is_asked_for_many_manifests_at_once(
    together: int, checks: int, tmp_path: Path, golden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offers_module, "TOGETHER", together)
    runs = GpgRuns(tmp_path, monkeypatch)
    session = session_with(tmp_path, golden / "dev" / "mirror-signed")
    before = runs.checks()
    found = plan(session)
    assert list(dispositions(found).values()).count(Disposition.CACHED) == 6
    assert {node.source.signer for node in found.nodes if node.source} == {KEY}
    assert runs.checks() - before == checks
    plan(session)
    assert runs.checks() - before == checks


def test_a_bad_manifest_among_them_spoils_its_own_package_alone(
    tmp_path: Path, golden: Path
) -> None:
    mirror = tmp_path / "mirror"
    shutil.copytree(golden / "dev" / "mirror-signed", mirror)
    (manifest,) = (mirror / "v3/manifests/spec/kelp").glob("*-6sbfuopp*.json")
    text = manifest.read_bytes()
    manifest.chmod(0o644)
    manifest.write_bytes(text.replace(b'"version":3', b'"version": 3'))
    assert manifest.read_bytes() != text
    found = plan(session_with(tmp_path, mirror))
    kelp = next(node for node in found.nodes if node.spec.name == "kelp")
    assert kelp.disposition is Disposition.BLOCKED
    assert "changed after it was signed" in kelp.reason
    others = {name: what for name, what in dispositions(found).items() if name != "kelp"}
    assert list(others.values()).count(Disposition.CACHED) == 5
    assert {node.source.signer for node in found.nodes if node.source} == {KEY}
