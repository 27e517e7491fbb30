"""A real Spack and we install into one store at the same time."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from our_store import REEF
from real_spack import RealSpack

from core.model.graph import SpecGraph
from core.store.database import Database
from core.store.fsck import half_done
from core.store.history import HistoryFile
from core.store.paths import StorePaths
from core.store.verify import changes
from tests.program import Program

pytestmark = pytest.mark.interop

TRAWL = "trawl"
PACKAGES = {"beacon", "libharbor", "libtide", "gcc-runtime", "kelp", "reef", TRAWL}
PATIENCE = 120

Moment = Callable[[StorePaths], bool]
MOMENTS: dict[str, Moment] = {
    "as it begins": lambda store: store.prefix_lock.exists(),
    "in its midst": lambda store: any(store.root.glob("linux-*/*/.spack")),
}
"""When we come along."""


@pytest.mark.parametrize("moment", MOMENTS)
def test_nothing_is_lost(
    spack: RealSpack, tmp_path: Path, golden: Path, graph: SpecGraph, moment: str
) -> None:
    spack.know((spec.namespace, spec.name) for spec in graph.nodes.values())
    spack.know([("harbor", TRAWL)])
    spack.use(golden / "dev" / "mirror-signed")
    world = tmp_path / "world"
    world.mkdir()
    program = Program(world, spack.store).trusting(golden / "dev" / "mirror-signed")
    store = StorePaths(spack.store)
    theirs = subprocess.Popen(
        spack.command("install", "--cache-only", "--no-check-signature", f"/{REEF}"),
        env=spack.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + PATIENCE
    while not MOMENTS[moment](store) and theirs.poll() is None:
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
    assert theirs.poll() is None, "Spack had ended before we came"
    program.good("install", f"/{REEF}", TRAWL, "--yes")
    said, _ = theirs.communicate(timeout=PATIENCE)
    assert theirs.returncode == 0, said
    found = json.loads(spack.run("find", "--json").stdout)
    assert {spec["name"] for spec in found} >= PACKAGES
    explicit = spack.run("find", "--explicit", "--format", "{name}").stdout.split()
    assert sorted(explicit) == ["reef", TRAWL]
    # Spack leaves the manifest of the archive beside what it has relocated: see docs/adr/0004.
    ours = HistoryFile(store).read().operations[-1].added
    assert TRAWL in {item.name for item in ours}
    for item in ours:
        spack.verify(item.name)
        assert changes(Path(item.prefix)) == ()
    assert half_done(spack.store) == ()
    records = Database(store).read().records.values()
    assert {r.spec.name for r in records if r.installed and not r.spec.external} == PACKAGES
