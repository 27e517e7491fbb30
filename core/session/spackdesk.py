"""The Spack beside us: what it is, its recipes, and what a spec becomes there."""

import threading
import time
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from core.cancel import CancelToken
from core.errors import NotAvailable, WrongUse
from core.model.ident import DagHash
from core.model.plan import Disposition
from core.session.browse import Browser
from core.session.recipes import RecipeShelf
from core.session.snapshot import Snapshot
from core.settings import Settings
from core.spack.instance import SpackInstance, find_spack

if TYPE_CHECKING:
    # Loaded by the calls that need it: to list what was read before, no Spack is asked.
    from core.model.environment import Environment
    from core.model.spackfacts import RecipeDetails, RecipeView, RunningSpack, SpackFacts
    from core.spack.bridge import Bridge, Waiting

USABLE = frozenset((Disposition.CACHED, Disposition.INSTALLED))
"""Builds that a plan could take as they are."""


class SpackDesk:
    """Asks the Spack beside us, which runs as one process that is kept. Any thread may call.

    Every method that needs Spack raises `NotAvailable` if there is none or it does not start.

    Args:
        settings: where things are.
        browser: knows the builds.
    """

    def __init__(self, settings: Settings, browser: Browser) -> None:
        self._settings = settings
        self._browser = browser
        self._lock = threading.Lock()
        self._bridge: tuple[object, Bridge] | None = None

    @cached_property
    def found(self) -> SpackInstance | None:
        """The Spack that would be asked; `None` if there is none, or it is to be ignored."""
        if not self._settings.use_spack:
            return None
        return find_spack(given=self._settings.spack)

    def facts(self) -> "SpackFacts":
        """What its files say; nothing is run."""
        from core.spack.facts import read_facts

        return read_facts(self._spack())

    def running(self, cancel: CancelToken, waiting: "Waiting | None" = None) -> "RunningSpack":
        """What only a Spack that runs can say: its Python and its repositories."""
        from core.spack.answers import running_spack

        return running_spack(self._running().ask("facts", cancel=cancel, waiting=waiting))

    def start(self) -> None:
        """Start the process without waiting for it, so that the first answer comes sooner."""
        self._running().start()

    def close(self) -> None:
        """End the process; the next question starts another one."""
        with self._lock:
            kept, self._bridge = self._bridge, None
        if kept:
            kept[1].close()

    def concretize(
        self,
        specs: Sequence[str],
        cancel: CancelToken,
        *,
        reuse: bool | None = None,
        waiting: "Waiting | None" = None,
    ) -> "Environment":
        """What Spack would decide on for abstract specs, as `Session.plan` takes it.

        It may reuse what is in the store, and what the mirrors offer and could be installed here.

        Args:
            specs: one text for each.
            cancel: to end the work at once.
            reuse: whether to prefer what exists; as Spack is configured if `None`.
            waiting: called several times a second.

        Raises:
            Interrupted: `cancel` was cancelled.
            NotAvailable: nothing fulfils the specs together.
            WrongUse: a spec cannot be parsed.
        """
        from core.spack.answers import concretized

        if not specs:
            raise WrongUse("Nothing to concretize was named")
        asked, began = tuple(specs), time.monotonic()
        bridge = self._running()

        def waited(_: float, line: str) -> None:
            if waiting:
                waiting(time.monotonic() - began, line)

        answer = bridge.ask(
            "concretize",
            cancel=cancel,
            waiting=waited,
            refusal=_refusal(asked),
            specs=asked,
            reuse=reuse,
            offers=self._offers(bridge, asked, cancel, waited, is_wanted=reuse is not False),
        )
        return concretized(answer, asked)

    def recipe(self, name: str, cancel: CancelToken) -> "RecipeDetails":
        """What the recipe of a package says; a virtual package has none.

        Raises:
            NotAvailable: there is no recipe of this name.
        """
        from core.spack.answers import recipe_details

        refusal = f"Spack has no recipe for {name!a}"
        return recipe_details(
            self._running().ask("recipe", cancel=cancel, refusal=refusal, name=name)
        )

    def source_only(self, query: str = "") -> "tuple[RecipeView, ...]":
        """Packages with a recipe of which no mirror has a binary and none is installed.

        From what `refresh_recipes` read last; nothing is run, and nothing found before that.

        Args:
            query: part of a name, or a spec, of which the name alone counts.
        """
        if self.found is None:
            return ()
        return self._shelf.source_only(self._browser.snapshot(), query)

    def recipes_are_current(self) -> bool:
        """True if the recipes were read, and no repository has changed since."""
        return self.found is None or self._shelf.is_current()

    def refresh_recipes(self, cancel: CancelToken, waiting: "Waiting | None" = None) -> int:
        """Read the names of all recipes if a repository has changed; returns how many."""
        from core.spack.answers import recipe_views

        self._spack()
        if not self._shelf.is_current():
            bridge = self._running()
            repositories = self.running(cancel, waiting).repositories
            views = recipe_views(bridge.ask("recipes", cancel=cancel, waiting=waiting))
            self._shelf.keep(repositories, views)
        return len(self._shelf.views())

    @cached_property
    def _shelf(self) -> RecipeShelf:
        return RecipeShelf(self._settings.cache_dir / "recipes", self._spack())

    def _spack(self) -> SpackInstance:
        if self.found:
            return self.found
        if not self._settings.use_spack:
            raise NotAvailable(
                "Spack is needed for this, and is ignored", hint="Leave out --no-spack"
            )
        given = self._settings.spack
        raise NotAvailable(
            "Spack is needed for this, and there is none",
            f"Not at {given}" if given else "",
            "Install Spack, and put it on the PATH or set SPACK_ROOT to its directory",
        )

    def _running(self) -> "Bridge":
        """The process to ask; another one if the configuration has changed."""
        from core.spack.bridge import Bridge
        from core.spack.facts import configuration_stamp
        from core.spack.overrides import scope_for

        spack = self._spack()
        scope = scope_for(self._settings.store, self._settings.cache_dir / "spack")
        state = (scope, configuration_stamp(spack))
        with self._lock:
            if self._bridge is None or self._bridge[0] != state:
                if self._bridge:
                    self._bridge[1].close()
                self._bridge = state, Bridge(spack, scope)
            return self._bridge[1]

    def _offers(
        self,
        bridge: "Bridge",
        asked: tuple[str, ...],
        cancel: CancelToken,
        waiting: "Waiting",
        *,
        is_wanted: bool,
    ) -> object:
        """The builds that an answer could take, in a form that Spack reads."""
        from core.spack.answers import names
        from core.spack.offered import offers_document

        now = self._browser.snapshot()
        database = bridge.database(cancel, waiting)
        if not is_wanted:
            return offers_document(now.graph(()), (), database)
        cached = now.catalog.package_names()
        answer = bridge.ask(
            "possible",
            cancel=cancel,
            waiting=waiting,
            refusal=_refusal(asked),
            specs=asked,
            cached=cached,
        )
        hashes = _usable(now, sorted(names(answer).intersection(cached)), cancel)
        return offers_document(now.catalog.graph(hashes), hashes, database)


def _refusal(asked: Sequence[str]) -> str:
    return f"Spack finds no answer to {', '.join(asked)!a}"


def _usable(now: Snapshot, packages: Sequence[str], cancel: CancelToken) -> list[DagHash]:
    """The builds of these packages that a plan could take."""
    found: list[DagHash] = []
    for name in packages:
        cancel.check()
        found += [row.hash for row in now.catalog.rows(name) if now.view(row).disposition in USABLE]
    return found
