"""Which runs are kept: whoever installs for years has thousands behind them.

Every command looks at all that are there, and each holds a journal and the output of its builds.
What was done to a store is in its history, however old.
"""

from core.engine.history import RECORDED
from core.engine.journal import runs
from core.settings import Settings
from core.store.disk import remove_tree

KEPT = 100
"""Runs of a store that are kept, the newest ones."""
AT_ONCE = 50
"""Runs that are removed at most by one call, so that it does not take long."""


def remove_old(settings: Settings) -> None:
    """Remove older runs that are over: recorded in the history, and owing the store nothing.

    Raises:
        OSError: the state directory cannot be read or written.
    """
    over = [
        run
        for run in runs(settings)[KEPT:]
        if (run.directory / RECORDED).exists() and run.is_settled() and not run.is_alive()
    ]
    for run in over[-AT_ONCE:]:
        remove_tree(run.directory)
