"""Which nodes wait for which prefix that somebody else holds, and since when."""

import threading

from core.engine.holdings import Holdings
from core.engine.reporter import Reporter
from core.model.ident import DagHash
from core.model.spec import ConcreteSpec
from core.store.paths import StorePaths
from core.store.waiting import Wait


class Waits:
    """May be used by several threads at once.

    Args:
        holdings: knows who holds a lock.
        paths: the store.
        reporter: told whom a node waits for.
        timeout: seconds after which a node waits no longer, `None` for never.
    """

    def __init__(
        self, holdings: Holdings, paths: StorePaths, reporter: Reporter, timeout: float | None
    ) -> None:
        self._holdings = holdings
        self._paths = paths
        self._reporter = reporter
        self._timeout = timeout
        self._waits: dict[tuple[DagHash, DagHash], Wait] = {}
        self._mutex = threading.Lock()

    def go_on(self, node: ConcreteSpec, prefix: ConcreteSpec) -> None:
        """A node could not have the lock of a prefix now, and asks again later.

        Raises:
            StoreError: it has asked for too long.
        """
        key = (node.hash, prefix.hash)
        with self._mutex:
            wait = self._waits.get(key)
            if wait is None:
                self._waits[key] = wait = Wait(
                    f"The prefix of {prefix.label}",
                    self._paths.prefix_lock,
                    lambda: self._holdings.holder(prefix.hash),
                    self._timeout,
                    self._reporter.listener(node.hash, "prefix"),
                )
        wait.check()

    def over(self, node: ConcreteSpec, prefix: ConcreteSpec) -> None:
        """A node has the lock of a prefix."""
        with self._mutex:
            wait = self._waits.pop((node.hash, prefix.hash), None)
        if wait:
            wait.over()
