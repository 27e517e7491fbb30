"""The mirrors of a session: ours, those of a Spack beside us, and what a refresh asks for."""

import hashlib
from pathlib import Path

import pytest

from core.cancel import CancelToken
from core.errors import MirrorError, NotFound, WrongUse
from core.model.views import MirrorStatus
from core.session import Session
from core.settings import Settings
from tests.simulator.fixtures import Serve
from tests.simulator.mirror import SimulatedMirror
from tests.simulator.server import Fault, FaultyServer


@pytest.fixture
def spack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The `mirrors.yaml` of a Spack that SPACK_ROOT names."""
    prefix = tmp_path / "spack"
    (prefix / "lib/spack/spack").mkdir(parents=True)
    (prefix / "etc/spack").mkdir(parents=True)
    monkeypatch.setenv("SPACK_ROOT", str(prefix))
    monkeypatch.setenv("SPACK_SYSTEM_CONFIG_PATH", str(tmp_path / "system"))
    return prefix / "etc/spack/mirrors.yaml"


def session(tmp_path: Path, *, use_spack: bool = False, only: tuple[str, ...] = ()) -> Session:
    own = tmp_path / "own"
    settings = Settings(
        own / "store", own / "config", own / "cache", own / "state", use_spack=use_spack
    )
    return Session(settings, only)


def refresh(opened: Session, name: str) -> MirrorStatus:
    return opened.refresh(name, cancel=CancelToken(), progress=lambda *_: None)


def test_mirrors_of_a_spack_come_after_ours(
    tmp_path: Path, spack: Path, simulated: SimulatedMirror
) -> None:
    spack.write_text(
        f"""\
mirrors:
  same: https://theirs.example
  site: {{url: {simulated.root}, signed: false}}
  sources: {{url: https://sources.example, binary: false}}
  odd: sftp://odd.example/x
"""
    )
    before = spack.read_bytes()
    opened = session(tmp_path, use_spack=True)
    opened.add_mirror("same", simulated.url)
    found = {status.name: status for status in opened.mirrors()}
    assert list(found) == ["same", "site", "odd"]
    assert (found["same"].url, found["same"].origin) == (simulated.url, "")
    assert found["site"].origin == f"spack: {spack}"
    assert not found["site"].signed
    assert not found["odd"].is_usable
    assert "Mirrors on sftp:// are not read: sftp://odd.example/x" in found["odd"].error
    assert refresh(opened, "site").builds > 0
    assert {name for item in opened.search() for name in item.mirrors} == {"same", "site"}
    with pytest.raises(WrongUse, match="Mirror odd cannot be used") as caught:
        refresh(opened, "odd")
    assert str(spack) in caught.value.hint
    for name in ("site", "odd"):
        with pytest.raises(WrongUse, match="whose files spackbin never writes"):
            opened.remove_mirror(name)
    opened.remove_mirror("same")
    assert opened.mirrors()[0].url == "https://theirs.example"
    assert spack.read_bytes() == before
    assert [status.name for status in session(tmp_path).mirrors()] == []


def test_a_session_can_be_limited_to_one_of_them(
    tmp_path: Path, spack: Path, simulated: SimulatedMirror
) -> None:
    spack.write_text(f"mirrors: {{site: {simulated.root}, odd: 'sftp://odd.example'}}\n")
    (one,) = session(tmp_path, use_spack=True, only=("site",)).mirrors()
    assert (one.name, one.url) == ("site", simulated.url)
    (odd,) = session(tmp_path, use_spack=True, only=("odd",)).mirrors()
    assert not odd.is_usable
    (given,) = session(tmp_path, only=(simulated.url,)).mirrors()
    assert given.name == f"url-{hashlib.sha256(simulated.url.encode()).hexdigest()[:8]}"


def test_a_spack_that_cannot_be_read_is_noted(tmp_path: Path, spack: Path) -> None:
    spack.write_text("mirrors: {a\n")
    opened = session(tmp_path, use_spack=True)
    assert opened.mirrors() == ()
    assert opened.mirror_notes() == (f"{spack} cannot be read: it is not YAML",)


def test_a_url_beside_the_mark_gets_a_hint(
    tmp_path: Path, simulated: SimulatedMirror, serving: Serve
) -> None:
    opened = session(tmp_path)
    with pytest.raises(NotFound) as caught:
        opened.add_mirror("a", f"{simulated.url}/v3")
    assert caught.value.hint == f"There is one at {simulated.url}"
    with pytest.raises(MirrorError) as nothing:
        opened.add_mirror("a", serving(tmp_path / "home").url)
    assert "may need a release or branch at its end" in nothing.value.hint
    assert opened.mirrors() == ()


def test_a_known_mirror_is_added_by_its_name_alone(tmp_path: Path) -> None:
    opened = session(tmp_path)
    assert opened.known_mirrors()[0].name == "spack-develop"
    assert opened.mirrors() == ()
    with pytest.raises(WrongUse, match="No public mirror called 'nothing' is known"):
        opened.add_mirror("nothing")


def test_an_unchanged_index_costs_one_request(
    tmp_path: Path, simulated: SimulatedMirror, serving: Serve
) -> None:
    server = serving(simulated.root)
    tagging(server)
    opened = session(tmp_path)
    opened.add_mirror("a", server.url)
    first = refresh(opened, "a")
    server.requests.clear()
    index = "v3/manifests/index/index.manifest.json"
    server.fail(index, Fault(status=304))
    assert refresh(opened, "a").builds == first.builds
    assert [path for path, _ in server.requests] == [index]
    assert server.requests[0][1]["If-None-Match"] == '"tag"'
    server.requests.clear()
    # A new process asks what the mirror is, and then the same.
    server.fail("v3/layout.json", Fault(status=304))
    assert refresh(session(tmp_path), "a").builds == first.builds
    assert [path for path, _ in server.requests] == ["v3/layout.json", index]


def tagging(server: FaultyServer) -> None:
    for path in ("v3/layout.json", "v3/manifests/index/index.manifest.json"):
        server.fail(path, Fault(headers={"ETag": '"tag"'}))


def test_a_plan_opens_each_mirror_once(
    tmp_path: Path, simulated: SimulatedMirror, serving: Serve
) -> None:
    server = serving(simulated.root)
    first = session(tmp_path)
    first.add_mirror("harbor", server.url)
    refresh(first, "harbor")
    first.trust("harbor", simulated.fingerprint)
    first.close()
    before = len(server.asked("v3/layout.json"))
    # Slow, so that whoever asks for manifests at the same time meets here.
    server.fail("v3/layout.json", Fault(stall=0.3))
    second = session(tmp_path)
    second.plan([simulated.wanted("boat").hash], cancel=CancelToken())
    second.close()
    assert len(server.asked("v3/layout.json")) - before == 1
