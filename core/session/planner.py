"""Gathers what a plan needs to know: what is installed, and what the mirrors really have.

Every manifest of the closure is fetched and verified, and the spec document that it names is held
against the spec asked for, so that the plan shows what an install would find.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from core.cancel import CancelToken
from core.catalog.reader import Catalog
from core.errors import Refused, SpackbinError
from core.model.graph import SpecGraph
from core.model.host import Host
from core.model.ident import DagHash
from core.model.mirror import Mirror
from core.model.plan import Blocker, Plan, Source
from core.model.spec import ConcreteSpec
from core.planning.plan import Refusal, make_plan
from core.session.mirrors import MirrorDesk
from core.settings import Settings
from core.store.database import Database
from core.store.records import is_present
from core.trust.pins import PinStore
from core.trust.policy import policy_of
from core.trust.verify import Verifier

CONNECTIONS = 8
"""Manifests asked for at once."""


class Planner:
    """Makes plans for one store."""

    def __init__(
        self, settings: Settings, mirrors: MirrorDesk, pins: PinStore, database: Database
    ) -> None:
        self._settings = settings
        self._mirrors = mirrors
        self._pins = pins
        self._database = database

    def plan(self, graph: SpecGraph, host: Host, cancel: CancelToken) -> Plan:
        """What an install of the roots of `graph` would do.

        Raises:
            Interrupted: `cancel` was cancelled.
            StoreError: the install database cannot be read.
        """
        catalog = self._mirrors.catalog()
        records = self._database.read().records
        installed = {hash_ for hash_, record in records.items() if is_present(record)}
        wanted = [
            spec
            for spec in graph.order()
            if spec.external is None and spec.hash not in installed and catalog.sources(spec.hash)
        ]
        with ThreadPoolExecutor(CONNECTIONS, "offers") as pool:
            asked = [pool.submit(self._offer, spec, catalog, cancel) for spec in wanted]
            offers = [future.result() for future in asked]
        cancel.check()
        return make_plan(
            store=str(self._settings.store),
            graph=graph,
            host=host,
            installed=installed,
            offers=dict(zip((spec.hash for spec in wanted), offers, strict=True)),
            absent_externals=_absent_externals(graph),
        )

    def _offer(self, spec: ConcreteSpec, catalog: Catalog, cancel: CancelToken) -> Source | Refusal:
        """The first mirror's that is good; what is wrong with those before it is not hushed up."""
        refusals: list[Refusal] = []
        for name in catalog.sources(spec.hash):
            cancel.check()
            try:
                source = self._source(self._mirrors.get(name), spec)
            except SpackbinError as error:
                blocker = Blocker.TRUST if isinstance(error, Refused) else Blocker.MIRROR
                refusals.append(Refusal(blocker, _reason(error)))
            else:
                passed_over = "; ".join(refusal.reason for refusal in refusals)
                return replace(source, passed_over=passed_over)
        return refusals[0] if refusals else Refusal(Blocker.MIRROR, "No mirror has it any more")

    def _source(self, mirror: Mirror, spec: ConcreteSpec) -> Source:
        pins = self._pins.pins(mirror)
        if mirror.signed and not pins:
            raise Refused(f"No key is trusted for mirror {mirror.name} yet")
        keyrings = self._settings.state_dir / "keyrings"
        verifier = Verifier(mirror, pins, policy_of(mirror), keyrings)
        client = self._mirrors.client(mirror)
        manifest = verifier.manifest(client.manifest(spec))
        verifier.spec_document(manifest, client.spec_document(manifest))
        signature = manifest.signature
        return Source(
            mirror=mirror.name,
            archive_sha256=manifest.archive.sha256,
            archive_size=manifest.archive.size,
            signer=signature.primary if signature else "",
            signer_name=signature.user_id if signature else "",
        )


def _reason(error: SpackbinError) -> str:
    return f"{error.title} ({error.detail})" if error.detail else error.title


def _absent_externals(graph: SpecGraph) -> dict[DagHash, str]:
    """External nodes whose prefix this machine does not have, each with a sentence."""
    return {
        spec.hash: f"It expects {spec.label} of the system at {spec.external.path}, which is absent"
        for spec in graph.order()
        if spec.external and spec.external.path and not Path(spec.external.path).is_dir()
    }
