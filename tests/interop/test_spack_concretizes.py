"""A real Spack decides what a spec would be, and takes what our mirror offers.

Collected only if SPACKBIN_TEST_RECIPES names a checkout of Spack's own recipes, which those of the
golden packages build upon, and SPACKBIN_TEST_PYTHON a Python in which Spack finds its solver.
"""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from solving_spack import PREFERRED, Harbor, harbor_of, solving_spack

from core.cancel import CancelToken
from core.environment.read import read_environment
from core.errors import Interrupted, NotAvailable
from core.model.environment import Environment
from core.model.plan import Disposition
from core.session import Session
from core.settings import Settings
from tests.core.host.machines import recorded

pytestmark = [pytest.mark.interop, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def harbor(checkout: Path) -> Harbor:
    """What this Spack has made of the packages."""
    return harbor_of(checkout)


@pytest.fixture(scope="module")
def session(
    checkout: Path, harbor: Harbor, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Session]:
    """Beside a Spack, with the mirror that one like it has made."""
    place = tmp_path_factory.mktemp("beside")
    own = place / "own"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in solving_spack(checkout, place, own / "store").items():
            patch.setenv(name, value)
        settings = Settings(
            own / "store", own / "config", own / "cache", own / "state", spack=checkout
        )
        made = Session(settings, host=recorded("zen4"))
        made.add_mirror("harbor", str(harbor.directory / "mirror-signed"))
        made.refresh("harbor", cancel=CancelToken(), progress=lambda *_: None)
        made.trust("harbor", harbor.key)
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
    assert "1.12.3" in session.spack.recipe("hdf5", CancelToken()).versions


def test_the_answer_is_what_the_mirror_has(session: Session, harbor: Harbor) -> None:
    wanted = read_environment(harbor.directory / "env")
    found = session.spack.concretize(["reef"], CancelToken(), reuse=True)
    reef = next(root.hash for root in wanted.roots if wanted.graph[root.hash].name == "reef")
    assert [root.hash for root in found.roots] == [reef]
    plan = session.plan((), cancel=CancelToken(), environment=found)
    assert plan.is_ready
    assert len(plan.having(Disposition.CACHED)) == 6
    assert not plan.having(Disposition.BUILD)


def test_what_no_mirror_has_is_to_build(session: Session) -> None:
    # Spack reuses no build that needs one without a binary. Asked so, it makes up the same again.
    found = session.spack.concretize(["wreck ^libtide@2 gauge=metric"], CancelToken())
    plan = session.plan((), cancel=CancelToken(), environment=found)
    assert [node.spec.label for node in plan.having(Disposition.BUILD)] == ["ghost@0.0.7"]
    assert {"libtide", "gcc-runtime"} <= {
        node.spec.name for node in plan.having(Disposition.CACHED)
    }


def test_only_what_is_on_offer_is_reused_and_only_on_demand(
    session: Session, harbor: Harbor
) -> None:
    reused = session.spack.concretize(["libtide"], CancelToken(), reuse=True)
    assert not _is_as_preferred(reused)
    assert not session.plan((), cancel=CancelToken(), environment=reused).having(Disposition.BUILD)
    session.distrust("harbor", harbor.key)
    try:
        alone = session.spack.concretize(["libtide"], CancelToken(), reuse=True)
    finally:
        session.trust("harbor", harbor.key)
    fresh = session.spack.concretize(["libtide"], CancelToken(), reuse=False)
    assert _is_as_preferred(fresh)
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


def _is_as_preferred(found: Environment) -> bool:
    variant, value = PREFERRED
    parameters = found.graph[found.roots[0].hash].node["parameters"]
    assert isinstance(parameters, dict)
    return parameters[variant] == value


def _text_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
