"""What a session shows of builds: lists, one build in full, and which build a spec means."""

import re
import threading
from collections.abc import Callable, Mapping, Sequence

from core.catalog.reader import CatalogRow
from core.errors import NotAvailable, WrongUse
from core.model.graph import SpecGraph
from core.model.host import Host
from core.model.ident import DagHash
from core.model.installed import InstalledRecord, InstalledSpecs
from core.model.plan import Disposition
from core.model.spec import ConcreteSpec
from core.model.views import BuildDetails, BuildView, Choice, InstalledView, PackageView
from core.query.names import rank_names
from core.query.query import Query
from core.session.finder import (
    USABLE,
    checked_query,
    is_part_of_a_name,
    rows_holding,
    rows_matching,
)
from core.session.mirrors import MirrorDesk
from core.session.snapshot import Snapshot
from core.session.tally import Tally
from core.store.database import Database
from core.store.paths import StorePaths
from core.store.records import is_present
from core.trust.pins import PinStore

TO_LIST = "To see what is installed: spackbin list --installed"
"""What to do if nothing installed is what was meant."""


class Browser:
    """Answers what a session is asked about builds."""

    def __init__(
        self,
        mirrors: MirrorDesk,
        pins: PinStore,
        database: Database,
        paths: StorePaths,
        host: Callable[[], Host],
    ) -> None:
        self._mirrors = mirrors
        self._pins = pins
        self._database = database
        self._paths = paths
        self._host = host
        self._counting = threading.Lock()
        self._counted: tuple[Snapshot, int, Sequence[PackageView]] | None = None
        """What was true when all packages were counted, how many catalogs could be read, and the
        packages."""

    def packages(self, query: str, *, all_targets: bool) -> list[PackageView]:
        """One row per package: by name, or for a part of a name the most likely first."""
        now = self.snapshot()
        text = query.strip()
        if is_part_of_a_name(text):
            found = self._packages_named(now, text)
        else:
            found = _packages_matching(now, checked_query(now, text))
        return [package for package in found if all_targets or package.runs_here]

    def builds(self, name: str, query: str, *, all_targets: bool) -> list[BuildView]:
        """The builds of one package, best first."""
        now = self.snapshot()
        rows = self._found(now, query, by_part=True, name=name)
        return now.best_first(_views(now, rows, all_targets=all_targets))

    def search(self, query: str, *, all_targets: bool) -> list[BuildView]:
        """All builds that match, by name, best first."""
        now = self.snapshot()
        rows = self._found(now, query, by_part=True)
        best = now.best_first(_views(now, rows, all_targets=all_targets))
        return sorted(best, key=lambda view: view.name)

    def resolve(self, text: str, *, exact: bool) -> Choice:
        """The build that a spec means."""
        now = self.snapshot()
        rows = self._found(now, text, by_part=False)
        found = now.best_first(_views(now, rows, all_targets=True))
        if not found:
            raise NotAvailable(
                f"No mirror offers {text!a}", "", _suggestion(text, now.catalog.package_names())
            )
        if exact and len(found) > 1:
            labels = ", ".join(f"/{view.hash[:7]}" for view in found[:5])
            raise WrongUse(f"{text!a} matches {len(found)} builds", labels, "Name one by its hash")
        return Choice(found[0], len(found))

    def details(self, hash_: DagHash) -> BuildDetails:
        """One build in full.

        Raises:
            NotAvailable: neither a mirror nor the store knows it.
        """
        now = self.snapshot()
        row = now.row(hash_)
        if row is None:
            raise NotAvailable(f"No mirror describes /{hash_[:7]}", "", "Refresh the mirrors")
        graph = now.graph([hash_])
        spec = graph[hash_]
        record = now.records.get(hash_)
        there = record.prefix if record and is_present(record) else None
        return BuildDetails(
            build=now.view(row),
            flags=tuple((name, " ".join(values)) for name, values in spec.flags.items()),
            dependencies=tuple(
                (edge.hash, _label(graph, edge.hash, edge.name), ",".join(sorted(edge.deptypes)))
                for edge in spec.dependencies
            ),
            needs=self._needs(now, graph, spec),
            prefix=there or str(self._database.read().placing(self._paths).prefix_of(spec)),
        )

    def graph(self, hashes: Sequence[DagHash]) -> SpecGraph:
        """What these builds need, all types of dependency."""
        return self.snapshot().graph(hashes)

    def installed(self, specs: Sequence[str]) -> list[InstalledRecord]:
        """The installed packages that match any of `specs`; all but externals if none is given.

        Raises:
            NotAvailable: nothing installed matches one of them.
        """
        records = self._database.read().records
        if not specs:
            return _installed(records, "")
        chosen: dict[DagHash, InstalledRecord] = {}
        for text in specs:
            found = {record.hash: record for record in _installed(records, text)}
            if not found:
                raise NotAvailable(
                    f"Nothing installed matches {text!a}", str(self._paths.root), TO_LIST
                )
            chosen |= found
        return list(chosen.values())

    def installed_like(self, text: str) -> list[InstalledView]:
        """The installed packages that match a spec, or a part of a name; all if it is empty."""
        records, part = self._database.read().records, text.strip()
        graph = SpecGraph((), InstalledSpecs(records))
        if is_part_of_a_name(part):
            named = _installed(records, "")
            found = [record for record in named if part.lower() in record.name]
        else:
            found = _installed(records, part)
        views = [
            InstalledView(
                hash=spec.hash,
                name=spec.name,
                version=spec.version,
                os=spec.os,
                target=spec.target,
                compiler=graph.compiler_of(spec),
                explicit=record.explicit,
                prefix=record.prefix or "",
                is_there=is_present(record),
            )
            for record, spec in ((record, record.spec) for record in found)
        ]
        return sorted(views, key=lambda view: (view.name, view.version, view.hash))

    def snapshot(self) -> Snapshot:
        """What is true now."""
        mirrors = self._mirrors.configured()
        signed = frozenset(mirror.name for mirror in mirrors if mirror.signed)
        trusted = frozenset(
            mirror.name for mirror in mirrors if not mirror.signed or self._pins.pins(mirror)
        )
        records = self._database.read().records
        return Snapshot(self._mirrors.catalog(), records, trusted, signed, self._host())

    def _packages_named(self, now: Snapshot, part: str) -> Sequence[PackageView]:
        packages = self._all_packages(now)
        if not part:
            return packages
        found = {package.name: package for package in packages}
        return [found[name] for name in rank_names(part, found)]

    def _all_packages(self, now: Snapshot) -> Sequence[PackageView]:
        """All packages, by name; counted again only when something has changed."""
        with self._counting:
            readable = len(now.catalog.shelves)
            known = self._counted
            if known is None or known[1] != readable or not now.is_like(known[0]):
                tally = Tally(now)
                tally.add_all()
                self._counted = known = (now, readable, tally.packages())
            return known[2]

    def _found(
        self, now: Snapshot, text: str, *, by_part: bool, name: str | None = None
    ) -> list[CatalogRow]:
        """All that matches, on offer or installed, in no order."""
        text = text.strip()
        if by_part and is_part_of_a_name(text):
            return rows_holding(now, text, name)
        return rows_matching(now, checked_query(now, text), name)

    def _needs(
        self, now: Snapshot, graph: SpecGraph, spec: ConcreteSpec
    ) -> tuple[tuple[Disposition, int], ...]:
        counts = dict.fromkeys(Disposition, 0)
        for node in graph.order((spec.hash,)):
            row = now.row(node.hash)
            if node.hash != spec.hash and row:
                counts[now.view(row).disposition] += 1
        return tuple((kind, number) for kind, number in counts.items() if number)


