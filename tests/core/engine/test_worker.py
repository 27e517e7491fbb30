"""The engine ends, whatever happens."""

import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from core.engine.journal import JournalWriter, new_run
from core.engine.placers import Placers
from core.engine.request import REQUEST_VERSION, Request
from core.engine.scheduler import Outcome
from core.engine.worker import Engine
from core.model.ident import DagHash
from core.settings import Settings


class Broken(Engine):
    """An engine with an error of ours in it."""

    def _install(self, stack: ExitStack, placers: Placers) -> Mapping[DagHash, Outcome]:
        raise RuntimeError("a mistake of ours")


def test_an_error_of_ours_does_not_leave_it_waiting_for_itself(tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("store", "config", "cache", "state")]
    request = Request(REQUEST_VERSION, *map(str, places), 1, (), (), (), {})
    run = new_run(Settings(*places), request)
    writer = JournalWriter(run.directory)
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        Broken(run, request, writer).work()
    writer.close()
    assert "watch" not in {thread.name for thread in threading.enumerate()}
