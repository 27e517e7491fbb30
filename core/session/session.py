"""One session: settings, and all that can be asked under them."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from core.cancel import CancelToken
from core.engine.journal import Run
from core.environment.read import read_environment
from core.host.detect import detect_host
from core.model.environment import Environment
from core.model.graph import SpecGraph
from core.model.host import Host
from core.model.ident import dag_hash
from core.model.mirror import Connection, KnownMirror
from core.model.plan import Disposition, Plan
from core.model.views import (
    BuildDetails,
    BuildView,
    Choice,
    KeyStatus,
    MirrorStatus,
    PackageView,
    VerifyReport,
)
from core.session import runs
from core.session.browse import Browser
from core.session.configured import known_mirrors, known_url
from core.session.keys import KeyDesk
from core.session.mirrors import MirrorDesk
from core.session.planner import Planner
from core.settings import Settings
from core.store.database import Database
from core.store.paths import StorePaths, check_writable
from core.store.verify import verify_prefix
from core.trust.pins import PinStore


class Session:
    """The front door. Every call blocks, may be made from any thread, and raises `SpackbinError`.

    Args:
        settings: where things are.
        only: names or URLs of the mirrors to use; all configured ones if empty.
        host: the machine to plan for; this one if not given.
    """

    def __init__(
        self, settings: Settings, only: tuple[str, ...] = (), host: Host | None = None
    ) -> None:
        self._given_host = host
        self.settings = settings
        """Where things are."""
        pins = PinStore(settings.config_dir / "pins.json")
        self._paths = StorePaths(settings.store)
        self._database = Database(self._paths)
        self._mirrors = MirrorDesk(settings, pins, only)
        self._keys = KeyDesk(self._mirrors, pins)
        self._planner = Planner(settings, self._mirrors, pins, self._database)
        self._browser = Browser(self._mirrors, pins, self._database, self._paths, self.host)

    def close(self) -> None:
        """Close connections; the session can be used again all the same."""
        self._mirrors.close()

    @cached_property
    def _host(self) -> Host:
        return self._given_host or detect_host()

    def host(self) -> Host:
        """The machine that is planned for."""
        return self._host

    def mirrors(self) -> tuple[MirrorStatus, ...]:
        """The mirrors and how they stand, from disk alone; after ours those of a Spack."""
        return self._mirrors.statuses()

    def mirror_notes(self) -> tuple[str, ...]:
        """What could not be read of the configuration of a Spack beside us, as sentences."""
        return self._mirrors.sources.notes()

    def known_mirrors(self) -> tuple[KnownMirror, ...]:
        """The public mirrors that we know of; none is used unless it is added."""
        return known_mirrors()

    def add_mirror(
        self,
        name: str,
        url: str = "",
        *,
        signed: bool = True,
        connection: Connection | None = None,
    ) -> MirrorStatus:
        """Probe the URL and configure it as a mirror; its index is not read yet.

        Without a URL, the known public mirror of this name is meant.
        """
        url = url or known_url(name)
        return self._mirrors.status(
            self._mirrors.add(name, url, signed=signed, connection=connection)
        )

    def remove_mirror(self, name: str) -> None:
        """Forget a mirror, its catalog and the keys trusted for it."""
        self._mirrors.remove(name)

    def refresh(
        self, name: str, *, cancel: CancelToken, progress: Callable[[str, int, int], None]
    ) -> MirrorStatus:
        """Read the index of a mirror anew; `progress` gets (step, done, total)."""
        return self._mirrors.refresh(self._mirrors.get(name), cancel, progress)

    def keys(self, name: str) -> tuple[KeyStatus, ...]:
        """The keys that a mirror offers, and those trusted for it."""
        return self._keys.keys(self._mirrors.get(name))

    def trust(self, name: str, fingerprint: str) -> KeyStatus:
        """Trust a key that the mirror offers, for this mirror only."""
        return self._keys.trust(self._mirrors.get(name), fingerprint)

    def distrust(self, name: str, fingerprint: str) -> None:
        """No longer trust a key for this mirror."""
        self._keys.distrust(self._mirrors.get(name), fingerprint)

    def packages(self, query: str = "", *, all_targets: bool = False) -> list[PackageView]:
        """The packages on offer, by name; `query` is spec syntax or part of a name."""
        return self._browser.packages(query, all_targets=all_targets)

    def builds(self, name: str, query: str = "", *, all_targets: bool = False) -> list[BuildView]:
        """The builds of one package, best for this host first."""
        return self._browser.builds(name, query, all_targets=all_targets)

    def search(self, query: str = "", *, all_targets: bool = False) -> list[BuildView]:
        """The builds that match, by name, then best for this host first."""
        return self._browser.search(query, all_targets=all_targets)

    def resolve(self, text: str, *, exact: bool = False) -> Choice:
        """The build that a spec means here: installed, then closest target, then newest.

        Raises:
            WrongUse: the spec cannot be parsed, or `exact` and several builds match.
            NotAvailable: nothing matches.
        """
        return self._browser.resolve(text, exact=exact)

    def details(self, hash_: str) -> BuildDetails:
        """One build in full."""
        return self._browser.details(dag_hash(hash_))

    def graph(self, hash_: str) -> SpecGraph:
        """The dependency graph of one build."""
        return self._browser.graph([dag_hash(hash_)])

    def environment(self, path: Path) -> Environment:
        """The Spack environment at a directory, a `spack.lock` or the `spack.yaml` beside it.

        Raises:
            WrongUse: there is none, or its lock file cannot be understood.
            NotAvailable: it was never concretized.
        """
        return read_environment(path)

    def plan(
        self,
        hashes: Sequence[str],
        *,
        cancel: CancelToken,
        environment: Environment | None = None,
    ) -> Plan:
        """What an install of these builds would do; nothing is changed.

        Args:
            hashes: DAG hashes of the builds.
            cancel: to end the work early.
            environment: one whose roots are wanted besides, and whose lock file describes them.
        """
        wanted = [dag_hash(hash_) for hash_ in hashes]
        if environment:
            wanted = list(dict.fromkeys((*environment.graph.roots, *wanted)))
        graph = self._browser.graph(wanted)
        if environment:
            graph = graph.with_nodes(environment.graph)
        return self._planner.plan(graph, self.host(), cancel)

    def start_install(self, plan: Plan) -> Run:
        """Start the engine on a plan; it outlives this process.

        Raises:
            WrongUse: the plan is not ready, or there is nothing to install.
            StoreError: the store cannot be written, or an install into it is in progress.
        """
        check_writable(self.settings.store)
        self._database.read().check_writable()
        return runs.start(plan, self.settings, self._mirrors.configured())

    def mark_explicit(self, plan: Plan) -> None:
        """Note that the user asked for the installed roots of a plan by name."""
        records = self._database.read().records
        for node in plan.having(Disposition.INSTALLED):
            record = records.get(node.spec.hash)
            is_asked = node.spec.hash in plan.roots and record is not None
            if is_asked and record and record.prefix and not record.explicit:
                self._database.register(node.spec, Path(record.prefix), plan.graph, explicit=True)

    def current_run(self) -> Run | None:
        """The run in progress on this store, else the last one, else `None`."""
        return runs.current(self.settings)

    def verify(self, specs: Sequence[str] = ()) -> list[VerifyReport]:
        """Compare installed packages (default: all) with what was registered."""
        return [verify_prefix(record) for record in self._browser.installed(specs)]
