"""Whether a build runs on a machine, and if not, why.

The rules are those by which Spack chooses binaries for re-use (Spack 1.x `solver/reuse.py`,
`solver/libc_compatibility.lp`): the same platform, a target that the processor descends from,
and a C library of the same name that is at least as new. The operating system matters only to
what was compiled without saying for which C library (before Spack 0.22).
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from core.host.microarch import family_of, features_missing
from core.model.graph import SpecGraph
from core.model.host import Host, Verdict
from core.model.spec import ConcreteSpec
from core.model.version import version_key

_FEATURES_SHOWN = 4


def runs_here(host: Host, spec: ConcreteSpec, graph: SpecGraph) -> Verdict:
    """Whether `spec` and everything that it needs at run time run on `host`.

    Args:
        host: the machine.
        spec: the build.
        graph: where its link and run dependencies are found; unknown ones are passed over.
    """
    needed = [node for node in graph.order((spec.hash,)) if node.hash != spec.hash]
    reasons = dict.fromkeys(_own_reasons(host, spec, graph, _libcs((spec, *needed), graph)))
    for node in needed:
        for reason in _machine_reasons(host, node):
            # What stops the build itself as well is no news.
            if reason not in reasons:
                reasons.setdefault(f"needs {node.label}: {reason}")
    return Verdict(tuple(reasons))


def node_runs_here(host: Host, spec: ConcreteSpec, graph: SpecGraph) -> Verdict:
    """Whether `spec` itself runs on `host`, whatever can be said of its dependencies.

    Args:
        host: the machine.
        spec: the build.
        graph: where its C library is found.
    """
    return Verdict(tuple(_own_reasons(host, spec, graph, _libcs((spec,), graph))))


def libc_suffices(host: Host, libc: ConcreteSpec) -> Verdict:
    """Whether programs that were linked to the C library `libc` run with that of `host`."""
    return Verdict(tuple(_libc_reasons(host, libc.label, libc.os)))


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
    reasons = [*_platform_reasons(host, platform), *_target_reasons(host, target)]
    if libc:
        reasons += _libc_reasons(host, libc, os)
    elif compiled:
        reasons += _os_reasons(host, os)
    return Verdict(tuple(reasons))


def _own_reasons(
    host: Host, spec: ConcreteSpec, graph: SpecGraph, libcs: Iterable[str]
) -> Iterator[str]:
    yield from _machine_reasons(host, spec)
    for libc in libcs:
        yield from _libc_reasons(host, libc, spec.os)
    if spec.external is None and graph.compiler_of(spec):
        needed = graph.order((spec.hash,))
        if not _libcs(needed, graph):
            yield from _os_reasons(host, spec.os)


def _libcs(nodes: Iterable[ConcreteSpec], graph: SpecGraph) -> dict[str, None]:
    """The C libraries that the nodes are linked to, as `name@version`."""
    return {
        graph[edge.hash].label: None
        for node in nodes
        for edge in node.dependencies
        if "libc" in edge.virtuals and edge.hash in graph
    }


def _machine_reasons(host: Host, spec: ConcreteSpec) -> Iterator[str]:
    # What the system provides is there, or it is missed elsewhere.
    if spec.external is None:
        yield from _platform_reasons(host, spec.platform)
        yield from _target_reasons(host, spec.target)


def _platform_reasons(host: Host, platform: str) -> Iterator[str]:
    if platform != host.platform:
        yield f"built for {platform}, this machine is {host.platform}"


def _target_reasons(host: Host, target: str) -> Iterator[str]:
    if target in host.targets:
        return
    own_family, family = family_of(host.target), family_of(target)
    if not host.target:
        yield f"built for {target}, and the processor of this machine is not known"
    elif family is None:
        yield f"built for {target}, a processor that is not known here"
    elif family != own_family:
        yield f"built for {target}, another processor family than {own_family or host.target}"
    elif missing := features_missing(target, host.target):
        yield f"built for {target}, this machine ({host.target}) lacks {_listed(missing)}"
    else:
        yield f"built for {target}, this machine is {host.target}"


def _listed(features: tuple[str, ...]) -> str:
    shown = ", ".join(features[:_FEATURES_SHOWN])
    more = len(features) - _FEATURES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _libc_reasons(host: Host, libc: str, os: str) -> Iterator[str]:
    name, _, version = libc.partition("@")
    if host.libc is None:
        if os != host.os:
            yield f"needs {name} {version}, and the C library of this machine is not known"
    elif name != host.libc.name:
        yield f"needs {name} {version}, this machine has {host.libc.name} {host.libc.version}"
    elif version_key(version) > version_key(host.libc.version):
        yield f"needs {name} {version}, this machine has {host.libc.version}"


def _os_reasons(host: Host, os: str) -> Iterator[str]:
    if os != host.os:
        yield f"built on {os}, this machine is {host.os or 'not known'}"
