"""How the mirrors are asked for a plan: all manifests first, then what stands in them."""

import shutil
import threading
import time
from pathlib import Path

import pytest

from core.blobs.cache import BlobCache
from core.cancel import CancelToken
from core.mirror.reader import Found, MirrorReader
from core.model.ident import DagHash, Sha256
from core.model.plan import Disposition, Plan
from core.model.spec import ConcreteSpec
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


def test_a_plan_made_again_reads_what_the_mirror_has_and_no_spec_document(
    tmp_path: Path, golden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    threads: set[str] = set()
    real = BlobCache.document
    real_manifest = MirrorReader.manifest

    def document(self: BlobCache, digest: Sha256, limit: int) -> bytes | None:
        read.append(digest)
        return real(self, digest, limit)

    def manifest(self: MirrorReader, spec: ConcreteSpec) -> Found:
        threads.add(threading.current_thread().name)
        return real_manifest(self, spec)

    monkeypatch.setattr(BlobCache, "document", document)
    monkeypatch.setattr(MirrorReader, "manifest", manifest)
    mirror = tmp_path / "mirror"
    shutil.copytree(golden / "dev" / "mirror-signed", mirror)
    session = session_with(tmp_path, mirror)
    first = plan(session)
    assert len(read) == 6
    assert threads == {threading.current_thread().name}
    read.clear()
    assert plan(session).nodes == first.nodes
    assert read == []
    # What the cache has not is asked of the mirror, and what that has is looked at.
    (source,) = (node.source for node in first.nodes if node.spec.name == "kelp" and node.source)
    shutil.rmtree(session.settings.cache_dir / "blobs")
    for document_path in (mirror / "blobs/sha256").glob("*/*"):
        if document_path.name != source.archive_sha256 and document_path.stat().st_size < 1 << 16:
            document_path.chmod(0o644)
            document_path.write_bytes(b"something else")
    assert Disposition.CACHED not in dispositions(plan(session)).values()


def test_a_mirror_of_files_that_takes_its_time_is_read_by_several(
    tmp_path: Path, golden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[str] = set()
    real_manifest = MirrorReader.manifest

    def manifest(self: MirrorReader, spec: ConcreteSpec) -> Found:
        threads.add(threading.current_thread().name)
        time.sleep(0.1)
        return real_manifest(self, spec)

    session = session_with(tmp_path, golden / "dev" / "mirror-signed")
    first = plan(session)
    monkeypatch.setattr(MirrorReader, "manifest", manifest)
    assert plan(session).nodes == first.nodes
    assert any(name.startswith("offers") for name in threads)
