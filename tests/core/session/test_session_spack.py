"""The Spack beside a session: recipes that nobody has a binary of, and specs made concrete."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.cancel import CancelToken
from core.errors import NotAvailable, WrongUse
from core.model.host import Host
from core.model.plan import Disposition
from core.session import Session
from core.settings import Settings, load_settings
from tests.core.host.machines import recorded
from tests.core.session.trusting import refresh
from tests.program import KEY
from tests.simulator.spack import write_fake_spack

CANCEL = CancelToken()


@pytest.fixture
def spack(tmp_path: Path, golden: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # What runs inside writes down there what it was offered.
    monkeypatch.setenv("HOME", str(tmp_path))
    return write_fake_spack(tmp_path / "spack", golden)


@pytest.fixture
def session(tmp_path: Path, golden: Path, spack: Path) -> Iterator[Session]:
    own = tmp_path / "own"
    settings = Settings(own / "store", own / "config", own / "cache", own / "state", spack=spack)
    host: Host = recorded("zen4")
    made = Session(settings, host=host)
    made.add_mirror("harbor", str(golden / "dev/mirror-signed"))
    refresh(made, "harbor")
    made.trust("harbor", KEY)
    yield made
    made.close()


def names(session: Session, query: str = "") -> list[str]:
    return [view.name for view in session.spack.source_only(query)]


def test_packages_without_any_binary_are_known_once_they_were_read(
    session: Session, spack: Path
) -> None:
    assert names(session) == []
    assert not session.spack.recipes_are_current()
    assert session.spack.refresh_recipes(CANCEL) == 3
    assert session.spack.recipes_are_current()
    # A binary of reef is on offer, and the fourth is virtual.
    assert names(session) == ["ghost", "unseen"]
    assert names(session, "see") == ["unseen"]
    assert names(session, "ghost@2: +x") == ["ghost"]
    assert names(session, "ghos@2") == []
    assert session.spack.recipe("ghost", CANCEL).versions == ("2.0", "1.0")
    # No Spack is asked again before a repository changes.
    session.close()
    (spack / "broken").touch()
    assert session.spack.refresh_recipes(CANCEL) == 3
    (spack / "repo/packages/brandnew").mkdir()
    assert not session.spack.recipes_are_current()
    assert names(session) == ["ghost", "unseen"]
    with pytest.raises(NotAvailable, match="does not start"):
        session.spack.refresh_recipes(CANCEL)


def test_a_damaged_list_is_read_anew(session: Session, tmp_path: Path) -> None:
    session.spack.refresh_recipes(CANCEL)
    (kept,) = (tmp_path / "own/cache/recipes").iterdir()
    kept.write_text('{"state": 3')
    assert names(session) == []
    assert session.spack.refresh_recipes(CANCEL) == 3


def test_a_spec_becomes_a_plan_with_what_the_mirrors_offer(
    session: Session, tmp_path: Path
) -> None:
    told: list[float] = []
    found = session.spack.concretize(
        ["wreck"], CANCEL, waiting=lambda seconds, _: told.append(seconds)
    )
    assert told == sorted(told)
    plan = session.plan((), cancel=CANCEL, environment=found)
    assert {node.spec.name for node in plan.having(Disposition.BUILD)} == {"ghost"}
    assert "wreck" in {node.spec.name for node in plan.having(Disposition.CACHED)}
    was = json.loads((tmp_path / "offered").read_text())
    # Builds of what could be in the answer, here ghost and all that there are.
    assert {"reef", "libtide", "kelp", "wreck"} <= set(was["names"])
    assert was["reuse"] is None
    session.spack.concretize(["reef"], CANCEL, reuse=False)
    assert json.loads((tmp_path / "offered").read_text()) == {"names": [], "reuse": False}
    with pytest.raises(NotAvailable, match="no answer to 'no-such-thing'"):
        session.spack.concretize(["no-such-thing"], CANCEL)
    with pytest.raises(WrongUse, match="Nothing"):
        session.spack.concretize([], CANCEL)


def test_what_could_not_be_installed_here_is_not_offered(session: Session, tmp_path: Path) -> None:
    session.distrust("harbor", KEY)
    session.spack.concretize(["reef"], CANCEL)
    assert json.loads((tmp_path / "offered").read_text())["names"] == []


def test_configuration_that_changes_starts_another_process(
    session: Session, tmp_path: Path, spack: Path
) -> None:
    first = session.spack.running(CANCEL)
    (spack / "broken").touch()
    assert session.spack.running(CANCEL) == first
    (spack / "etc/spack/defaults/packages.yaml").write_text("packages: {}\n")
    with pytest.raises(NotAvailable, match="does not start"):
        session.spack.running(CANCEL)


def test_without_a_spack_it_is_said_what_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SPACK_ROOT", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    places = [tmp_path / name for name in ("store", "config", "cache", "state")]
    bare = Session(Settings(*places)).spack
    assert bare.source_only() == ()
    assert bare.recipes_are_current()
    with pytest.raises(NotAvailable, match="there is none") as error:
        bare.concretize(["reef"], CANCEL)
    assert "SPACK_ROOT" in error.value.hint
    with pytest.raises(NotAvailable, match="Not at"):
        Session(Settings(*places, spack=tmp_path / "no")).spack.facts()
    with pytest.raises(NotAvailable, match="ignored"):
        Session(Settings(*places, use_spack=False)).spack.start()


def test_the_configuration_may_name_it(tmp_path: Path) -> None:
    environ = {"SPACKBIN_CONFIG_DIR": str(tmp_path), "SPACKBIN_SPACK": str(tmp_path / "s")}
    assert load_settings({}, environ).spack == tmp_path / "s"
    del environ["SPACKBIN_SPACK"]
    assert load_settings({}, environ).spack is None
    (tmp_path / "config.toml").write_text('spack = "/opt/spack"\n')
    assert load_settings({}, environ).spack == Path("/opt/spack")
