"""Whether a build runs on a machine, and if not, why.

The rules are those by which Spack chooses binaries for re-use (Spack 1.x `solver/reuse.py`,
`solver/libc_compatibility.lp`): the same platform, a target that the processor descends from,
and a C library of the same name that is at least as new. The operating system matters only to
what was compiled without saying for which C library (before Spack 0.22).
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from msgspec.structs import replace

from core.host.microarch import family_of, features_missing, present_name
from core.model.graph import SpecGraph
from core.model.host import Host, HostObstacle, ObstacleKind, Verdict
from core.model.ident import DagHash
from core.model.spec import ConcreteSpec
from core.model.version import version_key

_FEATURES_SHOWN = 4
_NOTHING_ABSENT: Mapping[DagHash, str] = {}


def runs_here(
    host: Host,
    spec: ConcreteSpec,
    graph: SpecGraph,
    absent_externals: Mapping[DagHash, str] = _NOTHING_ABSENT,
) -> Verdict:
    """Whether `spec` and everything that it needs at run time run on `host`.

    Args:
        host: the machine.
        spec: the build.
        graph: where its link and run dependencies are found; unknown ones are passed over.
        absent_externals: see `core.host.externals.absent_externals`.
    """
    needed = [node for node in graph.order((spec.hash,)) if node.hash != spec.hash]
    libcs = _libcs((spec, *needed), graph)
    found = dict.fromkeys(_own_obstacles(host, spec, graph, libcs))
    for node in needed:
        for obstacle in _machine_obstacles(host, node):
            # What stops the build itself as well is no news.
            if obstacle not in found:
                found.setdefault(replace(obstacle, needed=node.label))
        if node.hash in absent_externals and node.label not in libcs:
            found.setdefault(HostObstacle(ObstacleKind.EXTERNAL, absent_externals[node.hash]))
    return Verdict(tuple(found))


def node_runs_here(host: Host, spec: ConcreteSpec, graph: SpecGraph) -> Verdict:
    """Whether `spec` itself runs on `host`, whatever can be said of its dependencies.

    Args:
        host: the machine.
        spec: the build.
        graph: where its C library is found.
    """
    return Verdict(tuple(_own_obstacles(host, spec, graph, _libcs((spec,), graph))))


def libc_suffices(host: Host, libc: ConcreteSpec) -> Verdict:
    """Whether programs that were linked to the C library `libc` run with that of `host`."""
    return Verdict(tuple(_libc_obstacles(host, libc.label, libc.os)))


@lru_cache(maxsize=4096)
def row_runs_here(
    host: Host, *, platform: str, os: str, target: str, libc: str, compiled: bool
) -> Verdict:
    """The same by what a list knows of a build.

    Args:
        host: the machine.
        platform: platform of the build.
        os: operating system that it was built on.
        target: microarchitecture that it was built for.
        libc: C library that it or its dependencies use, as `name@version`; may be empty.
        compiled: True if a compiler took part in it.
    """
    found = [*_platform_obstacles(host, platform), *_target_obstacles(host, target)]
    return Verdict((*found, *_row_obstacles(host, os, libc, compiled)))


@lru_cache(maxsize=4096)
def row_runs(host: Host, *, platform: str, os: str, target: str, libc: str, compiled: bool) -> bool:
    """Whether `row_runs_here` finds no obstacle; archspec is not loaded to describe any."""
    if platform != host.platform or not _has_target(host, target):
        return False
    return not any(True for _ in _row_obstacles(host, os, libc, compiled))


def _row_obstacles(host: Host, os: str, libc: str, compiled: bool) -> Iterator[HostObstacle]:
    if libc:
        yield from _libc_obstacles(host, libc, os)
    elif compiled:
        yield from _os_obstacles(host, os)


def _own_obstacles(
    host: Host, spec: ConcreteSpec, graph: SpecGraph, libcs: Iterable[str]
) -> Iterator[HostObstacle]:
    yield from _machine_obstacles(host, spec)
    for libc in libcs:
        yield from _libc_obstacles(host, libc, spec.os)
    if spec.external is None and graph.compiler_of(spec):
        needed = graph.order((spec.hash,))
        if not _libcs(needed, graph):
            yield from _os_obstacles(host, spec.os)


def _libcs(nodes: Iterable[ConcreteSpec], graph: SpecGraph) -> dict[str, None]:
    """The C libraries that the nodes are linked to, as `name@version`."""
    return {
        graph[edge.hash].label: None
        for node in nodes
        for edge in node.dependencies
        if "libc" in edge.virtuals and edge.hash in graph
    }


def _machine_obstacles(host: Host, spec: ConcreteSpec) -> Iterator[HostObstacle]:
    # What the system provides is there, or it is missed elsewhere.
    if spec.external is None:
        yield from _platform_obstacles(host, spec.platform)
        yield from _target_obstacles(host, spec.target)


def _platform_obstacles(host: Host, platform: str) -> Iterator[HostObstacle]:
    if platform != host.platform:
        yield HostObstacle(
            ObstacleKind.PLATFORM, f"built for {platform}, this machine is {host.platform}"
        )


def _has_target(host: Host, target: str) -> bool:
    return present_name(target) in host.targets


def _target_obstacles(host: Host, target: str) -> Iterator[HostObstacle]:
    if _has_target(host, target):
        return
    own_family, family = family_of(host.target), family_of(target)
    built = f"built for {target}"
    if not host.target:
        problem = f"{built}, and the processor of this machine is not known"
        yield HostObstacle(ObstacleKind.TARGET, problem)
    elif family is None:
        yield HostObstacle(ObstacleKind.TARGET, f"{built}, a processor that is not known here")
    elif family != own_family:
        problem = f"{built}, another processor family than {own_family or host.target}"
        yield HostObstacle(ObstacleKind.FAMILY, problem)
    elif missing := features_missing(target, host.target):
        problem = f"{built}, this machine ({host.target}) lacks {_listed(missing)}"
        yield HostObstacle(ObstacleKind.TARGET, problem)
    else:
        yield HostObstacle(ObstacleKind.TARGET, f"{built}, this machine is {host.target}")


def _listed(features: tuple[str, ...]) -> str:
    shown = ", ".join(features[:_FEATURES_SHOWN])
    more = len(features) - _FEATURES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _libc_obstacles(host: Host, libc: str, os: str) -> Iterator[HostObstacle]:
    name, _, version = libc.partition("@")
    needs = f"needs {name} {version}"
    if host.libc is None:
        if os != host.os:
            problem = f"{needs}, and the C library of this machine is not known"
            yield HostObstacle(ObstacleKind.LIBC_KIND, problem)
    elif name != host.libc.name:
        problem = f"{needs}, this machine has {host.libc.name} {host.libc.version}"
        yield HostObstacle(ObstacleKind.LIBC_KIND, problem)
    elif version_key(version) > version_key(host.libc.version):
        problem = f"{needs}, this machine has {host.libc.version}"
        yield HostObstacle(ObstacleKind.LIBC_VERSION, problem)


def _os_obstacles(host: Host, os: str) -> Iterator[HostObstacle]:
    if os != host.os:
        problem = f"built on {os}, this machine is {host.os or 'not known'}"
        yield HostObstacle(ObstacleKind.OS, problem)
