"""How many builds of each package there are, and how the best of them stands."""

from collections.abc import Callable
from itertools import compress

import msgspec

from core.catalog.groups import BuildCounts
from core.catalog.reader import CatalogRow
from core.model.plan import Disposition
from core.model.version import VersionKey, version_key
from core.model.views import BuildView, PackageView
from core.planning.disposition import fitness
from core.query.query import Query
from core.session.finder import (
    USABLE,
    installed_matching,
    offers_matching,
    only_installed,
    rows_matching,
)
from core.session.snapshot import Snapshot
from core.store.records import is_present


class _Package(msgspec.Struct):
    """What is counted of one package."""

    builds: int = 0
    runs_here: int = 0
    best: tuple[tuple[int, int], VersionKey, str, Disposition] | None = None
    """Its best build: how well it fits, version twice, disposition."""
    is_signed: bool | None = None
    """Whether that, or one as good, must be signed; `None` if no mirror has it."""


class Tally:
    """Counts the builds of each package, without looking at each of those on offer."""

    def __init__(self, now: Snapshot) -> None:
        self._now = now
        self._packages: dict[str, _Package] = {}

    def add_all(self) -> None:
        """Count all that is on offer or installed."""
        for part in self._now.catalog.builds:
            self._add_counts(part)
        self._note_installed(lambda _: True)
        for row in only_installed(self._now, lambda _: True):
            self.add(row)

    def add_matching(self, query: Query) -> None:
        """Count what is on offer or installed and satisfies a query.

        Raises:
            WrongUse: the answer stands in recipes alone.
        """
        offers = offers_matching(self._now, query)
        if offers is None:
            for row in rows_matching(self._now, query):
                self.add(row)
            return
        counts, hashes = offers
        self._add_counts(counts)
        self._note_installed(lambda row: row.hash in hashes)
        for row in installed_matching(self._now, query):
            self.add(row)

    def _add_counts(self, part: BuildCounts) -> None:
        """Count builds on offer."""
        kinds = {
            number: self._now.kind(machine, part.mirrors, installed=False)
            for number, machine in part.machines.items()
        }
        ranks = {
            number: (self._fit(kind, part.machines[number].target), kind)
            for number, kind in kinds.items()
        }
        is_signed = self._now.is_signed(part.mirrors)
        usable = {number for number, (_, found) in ranks.items() if found in USABLE}
        order = sorted(ranks, key=lambda number: ranks[number][0])
        place = {number: at for at, number in enumerate(order)}
        for number, (machines, builds) in part.builds.items():
            release = part.releases[number]
            package = self._packages.setdefault(release.name, _Package())
            package.builds += sum(builds)
            package.runs_here += sum(compress(builds, map(usable.__contains__, machines)))
            fit, disposition = ranks[order[max(map(place.__getitem__, machines))]]
            self._compare(package, fit, release.version, disposition, is_signed)

    def _note_installed(self, is_meant: Callable[[CatalogRow], bool]) -> None:
        """What is on offer and was counted, and is installed as well, can be used here."""
        now = self._now
        for row in now.catalog.rows_of(list(now.records)):
            # To see whether its prefix is there takes longest.
            if row.mirrors and is_meant(row) and is_present(now.records[row.hash]):
                package = self._packages.setdefault(row.name, _Package())
                package.runs_here += now.kind(row, row.mirrors, installed=False) not in USABLE
                self._note(package, now.view(row))

    def add(self, row: CatalogRow) -> None:
        """Count one build."""
        view = self._now.view(row)
        package = self._packages.setdefault(view.name, _Package())
        package.builds += 1
        package.runs_here += view.disposition in USABLE
        self._note(package, view)

    def packages(self) -> list[PackageView]:
        """All packages that were counted, by name."""
        return [
            PackageView(
                name,
                found.best[2],
                found.best[3],
                found.builds,
                found.runs_here,
                found.is_signed,
            )
            for name, found in sorted(self._packages.items())
            if found.best
        ]

    def _note(self, package: _Package, view: BuildView) -> None:
        fit = self._fit(view.disposition, view.target)
        is_signed = self._now.is_signed(view.mirrors)
        self._compare(package, fit, view.version, view.disposition, is_signed)

    def _fit(self, disposition: Disposition, target: str) -> tuple[int, int]:
        found = fitness(
            self._now.host, disposition=disposition, target=target, version="", hash_=""
        )
        return found.preference, found.closeness

    @staticmethod
    def _compare(
        package: _Package,
        fit: tuple[int, int],
        version: str,
        disposition: Disposition,
        is_signed: bool | None,
    ) -> None:
        best = (fit, version_key(version), version, disposition)
        if package.best is None or best[:2] > package.best[:2]:
            package.best, package.is_signed = best, is_signed
        elif best[:2] == package.best[:2]:
            package.is_signed = is_signed or package.is_signed
