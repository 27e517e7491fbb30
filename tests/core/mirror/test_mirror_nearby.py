"""Which URL was meant, if there is nothing at the one given."""

import threading
import time
from pathlib import Path

import pytest

from core.mirror import nearby as nearby_module
from core.mirror.known import KNOWN, SPACK_KEY
from core.mirror.nearby import MAX_PROBES, build_caches_near, nearby
from core.model.ident import fingerprint, mirror_name
from tests.simulator.fixtures import Serve
from tests.simulator.mirror import SimulatedMirror
from tests.simulator.server import Fault


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "https://b.example/releases/v0.18",
            ("releases/v0.18.0", "v0.18.0", "v0.18", "develop", "releases/v0.18/develop"),
        ),
        ("https://b.example/v0.18", ("v0.18.0", "releases/v0.18", "v0.18/develop", "develop")),
        ("https://b.example/v0.23.1", ("v0.23", "releases/v0.23", "v0.23.1/develop", "develop")),
        ("https://b.example/develop/v3", ("develop", "develop/develop")),
        ("https://b.example/x/build_cache", ("x", "x/develop", "develop")),
        ("https://b.example/x/v3/manifests/index", ("x", "x/develop", "develop")),
        ("https://b.example", ("develop",)),
    ],
)
def test_forms_that_are_tried(url: str, expected: tuple[str, ...]) -> None:
    found = nearby(url)
    assert found[: len(expected)] == tuple(f"https://b.example/{path}" for path in expected)
    assert url not in found
    assert len(found) == len(set(found)) <= MAX_PROBES


def test_those_that_answer_are_named(simulated: SimulatedMirror, serving: Serve) -> None:
    url = simulated.root.as_uri()
    assert build_caches_near(f"{url}/v3") == (url,)
    assert build_caches_near(f"{url}/no/such") == ()
    served = serving(simulated.root.parent).url
    assert build_caches_near(f"{served}/{simulated.root.name}/build_cache") == (
        f"{served}/{simulated.root.name}",
    )


def test_nobody_waits_for_one_that_hangs(
    tmp_path: Path, serving: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearby_module, "PATIENCE", 0.2)
    server = serving(tmp_path)
    server.fail("", Fault(stall=60))
    began = time.monotonic()
    assert build_caches_near(f"{server.url}/x/v3") == ()
    assert time.monotonic() - began < 30
    server.heal()
    for thread in threading.enumerate():
        if thread.daemon and thread.name.endswith("(ask)"):
            thread.join()


def test_the_known_mirrors_can_be_configured() -> None:
    assert SPACK_KEY == "2C8DD3224EF3573A42BD221FA8E0CA3C1C2ADA2F"
    assert len({known.name for known in KNOWN}) == len(KNOWN)
    for known in KNOWN:
        assert mirror_name(known.name) == known.name
        assert fingerprint(known.fingerprint) == known.fingerprint
        assert known.url.startswith("https://")
    assert KNOWN[0].url == "https://binaries.spack.io/develop"
