"""What the registrar of a run does where neither the database nor the journal can be written."""

import threading
from pathlib import Path

from store_helpers import LIBTIDE, install, packages, stage_package

from core.cancel import CancelToken
from core.engine.holdings import Claim, Holdings
from core.engine.journal import JournalWriter
from core.engine.registrar import Registrar
from core.engine.reporter import Reporter
from core.errors import StoreError
from core.model.graph import SpecGraph
from core.model.ident import DagHash
from core.store.database import Database
from core.store.paths import StorePaths


def test_what_cannot_be_registered_is_taken_back_whatever_hears_of_it(
    store: StorePaths, graph: SpecGraph, tmp_path: Path
) -> None:
    install(store, graph[LIBTIDE], graph)
    (libtide,) = packages(store)
    others = [hash_ for hash_, spec in graph.nodes.items() if not spec.external]
    wanted = [hash_ for hash_ in others if hash_ != LIBTIDE][:3]
    holdings, told = Holdings(store), list[DagHash]()

    def failed(hash_: DagHash, _error: Exception) -> None:
        told.append(hash_)
        raise StoreError("The journal of the run cannot be written")

    writer = JournalWriter(tmp_path)
    registrar = Registrar(
        Database(store),
        graph,
        {wanted[2]: [wanted[0]]},
        frozenset(),
        holdings=holdings,
        reporter=Reporter(writer),
        cancel=CancelToken(),
        failed=failed,
        skipped=lambda hash_, _: failed(hash_, StoreError("")),
    )
    staged = [stage_package(store, graph[hash_]) for hash_ in wanted]
    store.database.write_text("damaged")
    threads = threading.active_count()
    for tree in staged:
        assert holdings.claim(tree.spec.hash, lambda: False) is Claim.OURS
        tree.stage.rename(tree.prefix)
        registrar.register(tree)
    registrar.close()
    assert threading.active_count() == threads - 1
    writer.close()
    assert sorted(told) == sorted(wanted)
    assert all(map(registrar.is_lost, wanted))
    assert not registrar.has_left_overs
    assert packages(store) == [libtide]
    holdings.close()
