"""What a session looks at before an install, and what it does not."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from core.cancel import CancelToken
from core.errors import Interrupted
from core.mirror.archives import fetched
from core.model.artifact import FetchedArtifact
from core.model.ident import DagHash, Sha256
from core.model.plan import Disposition, Fit, Plan
from core.planning import survey as survey_module
from core.session import Session
from core.session import samples as samples_module
from tests.core.session.trusting import opened, refresh
from tests.program import KEY

LIBTIDE = DagHash("puk55bhxijb6dqgneqwgu7ft6zxmgwe6")


def session_with(tmp_path: Path, mirror: Path) -> Session:
    (tmp_path / "own").mkdir()
    session = opened(tmp_path)
    session.add_mirror("harbor", mirror.as_uri())
    refresh(session, "harbor")
    session.trust("harbor", KEY)
    return session


def plan(session: Session) -> Plan:
    return session.plan([LIBTIDE], cancel=CancelToken())


def blobs(tmp_path: Path) -> list[Path]:
    """Archives in the blob cache; spec documents are smaller."""
    found = (tmp_path / "own" / "cache").rglob("*")
    return [path for path in found if path.is_file() and path.read_bytes()[:2] == b"\x1f\x8b"]


def test_archives_beyond_the_budget_are_not_fetched(
    tmp_path: Path, golden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples_module, "BUDGET", 10_000)
    found = plan(session_with(tmp_path, golden / "dev" / "mirror-short"))
    named = {node.spec.name: found.preflight.fits.get(node.spec.hash) for node in found.nodes}
    assert named == {"libtide": Fit.MISFIT, "gcc-runtime": Fit.UNKNOWN, "glibc": None}
    assert found.node(LIBTIDE).disposition is Disposition.BLOCKED
    assert all(path.stat().st_size <= 10_000 for path in blobs(tmp_path))


def test_what_was_looked_at_is_not_looked_at_again(
    tmp_path: Path, golden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_with(tmp_path, golden / "dev" / "mirror-short")
    first = plan(session)

    def unexpected(*_: object) -> None:
        raise AssertionError("it was looked at again")

    monkeypatch.setattr(survey_module, "survey_archive", unexpected)
    assert plan(session).preflight.fits == first.preflight.fits
    assert Fit.UNKNOWN not in first.preflight.fits.values()


def test_an_archive_that_is_not_what_was_signed_is_not_believed(
    tmp_path: Path, golden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_with(tmp_path, golden / "dev" / "mirror-short")
    monkeypatch.setattr(samples_module, "fetched", lambda *given, **more: _swapped(given, more))
    found = plan(session).preflight
    assert set(found.fits.values()) == {Fit.UNKNOWN}
    assert not list((tmp_path / "own" / "cache" / "builds-1").rglob("*.json"))


def _swapped(given: Any, more: Any) -> FetchedArtifact:
    artifact = fetched(*given, **more)
    return replace(artifact, archive_sha256=Sha256("0" * 64))


def test_a_cancelled_plan_ends(tmp_path: Path, golden: Path) -> None:
    session = session_with(tmp_path, golden / "dev" / "mirror-short")
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Interrupted):
        session.plan([LIBTIDE], cancel=cancel)
