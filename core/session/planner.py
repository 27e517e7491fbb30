"""Gathers what a plan needs to know: what is installed, and what the mirrors really have.

Every manifest of the closure is fetched and verified, and the spec document that it names is held
against the spec asked for, so that the plan shows what an install would find. Whether the store
can take it is found out last.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

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
from core.session.offers import Offers
from core.session.quarantine import is_strange, mirrors_of, quarantine_store, warnings_of
from core.session.readiness import Readiness
from core.settings import Settings
from core.store.database import Database
from core.store.paths import StorePaths
from core.store.records import is_present
from core.trust.pins import PinStore

CONNECTIONS = 8
"""Manifests asked for at once."""

_Offers = dict[DagHash, Offer]


class Planner:
    """Makes plans for one store, and for the quarantine stores beside it."""

    def __init__(
        self, settings: Settings, mirrors: MirrorDesk, pins: PinStore, database: Database
    ) -> None:
        self._settings = settings
        self._mirrors = mirrors
        self._pins = pins
        self._database = database
        self._readiness = Readiness(settings, mirrors, pins)

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
        asked = Offers(self._settings, self._mirrors, self._pins)
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
        ready = self._readiness.check(replace(plan, notes=self._notes(plan)), cancel)
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
        asked: Offers,
        cancel: CancelToken,
        builder: str,
    ) -> Plan:
        """The plan for one store; `offers` holds those known already, and gets the others."""
        catalog = self._mirrors.catalog()
        records = database.read().records
        installed = {hash_ for hash_, record in records.items() if is_present(record)}

        def children(hash_: DagHash) -> list[ConcreteSpec]:
            # Of what has a binary nobody asks how it was built.
            is_built = builder and hash_ not in installed and not catalog.sources(hash_)
            return graph.children(hash_, TO_BUILD if is_built else LINK_RUN)

        wanted = [
            spec
            for spec in graph.order_by(children)
            if spec.external is None
            and spec.hash not in installed
            and spec.hash not in offers
            and catalog.sources(spec.hash)
        ]
        prepare_structs()
        with ThreadPoolExecutor(CONNECTIONS, "offers") as pool:
            futures = [
                pool.submit(asked.ask, spec, catalog.sources(spec.hash), cancel) for spec in wanted
            ]
            for spec, future in zip(wanted, futures, strict=True):
                offers[spec.hash] = future.result()
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
