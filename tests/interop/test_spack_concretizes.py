"""A real Spack decides what a spec would be, and takes what our mirror offers.

Collected only if SPACKBIN_TEST_RECIPES names a checkout of Spack's own recipes, which those of the
golden packages build upon, and SPACKBIN_TEST_PYTHON a Python in which Spack finds its solver.
"""

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import CHECKOUTS
from real_spack import RealSpack, version_of

from core.cancel import CancelToken
from core.environment.read import read_environment
from core.errors import Interrupted, NotAvailable
from core.model.plan import Disposition
from core.session import Session
from core.settings import Settings
from tests.core.host.machines import recorded
from tests.program import KEY

pytestmark = [pytest.mark.interop, pytest.mark.timeout(900)]

COMPILERS = (
    "acfl aocc cce fj intel-oneapi-compilers intel-oneapi-compilers-classic llvm llvm-amdgpu nag"
    " nvhpc xl"
)
PERL = {"spec": "perl@5.36.0~cpanm+opcode+open+shared+threads", "prefix": "/usr"}
GCC = {
    "spec": "gcc@12.2.0 languages='c,c++,fortran'",
    "prefix": "/usr",
    "extra_attributes": {
        "compilers": {"c": "/usr/bin/gcc", "cxx": "/usr/bin/g++", "fortran": "/usr/bin/gfortran"}
    },
}


@pytest.fixture(scope="module")
def session(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Session]:
    """Beside the newest Spack, configured as the one that made the golden mirror."""
    golden, place = Path(__file__).parents[1] / "golden", tmp_path_factory.mktemp("beside")
    checkout = max(CHECKOUTS, key=version_of)
    spack = RealSpack(checkout, place / "spack", place / "own/store")
    spack.command()
    scope = spack.place / "scope"
    repositories = {
        "harbor": str(golden / "recipes/spack_repo/harbor"),
        "builtin": os.environ["SPACKBIN_TEST_RECIPES"] + "/repos/spack_repo/builtin",
    }
    (scope / "repos.yaml").write_text(json.dumps({"repos:": repositories}))
    packages: dict[str, object] = {name: {"buildable": False} for name in COMPILERS.split()}
    packages |= {
        "all": {"target": ["x86_64_v3"]},
        "perl": {"buildable": False, "externals": [PERL]},
        "gcc": {"buildable": False, "externals": [GCC]},
    }
    (scope / "packages.yaml").write_text(json.dumps({"packages": packages}))
    solver = {"concretizer": {"static_analysis": True}}
    (scope / "concretizer.yaml").write_text(json.dumps(solver))
    environment = spack.environment()
    del environment["SPACK_DISABLE_LOCAL_CONFIG"]
    environment |= {
        "SPACK_USER_CONFIG_PATH": str(scope),
        "SPACK_SYSTEM_CONFIG_PATH": str(place / "nowhere"),
        "SPACK_PYTHON": os.environ["SPACKBIN_TEST_PYTHON"],
        # The recipes are those of the checkout.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        own = place / "own"
        settings = Settings(
            own / "store", own / "config", own / "cache", own / "state", spack=checkout
        )
        made = Session(settings, host=recorded("zen4"))
        made.add_mirror("harbor", str(golden / "dev/mirror-signed"))
        made.refresh("harbor", cancel=CancelToken(), progress=lambda *_: None)
        made.trust("harbor", KEY)
        yield made
        made.close()


def test_facts_and_recipes(session: Session) -> None:
    facts, running = session.spack.facts(), session.spack.running(CancelToken())
    assert facts.version == running.version
    assert facts.install_tree == str(session.settings.store)
    assert [item.namespace for item in running.repositories] == ["harbor", "builtin"]
    began = time.process_time()
    assert session.spack.refresh_recipes(CancelToken()) > 8000
    assert time.process_time() - began < 5
    found = {view.name: view.namespace for view in session.spack.source_only()}
    assert found["ghost"] == "harbor"
    assert found["hdf5"] == "builtin"
    assert found.keys().isdisjoint({"reef", "mpi", "c"})
    assert "1.14.6" in session.spack.recipe("hdf5", CancelToken()).versions


def test_the_answer_is_what_the_mirror_has(session: Session, golden: Path) -> None:
    wanted = read_environment(golden / "dev" / "env")
    found = session.spack.concretize(["reef"], CancelToken(), reuse=True)
    reef = next(root.hash for root in wanted.roots if wanted.graph[root.hash].name == "reef")
    assert [root.hash for root in found.roots] == [reef]
    plan = session.plan((), cancel=CancelToken(), environment=found)
    assert plan.is_ready
    assert len(plan.having(Disposition.CACHED)) == 6
    assert not plan.having(Disposition.BUILD)


def test_what_no_mirror_has_is_to_build(session: Session) -> None:
    found = session.spack.concretize(["wreck"], CancelToken())
    plan = session.plan((), cancel=CancelToken(), environment=found)
    assert [node.spec.label for node in plan.having(Disposition.BUILD)] == ["ghost@0.0.7"]
    assert {"libtide", "gcc-runtime"} <= {
        node.spec.name for node in plan.having(Disposition.CACHED)
    }


def test_fresh_takes_the_newest_whatever_is_on_offer(session: Session) -> None:
    old = session.spack.concretize(["libtide@:1"], CancelToken(), reuse=True)
    assert old.graph[old.roots[0].hash].version.startswith("1.")
    session.distrust("harbor", KEY)
    try:
        alone = session.spack.concretize(["trawl"], CancelToken(), reuse=True)
        fresh = session.spack.concretize(["trawl"], CancelToken(), reuse=False)
    finally:
        session.trust("harbor", KEY)
    # Of a mirror that is not trusted nothing is offered.
    assert alone.roots[0].hash == fresh.roots[0].hash


def test_what_cannot_be_comes_with_spacks_reason(session: Session) -> None:
    with pytest.raises(NotAvailable, match="no answer to 'reef@99'") as error:
        session.spack.concretize(["reef@99"], CancelToken())
    assert "reef@99" in error.value.detail
    with pytest.raises(NotAvailable, match="no answer to"):
        session.spack.concretize(["no-such-thing"], CancelToken())


def test_a_solve_that_is_cancelled_leaves_nothing_running(session: Session) -> None:
    session.spack.running(CancelToken())
    cancel = CancelToken()
    threading.Timer(2.0, cancel.cancel).start()
    with pytest.raises(Interrupted):
        session.spack.concretize(["hdf5+mpi"], cancel, reuse=False)
    left = [
        path
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if str(session.settings.cache_dir).encode() in _text_of(path)
    ]
    assert left == []


def _text_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
