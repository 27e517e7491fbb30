"""Gathers what a plan needs to know: what is installed, and what the mirrors really have.

Every manifest of the closure is fetched and verified, and the spec document that it names is held
against the spec asked for, so that the plan shows what an install would find. Whether the store
can take it is found out last.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from core.cancel import CancelToken
from core.host.externals import absent_externals
from core.model.graph import LINK_RUN, TO_BUILD, SpecGraph
from core.model.host import Host
from core.model.ident import DagHash
from core.model.mirror import Mirror
from core.model.plan import Blocker, Disposition, Plan, PlanNode, Source
from core.model.spec import ConcreteSpec
from core.model.structs import prepare_structs
from core.planning.plan import Offer, Refusal, make_plan
from core.session.mirrors import MirrorDesk
from core.session.quarantine import is_strange, mirrors_of, quarantine_store, warnings_of
from core.session.standby import Standby
from core.settings import Settings
from core.store.database import Database
from core.store.paths import StorePaths
from core.store.records import Present
from core.trust.pins import PinStore

if TYPE_CHECKING:
    # Loaded if there is anything to ask: a plan of what is installed answers at once.
    from core.session.offers import Offers, Wanted
    from core.session.readiness import Readiness

CONNECTIONS = 8
"""Manifests asked for at once."""

_Offers = dict[DagHash, Offer]


class Planner:
    """Makes plans for one store, and for the quarantine stores beside it.

    Args:
        settings: where things are.
        mirrors: the mirrors.
        pins: the trusted keys.
        database: that of the store.
        standby: an engine to be started as soon as a plan is likely to need it.
    """

    def __init__(
        self,
        settings: Settings,
        mirrors: MirrorDesk,
        pins: PinStore,
        database: Database,
        standby: Standby | None = None,
    ) -> None:
        self._settings = settings
        self._mirrors = mirrors
        self._pins = pins
        self._database = database
        self._standby = standby

    @cached_property
    def _readiness(self) -> "Readiness":
        from core.session.readiness import Readiness

        return Readiness(self._settings, self._mirrors, self._pins)

    def _new_offers(self) -> "Offers":
        from core.session.offers import Offers

        return Offers(self._settings, self._mirrors, self._pins)

    def plan(self, graph: SpecGraph, host: Host, cancel: CancelToken, builder: str = "") -> Plan:
        """What an install of the roots of `graph` would do.

        A plan that takes anything from a quarantined mirror is one for its quarantine store.

        Args:
            graph: the roots and all that is known of what they need.
            host: the machine to plan for.
            cancel: to end the work early.
            builder: who builds what no mirror has; nobody if empty.

        Raises:
            Interrupted: `cancel` was cancelled.
            StoreError: the install database cannot be read.
        """
        offers: _Offers = {}
        asked = cache(self._new_offers)
        plan_for = partial(
            self._plan_for, graph=graph, host=host, asked=asked, cancel=cancel, builder=builder
        )
        plan = plan_for(self._database, offers)
        strange = self._strangers(plan)
        if len(strange) == 1:
            place = quarantine_store(self._settings.store, strange[0].name)
            plan = plan_for(Database(StorePaths(place)), offers)
            strange = [*strange, *more] if (more := self._strangers(plan)) else []
        if strange:
            return plan_for(self._database, _kept_apart(offers, strange))
        ready = replace(plan, notes=self._notes(plan))
        if ready.has_work:
            ready = self._readiness.check(ready, cancel)
        if not builder or not ready.having(Disposition.BUILD):
            return ready
        from core.session.building import with_builder

        return with_builder(ready, self._settings)

    def _plan_for(
        self,
        database: Database,
        offers: _Offers,
        *,
        graph: SpecGraph,
        host: Host,
        asked: "Callable[[], Offers]",
        cancel: CancelToken,
        builder: str,
    ) -> Plan:
        """The plan for one store; `offers` holds those known already, and gets the others."""
        catalog = self._mirrors.catalog()
        installed = Present(database.read().records)

        def children(hash_: DagHash) -> list[ConcreteSpec]:
            # Of what has a binary nobody asks how it was built.
            is_built = builder and hash_ not in installed and not catalog.sources(hash_)
            return graph.children(hash_, TO_BUILD if is_built else LINK_RUN)

        wanted = [
            (spec, names)
            for spec in graph.order_by(children)
            if spec.external is None
            and spec.hash not in installed
            and spec.hash not in offers
            and (names := catalog.sources(spec.hash))
        ]
        if wanted:
            offers |= self._asked(asked, wanted, cancel)
        cancel.check()
        plan = make_plan(
            store=str(database.paths.root),
            graph=graph,
            host=host,
            installed=installed,
            offers=offers,
            absent_externals=absent_externals(graph, TO_BUILD if builder else LINK_RUN),
            from_source=bool(builder),
        )
        return replace(plan, builder=builder)

    def _asked(
        self, asked: "Callable[[], Offers]", wanted: "Sequence[Wanted]", cancel: CancelToken
    ) -> _Offers:
        """What the mirrors say of each spec."""
        from concurrent.futures import ThreadPoolExecutor

        # All is loaded before it is prepared for threads, and before the engine copies it.
        offers = asked()
        prepare_structs()
        if self._standby:
            # Before there are threads; the engine loads while the mirrors are asked.
            self._standby.expect_run()
        with ThreadPoolExecutor(CONNECTIONS, "offers") as pool:
            checks = offers.look_ahead(wanted, pool, cancel)
            # Mostly they wait for GnuPG; meanwhile what comes next is loaded.
            self._readiness.load({name for _, names in wanted for name in names})
            for check in checks:
                check.result()
            shares = offers.shares(wanted, CONNECTIONS)
            answers = pool.map(partial(offers.ask_all, cancel=cancel), shares)
            return dict(chain.from_iterable(answers))

    def _strangers(self, plan: Plan) -> list[Mirror]:
        """The mirrors whose builds must not go where the plan would put them."""
        used = mirrors_of(plan, self._mirrors.configured())
        return [mirror for mirror in used if is_strange(mirror, Path(plan.store))]

    def _notes(self, plan: Plan) -> tuple[str, ...]:
        """What to know before saying yes: mirrors that nobody vouches for, copies that differ."""
        notes: list[str] = []
        for mirror in mirrors_of(plan, self._mirrors.configured()):
            notes += warnings_of(mirror)
            if mirror.is_quarantined:
                notes.append(
                    f"All of this goes to the quarantine store of {mirror.name}, {plan.store},"
                    " apart from everything else."
                )
        notes += [_difference(node, node.source) for node in plan.nodes if node.source]
        return tuple(filter(None, notes))


def _kept_apart(offers: Mapping[DagHash, Offer], strange: list[Mirror]) -> _Offers:
    """The offers, with those refused that would bring together what must stay apart."""
    names = " and ".join(mirror.name for mirror in strange)
    refusal = Refusal(
        Blocker.TRUST,
        f"Builds of {names} would come into one store, and those of mirrors in quarantine are"
        " never mixed: limit the command to one of them with --mirror, or see docs/security.md",
    )
    apart = {mirror.name for mirror in strange}
    return {
        hash_: refusal if isinstance(offer, Source) and offer.mirror in apart else offer
        for hash_, offer in offers.items()
    }


def _difference(node: PlanNode, source: Source) -> str:
    if not source.others:
        return ""
    copies = (source, *source.others)
    told = "; ".join(
        f"{copy.mirror}: sha256 {copy.archive_sha256},"
        f" {f'signed by {copy.signer}' if copy.signer else 'not signed'}"
        for copy in copies
    )
    return (
        f"{node.spec.label}: mirrors have different archives of this build ({told}). That of"
        f" {source.mirror} is taken."
    )
