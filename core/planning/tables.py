"""Tables over many builds. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from core.catalog.groups import BuildGroup
from core.host.microarch import present_name
from core.host.verdict import row_runs_here
from core.model.host import Host
from core.model.tables import Matrix, MatrixCell, MatrixRow, VariantColumn, VariantTable
from core.model.views import BuildView

_NONE = "-"


@dataclass(slots=True)
class _Count:
    builds: int = 0
    runs_here: int = 0
    packages: set[str] = field(default_factory=set[str])


def make_matrix(mirror: str, groups: Iterable[BuildGroup], host: Host) -> Matrix:
    """Counts the builds by system and target.

    Args:
        mirror: whose builds they are; empty for those of all mirrors.
        groups: the builds.
        host: the machine.
    """
    counts: dict[tuple[str, str], _Count] = {}
    libcs: dict[str, set[str]] = {}
    packages, packages_here = set[str](), set[str]()
    runs_here = _Verdicts(host)
    for group in groups:
        system = group.os if group.platform == host.platform else f"{group.platform}-{group.os}"
        count = counts.setdefault((system, group.target), _Count())
        count.builds += group.builds
        count.packages.add(group.name)
        packages.add(group.name)
        libcs.setdefault(system, set()).update({group.libc} - {""})
        if runs_here[group.platform, group.os, group.target, group.libc, group.compiled]:
            count.runs_here += group.builds
            packages_here.add(group.name)
    targets = _targets({target for _, target in counts}, host)
    systems = sorted(libcs, key=lambda system: (system != host.os, system))
    return Matrix(
        mirror=mirror,
        rows=tuple(MatrixRow(system, tuple(sorted(libcs[system]))) for system in systems),
        targets=targets,
        cells=_cells(systems, targets, counts, host),
        builds=sum(count.builds for count in counts.values()),
        runs_here=sum(count.runs_here for count in counts.values()),
        packages=len(packages),
        packages_here=len(packages_here),
    )


class _Verdicts(dict[tuple[str, str, str, str, bool], bool]):
    """Whether builds run on a machine, by platform, system, target, C library, compiled or not."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host

    def __missing__(self, key: tuple[str, str, str, str, bool]) -> bool:
        platform, os, target, libc, compiled = key
        verdict = row_runs_here(
            self._host, platform=platform, os=os, target=target, libc=libc, compiled=compiled
        )
        self[key] = verdict.runs
        return verdict.runs


def _targets(found: Iterable[str], host: Host) -> tuple[str, ...]:
    rank = {target: at for at, target in enumerate(host.targets)}
    far = len(rank)
    return tuple(sorted(found, key=lambda target: (rank.get(present_name(target), far), target)))


def _cells(
    systems: Sequence[str],
    targets: Sequence[str],
    counts: dict[tuple[str, str], _Count],
    host: Host,
) -> tuple[MatrixCell, ...]:
    own = [
        target
        for target in targets
        if present_name(target) in host.targets and (host.os, target) in counts
    ]
    return tuple(
        MatrixCell(
            system=system,
            target=target,
            builds=count.builds,
            runs_here=count.runs_here,
            packages=len(count.packages),
            is_host=system == host.os and own[:1] == [target],
        )
        for system in systems
        for target in targets
        if (count := counts.get((system, target)))
    )


def variant_table(package: str, best_first: Sequence[BuildView]) -> VariantTable:
    """In what the builds of a package differ.

    Args:
        package: its name.
        best_first: its builds.
    """
    columns = [
        VariantColumn("version", tuple(build.version for build in best_first)),
        VariantColumn("target", tuple(build.target for build in best_first)),
        VariantColumn("os", tuple(build.os for build in best_first)),
        VariantColumn("compiler", tuple(build.compiler or _NONE for build in best_first)),
    ]
    by_build = [dict(build.variants) for build in best_first]
    for name in sorted({name for variants in by_build for name in variants}):
        values = tuple(variants.get(name, _NONE) for variants in by_build)
        columns.append(VariantColumn(name, values))
    mirrors = tuple(",".join(build.mirrors) or _NONE for build in best_first)
    columns.append(VariantColumn("from", mirrors))
    hashes = VariantColumn("hash", tuple(build.hash for build in best_first))
    return VariantTable(
        package=package,
        builds=tuple(best_first),
        columns=(*(column for column in columns if len(set(column.values)) > 1), hashes),
        same=tuple(
            (column.title, column.values[0]) for column in columns if len(set(column.values)) == 1
        ),
    )
