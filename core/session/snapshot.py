"""What is true at one moment: offers, installs, trust and the machine, and how a build stands."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from core.catalog.reader import Catalog, CatalogRow
from core.host.verdict import row_runs, row_runs_here
from core.model.columns import Machine
from core.model.graph import SpecGraph
from core.model.host import Host
from core.model.ident import DagHash, MirrorName
from core.model.installed import InstalledRecord, InstalledSpecs
from core.model.plan import Disposition
from core.model.spec import ConcreteSpec, VariantValue
from core.model.value import Value
from core.model.views import BuildView
from core.planning.disposition import RowDisposition, fitness, row_disposition, row_kind
from core.store.records import is_present

_Answer = TypeVar("_Answer")


class Snapshot(Value, frozen=True):
    """What is true at one moment; every answer is made from one of these."""

    catalog: Catalog
    """What the mirrors offer."""
    records: Mapping[DagHash, InstalledRecord]
    """What is in the store."""
    trusted: frozenset[MirrorName]
    """Mirrors that have a trusted key, or may be unsigned."""
    signed: frozenset[MirrorName]
    """Mirrors whose builds must be signed."""
    host: Host
    """The machine."""

    def is_like(self, other: "Snapshot") -> bool:
        """True if nothing has changed between the two, as far as a look at each tells."""
        return (
            self.catalog is other.catalog
            and self.records is other.records
            and (self.trusted, self.signed) == (other.trusted, other.signed)
            and self.host == other.host
        )

    def row(self, hash_: DagHash) -> CatalogRow | None:
        """The row of a spec, on offer or only installed."""
        found = self.catalog.row(hash_)
        record = self.records.get(hash_)
        return found or (self.installed_row(record) if record else None)

    def installed_row(self, record: InstalledRecord) -> CatalogRow:
        """The row of a spec that no mirror knows."""
        return row_of(record.spec, self.installed_graph())

    def installed_graph(self) -> SpecGraph:
        """All that the database knows."""
        return SpecGraph((), InstalledSpecs(self.records))

    def graph(self, roots: Sequence[DagHash]) -> SpecGraph:
        """What the roots need, by the mirrors and by the database."""
        found = self.catalog.graph(roots)
        if all(root in found for root in found.roots) and not found.missing():
            return found
        return SpecGraph(found.roots, InstalledSpecs(self.records, found.nodes))

    def disposition(
        self, machine: Machine | CatalogRow, mirrors: Sequence[MirrorName], *, installed: bool
    ) -> RowDisposition:
        """What can be done with a build that was made for a machine and that mirrors have."""
        verdict = _judged(row_runs_here, self.host, machine)
        return row_disposition(
            installed=installed, verdict=verdict, mirrors=mirrors, trusted=self.trusted
        )

    def kind(
        self, machine: Machine | CatalogRow, mirrors: Sequence[MirrorName], *, installed: bool
    ) -> Disposition:
        """The same without the reason, which takes longer to find."""
        runs = _judged(row_runs, self.host, machine)
        return row_kind(installed=installed, runs=runs, mirrors=mirrors, trusted=self.trusted)

    def kind_of(self, row: CatalogRow) -> Disposition:
        """What can be done with the build of a row."""
        if row.external:
            return Disposition.EXTERNAL
        return self.kind(row, row.mirrors, installed=self._is_installed(row))

    def _is_installed(self, row: CatalogRow) -> bool:
        record = self.records.get(row.hash)
        return record is not None and is_present(record)

    def is_signed(self, mirrors: Sequence[MirrorName]) -> bool | None:
        """Whether a build that mirrors have must be signed on one; `None` if none has it."""
        return any(name in self.signed for name in mirrors) if mirrors else None

    def view(self, row: CatalogRow) -> BuildView:
        """The row as the faces show it."""
        stands = self.disposition(row, row.mirrors, installed=self._is_installed(row))
        return BuildView(
            hash=row.hash,
            name=row.name,
            version=row.version,
            os=row.os,
            target=row.target,
            compiler=row.compiler,
            variants=row.variants,
            mirrors=row.mirrors,
            disposition=Disposition.EXTERNAL if row.external else stands.disposition,
            reason=stands.reason,
        )

    def best_first(self, views: list[BuildView]) -> list[BuildView]:
        """Sorted by fitness for the host."""
        return sorted(
            views,
            key=lambda view: fitness(
                self.host,
                disposition=view.disposition,
                target=view.target,
                version=view.version,
                hash_=view.hash,
            ),
            reverse=True,
        )


def row_of(spec: ConcreteSpec, graph: SpecGraph) -> CatalogRow:
    """The row of a spec that is in no index."""
    libcs = (
        graph[edge.hash].label
        for edge in spec.dependencies
        if "libc" in edge.virtuals and edge.hash in graph
    )
    return CatalogRow(
        hash=spec.hash,
        name=spec.name,
        version=spec.version,
        platform=spec.platform,
        os=spec.os,
        target=spec.target,
        namespace=spec.namespace,
        compiler=graph.compiler_of(spec),
        libc=next(libcs, ""),
        variants=tuple(sorted((key, _shown(value)) for key, value in spec.variants.items())),
        mirrors=(),
        external=spec.external is not None,
    )


def _shown(value: VariantValue) -> str:
    if isinstance(value, bool):
        return "+" if value else "~"
    return value if isinstance(value, str) else ",".join(value)


def _judged(judge: Callable[..., _Answer], host: Host, machine: Machine | CatalogRow) -> _Answer:
    """What one of the judges of `core.host.verdict` says of a build for a machine."""
    return judge(
        host,
        platform=machine.platform,
        os=machine.os,
        target=machine.target,
        libc=machine.libc,
        compiled=bool(machine.compiler),
    )
