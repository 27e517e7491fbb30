"""The install tree itself: what is in it compared with what should be, and taken out of it."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

from core.cancel import CancelToken
from core.errors import StoreError, WrongUse
from core.events import LogWritten, Tell
from core.model.removal import Removal, RemovalPlan
from core.model.views import VerifyReport
from core.session.browse import Browser
from core.settings import Settings
from core.store.database import Database
from core.store.paths import check_writable


class InstallTreeDesk:
    """Looks after the files of the packages that are installed.

    Args:
        settings: where the runs of this user are.
        database: that of the store.
        browser: knows what is installed.
    """

    def __init__(self, settings: Settings, database: Database, browser: Browser) -> None:
        self._settings = settings
        self._database = database
        self._paths = database.paths
        self._browser = browser

    def tidy(self) -> Iterator[str]:
        """Put the store in order after those who died in it, as far as we may.

        What was done, and what cannot be, as sentences without capital and final full stop; foreign
        text may be in them. What belongs to somebody who lives is not touched.
        """
        if not os.path.isdir(self._paths.database_dir):
            return
        from core.engine.tidy import tidy

        # It may be readable for us and no more.
        with suppress(StoreError):
            yield from tidy(self._settings, self._database, CancelToken())

    def verify(self, specs: Sequence[str] = ()) -> list[VerifyReport]:
        """Compare installed packages (default: all) with what was registered."""
        from core.store.verify import verify_prefix

        return [verify_prefix(record) for record in self._browser.installed(specs)]

    def remove(
        self,
        plan: RemovalPlan,
        cancel: CancelToken | None = None,
        tell: Tell = lambda _: None,
    ) -> Removal:
        """Carry out a plan to remove something: all of it or nothing.

        Args:
            plan: what to remove.
            cancel: gives it up, until the database is written.
            tell: takes in what happens, in the thread that calls.

        Raises:
            StoreError: something of it is needed, in use, or no longer there; or the store
                cannot be written.
            WrongUse: there is nothing to remove.
            Interrupted: it was given up in time; nothing was removed.
        """
        if plan.refused:
            first = plan.refused[0]
            raise StoreError(
                f"{first.package.label} cannot be removed",
                first.reason,
                "Remove what needs it as well (--dependents), or leave it",
            )
        if not plan.has_work:
            raise WrongUse("There is nothing to remove")
        check_writable(self._paths.root)
        from core.store.removal import remove

        for line in self.tidy():
            tell(LogWritten(time=time.time(), node=None, text=line))
        return remove(self._paths, plan, cancel=cancel, tell=tell)
