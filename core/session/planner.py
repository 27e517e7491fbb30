"""Gathers what a plan needs to know: what is installed, and what the mirrors really have.

Every manifest of the closure is fetched and verified, and the spec document that it names is held
against the spec asked for, so that the plan shows what an install would find. Whether the store
can take it is found out last.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from core.cancel import CancelToken
from core.host.externals import absent_externals
from core.model.graph import SpecGraph
from core.model.host import Host
from core.model.ident import DagHash
from core.model.mirror import Mirror
from core.model.plan import Blocker, Plan, PlanNode, Source
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

    def plan(self, graph: SpecGraph, host: Host, cancel: CancelToken) -> Plan:
        """What an install of the roots of `graph` would do.

        A plan that takes anything from a quarantined mirror is one for its quarantine store.

        Raises:
            Interrupted: `cancel` was cancelled.
            StoreError: the install database cannot be read.
        """
        offers: _Offers = {}
        asked = Offers(self._settings, self._mirrors, self._pins)
        plan = self._plan_for(self._database, graph, host, offers, asked, cancel)
        strange = self._strangers(plan)
        if len(strange) == 1:
            place = quarantine_store(self._settings.store, strange[0].name)
            plan = self._plan_for(Database(StorePaths(place)), graph, host, offers, asked, cancel)
            strange = [*strange, *more] if (more := self._strangers(plan)) else []
        if strange:
            return self._plan_for(
                self._database, graph, host, _kept_apart(offers, strange), asked, cancel
            )
        return self._readiness.check(replace(plan, notes=self._notes(plan)), cancel)

    def _plan_for(
        self,
        database: Database,
        graph: SpecGraph,
        host: Host,
        offers: _Offers,
        asked: Offers,
        cancel: CancelToken,
    ) -> Plan:
        """The plan for one store; `offers` holds those known already, and gets the others."""
        catalog = self._mirrors.catalog()
        records = database.read().records
        installed = {hash_ for hash_, record in records.items() if is_present(record)}
        wanted = [
            spec
            for spec in graph.order()
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
        return make_plan(
            store=str(database.paths.root),
            graph=graph,
            host=host,
            installed=installed,
            offers=offers,
            absent_externals=absent_externals(graph),
        )

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