def _views(now: Snapshot, rows: Sequence[CatalogRow], *, all_targets: bool) -> list[BuildView]:
    """The rows as lists show them; without `all_targets` those that can be used here."""
    return [now.view(row) for row in rows if all_targets or now.kind_of(row) in USABLE]


def _packages_matching(now: Snapshot, query: Query) -> list[PackageView]:
    tally = Tally(now)
    tally.add_matching(query)
    return tally.packages()


def _label(graph: SpecGraph, hash_: DagHash, name: str) -> str:
    return graph[hash_].label if hash_ in graph else name


def _suggestion(text: str, names: list[str]) -> str:
    from difflib import get_close_matches

    if not names:
        return "No mirror has anything on offer; add one: spackbin mirror add NAME URL"
    name = re.split(r"[@%+~^/= ]", text.strip(), maxsplit=1)[0]
    close = get_close_matches(name, names, n=3)
    return f"Did you mean {', '.join(close)}?" if close else "See what is on offer: spackbin list"


def _installed(records: Mapping[DagHash, InstalledRecord], text: str) -> list[InstalledRecord]:
    """Those that are installed and no externals, and match a spec if one is given."""
    found = [record for record in records.values() if record.installed]
    found = [record for record in found if not record.is_external]
    if not text:
        return found
    from core.query.parse import parse_query

    query = parse_query(text)
    graph = SpecGraph((), InstalledSpecs({record.hash: record for record in found}))
    named = (record for record in found if query.admits_named(record.name, record.hash))
    return [record for record in named if query.matches(record.spec, graph)]
