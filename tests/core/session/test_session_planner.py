"""What a plan takes for installed."""

from pathlib import Path

from core.cancel import CancelToken
from core.model.graph import ALL_DEPTYPES, SpecGraph
from core.model.plan import Disposition
from core.store.database import Database
from core.store.paths import StorePaths
from tests.core.host.machines import ICELAKE
from tests.core.session.trusting import opened
from tests.core.store.store_helpers import LIBTIDE, golden_graph


def test_what_no_index_describes_may_be_installed(tmp_path: Path, golden: Path) -> None:
    """Indices leave off what only building needs."""
    known = golden_graph(golden)
    needed = {spec.hash: spec for spec in known.order((LIBTIDE,), ALL_DEPTYPES)}
    wrapper = next(spec for spec in needed.values() if spec.name == "compiler-wrapper")
    graph = SpecGraph(
        (LIBTIDE,), {hash_: needed[hash_] for hash_ in needed.keys() - {wrapper.hash}}
    )
    session = opened(tmp_path, host=ICELAKE)
    store = StorePaths(session.settings.store)

    def reason() -> str:
        made = session._planner.plan(graph, ICELAKE, CancelToken())  # pyright: ignore[reportPrivateUsage]
        return next(
            node.reason for node in made.having(Disposition.BUILD) if node.spec.hash == LIBTIDE
        )

    to_build = "no mirror has it; to build it, 1 more package would be needed"
    assert reason() == to_build
    prefix = store.prefix_of(wrapper)
    Database(store).register(wrapper, prefix, known, explicit=False)
    assert reason() == to_build
    prefix.mkdir(parents=True)
    assert reason() == "no mirror has it"
