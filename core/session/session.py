"""One session: settings, and all that can be asked under them."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from core.cancel import CancelToken
from core.model.graph import SpecGraph
from core.model.host import Host, HostChoice
from core.model.ident import DagHash, dag_hash, mirror_name
from core.model.mirror import Channel, Connection, KnownMirror, Mirror
from core.model.plan import Disposition, Plan
from core.model.views import (
    BuildDetails,
    BuildView,
    Choice,
    InstalledView,
    KeyStatus,
    MirrorStatus,
    PackageView,
)
from core.session.browse import Browser
from core.session.configured import known_mirrors, known_url
from core.session.machine import chosen_host
from core.session.mirrors import MirrorDesk
from core.session.quarantine import check_place, warnings_of
from core.settings import Settings
from core.store.database import Database
from core.store.paths import StorePaths, check_writable
from core.trust.pins import PinStore

if TYPE_CHECKING:
    # Loaded by the calls that need it: what only looks at the catalog answers at once.
    from core.engine.journal import Run
    from core.model.environment import Environment
    from core.model.history import History
    from core.model.keycards import KeyCard, KeyReport
    from core.model.removal import RemovalPlan
    from core.session.history import HistoryDesk
    from core.session.installtree import InstallTreeDesk
    from core.session.judge import JudgeDesk
    from core.session.keys import KeyDesk
    from core.session.planner import Planner
    from core.session.runs import RunDesk
    from core.session.spackdesk import SpackDesk
    from core.session.standby import Standby


class Session:
    """The front door. Every call blocks, may be made from any thread, and raises `SpackbinError`.

    Args:
        settings: where things are.
        only: names or URLs of the mirrors to use; all configured ones if empty.
        host: the machine to plan for; this one if not given.
        standby: the engine process for the first install, started once a plan has work.
    """

    def __init__(
        self,
        settings: Settings,
        only: tuple[str, ...] = (),
        host: Host | HostChoice | None = None,
        standby: "Standby | None" = None,
    ) -> None:
        self._given_host = host
        self._standby = standby
        self.settings = settings
        """Where things are."""
        self._pins = PinStore(settings.config_dir / "pins.json")
        self._paths = StorePaths(settings.store)
        self._database = Database(self._paths)
        self._mirrors = MirrorDesk(settings, self._pins, only)
        self._browser = Browser(self._mirrors, self._pins, self._database, self._paths, self.host)

    def close(self) -> None:
        """Close connections; the session can be used again all the same."""
        self._mirrors.close()
        if "spack" in vars(self):
            self.spack.close()
        if self._standby:
            self._standby.dismiss()
            self._standby = None

    @cached_property
    def _host(self) -> Host:
        return chosen_host(self._given_host, self.settings.cache_dir)

    @cached_property
    def _keys(self) -> "KeyDesk":
        from core.session.keys import KeyDesk

        return KeyDesk(self.settings, self._mirrors, self._pins)

    @cached_property
    def _planner(self) -> "Planner":
        from core.session.planner import Planner

        return Planner(self.settings, self._mirrors, self._pins, self._database, self._standby)

    @cached_property
    def _past(self) -> "HistoryDesk":
        from core.session.history import HistoryDesk

        return HistoryDesk(self.settings, self._paths, self._database)

    @cached_property
    def install_tree(self) -> "InstallTreeDesk":
        """Verifies what is installed, removes it, and tidies up after the dead."""
        from core.session.installtree import InstallTreeDesk

        return InstallTreeDesk(self.settings, self._database, self._browser)

    @cached_property
    def judge(self) -> "JudgeDesk":
        """Says what runs here and why, and what the mirrors have for which machines."""
        from core.session.judge import JudgeDesk

        here = self._given_host is None
        return JudgeDesk(self.settings, self._mirrors, self._browser, self._plan_of, is_here=here)

    @cached_property
    def spack(self) -> "SpackDesk":
        """Asks the Spack beside us: what it is, its recipes, and what a spec becomes."""
        from core.session.spackdesk import SpackDesk

        return SpackDesk(self.settings, self._browser)

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
        channel: Channel | None = None,
        keys_page: str = "",
        shares_store: bool = False,
        confirmed: str = "",
    ) -> MirrorStatus:
        """Probe the URL and configure it as a mirror; its index is not read yet.

        Args:
            name: what to call it.
            url: where it is; empty for the known public mirror of this name.
            signed: whether its builds must be signed by a trusted key.
            connection: how to log in there.
            channel: what stands behind its builds, if its URL does not tell.
            keys_page: URL of a document, apart from the mirror, that names its keys.
            shares_store: True to have builds of a doubtful mirror in the shared store.
            confirmed: the name once more, as the user typed it after `mirror_warnings` were
                shown; needed for a mirror that has any.

        Raises:
            WrongUse: the name is taken, or name or URL cannot be understood.
            Refused: it is unsigned or of a pull request, and not confirmed.
            MirrorError: there is no build cache at the URL.
        """
        mirror = Mirror(
            mirror_name(name),
            url or known_url(name),
            signed,
            connection or Connection(),
            stated_channel=channel,
            keys_page=keys_page,
            shares_store=shares_store,
        )
        return self._mirrors.status(self._mirrors.add(mirror, confirmed))

    def mirror_warnings(
        self, name: str, url: str, *, signed: bool = True, channel: Channel | None = None
    ) -> tuple[str, ...]:
        """What the user must read before such a mirror is added, as sentences; often nothing."""
        return warnings_of(Mirror(mirror_name(name), url, signed, stated_channel=channel))

    def remove_mirror(self, name: str) -> None:
        """Forget a mirror, its catalog and the keys trusted for it."""
        self._mirrors.remove(name)

    def refresh(
        self,
        name: str,
        *,
        cancel: CancelToken,
        progress: Callable[[str, int, int], None],
        accept_older: bool = False,
    ) -> MirrorStatus:
        """Read the index of a mirror anew; `progress` gets (step, done, total).

        Raises:
            Refused: the mirror has gone back to an index that was replaced before, and
                `accept_older` does not allow that. The last good one stays in use.
        """
        mirror = self._mirrors.get(name)
        return self._mirrors.refresh(mirror, cancel, progress, accept_older=accept_older)

    def keys(self, name: str) -> tuple[KeyStatus, ...]:
        """The keys that a mirror offers, and those trusted for it."""
        return self._keys.keys(self._mirrors.get(name))

    def key_report(self, name: str) -> "KeyReport":
        """The same keys with what second sources say, and what the mirror served before."""
        return self._keys.report(self._mirrors.get(name))

    def keys_of_spack(self, name: str) -> "tuple[KeyCard, ...]":
        """The keys in a Spack's keyring, as they could be trusted; `NotAvailable` without one."""
        return self._keys.of_spack(self._mirrors.get(name))

    def trust(
        self,
        name: str,
        fingerprint: str,
        *,
        from_spack: bool = False,
        despite_disagreement: bool = False,
    ) -> KeyStatus:
        """Trust a key that the mirror offers, for this mirror only.

        Args:
            name: the mirror.
            fingerprint: the full fingerprint of the key, or of a subkey of it.
            from_spack: True to take the key from the keyring of a Spack beside us.
            despite_disagreement: True to trust it although a second source names another key.
                Only for who has read which, and been asked; what they said is kept with the pin.

        Raises:
            WrongUse: there is no such key on offer.
            Refused: it is expired, revoked or weak, or a second source disagrees.
        """
        return self._keys.trust(
            self._mirrors.get(name),
            fingerprint,
            from_spack=from_spack,
            despite_disagreement=despite_disagreement,
        )

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

    def installed_like(self, query: str = "") -> list[InstalledView]:
        """What is installed, by name; `query` is spec syntax or part of a name."""
        return self._browser.installed_like(query)

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

    def environment(self, path: Path) -> "Environment":
        """The Spack environment at a directory, a `spack.lock` or the `spack.yaml` beside it.

        Raises `WrongUse` if it cannot be understood, `NotAvailable` if it was never concretized.
        """
        from core.environment.read import read_environment

        return read_environment(path)

    def plan(
        self,
        hashes: Sequence[str],
        *,
        cancel: CancelToken,
        environment: "Environment | None" = None,
        builder: str = "",
    ) -> Plan:
        """What an install of these builds would do; nothing is changed.

        Args:
            hashes: DAG hashes of the builds.
            cancel: to end the work early.
            environment: one whose roots are wanted besides; also what `spack.concretize` answers.
            builder: who builds what no mirror has, e.g. `local`; nobody if empty.
        """
        wanted = [dag_hash(hash_) for hash_ in hashes]
        if environment:
            wanted = list(dict.fromkeys((*environment.graph.roots, *wanted)))
        graph = self._browser.graph(wanted)
        if environment:
            graph = graph.with_nodes(environment.graph)
        return self._plan_of(graph, cancel, builder)

    def _plan_of(self, graph: SpecGraph, cancel: CancelToken, builder: str = "") -> Plan:
        return self.judge.fleet.noted(self._planner.plan(graph, self.host(), cancel, builder))

    @cached_property
    def runs(self) -> "RunDesk":
        """Finds the runs of this user on this store."""
        from core.session.runs import RunDesk

        return RunDesk(self.settings, self._mirrors.quarantines)

    def start_install(self, plan: Plan, on: str = "") -> "Run":
        """Start the engine on a plan, here or as a job of `on`; it outlives this process.

        A run in progress that does all of it already is joined, see `runs.joinable`.

        Raises:
            WrongUse: the plan is not ready, or there is nothing to install.
            StoreError: the store cannot be written, or the run cannot be recorded.
        """
        mirrors = self._mirrors.configured()
        check_place(plan, mirrors)
        check_writable(Path(plan.store))
        wanted = (node.spec for node in plan.nodes if node.disposition is Disposition.CACHED)
        self._database_of(plan).read().check_writable(wanted)
        run = self.runs.start(plan, mirrors, self._standby, on)
        if self._standby and self._standby.has_run:
            self._standby = None
        return run

    def _database_of(self, plan: Plan) -> Database:
        """The database of the store that a plan is for, which may be a quarantine store."""
        if Path(plan.store) == self.settings.store:
            return self._database
        return Database(StorePaths(Path(plan.store)))

    def mark_explicit(self, plan: Plan) -> None:
        """Note that the user asked for the installed roots of a plan by name."""
        from core.session.history import mark_explicit

        mark_explicit(self._database_of(plan), plan)

    def current_run(self) -> "Run | None":
        """The run in progress on this store or its quarantines, else the last one, or none."""
        return self.runs.current()

    def history(self) -> "History":
        """What was done to the store, oldest first."""
        return self._past.history()

    def installed(self, specs: Sequence[str], *, every: bool = False) -> tuple[DagHash, ...]:
        """What is installed and meant by `specs`: one package each, unless `every` one is.

        Raises `NotAvailable` if nothing matches one of them, `WrongUse` if too many do.
        """
        return self._past.installed(specs, every=every)

    def removal_plan(
        self, hashes: Sequence[DagHash], *, dependents: bool = False, unused: bool = False
    ) -> "RemovalPlan":
        """What an uninstall would do, with what needs them and what only they needed."""
        return self._past.removal_plan(hashes, dependents=dependents, unused=unused)

    def undo_plan(self, number: int | None = None) -> "RemovalPlan | Plan":
        """What taking back an operation would do: remove what it added, or install it again.

        Args:
            number: which operation; the last that can be taken back if not given.

        Raises `NotAvailable` if there is none, `WrongUse` if it was taken back already.
        """
        from core.session.history import to_install_again

        operation = self._past.operation(number)
        if not operation.removed:
            return self._past.undo_plan(operation)
        graph = self._browser.graph([item.hash for item in operation.removed])
        return self.plan(to_install_again(operation, graph), cancel=CancelToken())
