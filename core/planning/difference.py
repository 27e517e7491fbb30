"""In what two concrete specs differ."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from core.model.explanation import Aspect, Difference
from core.model.graph import ALL_DEPTYPES, LINK_RUN, SpecGraph
from core.model.spec import ConcreteSpec, VariantValue
from core.model.views import BuildView

_Value = TypeVar("_Value")
_FOLLOWED = (Aspect.COMPILER, Aspect.TARGET, Aspect.OS, Aspect.PLATFORM, Aspect.NAMESPACE)


def difference(
    wanted: ConcreteSpec, offered: ConcreteSpec, wanted_in: SpecGraph, offered_in: SpecGraph
) -> tuple[Difference, ...]:
    """In what `offered` is not `wanted`, the weightiest first. Pure.

    Empty if, and only if, both have the same hash. What is only needed to build is looked at
    when nothing else differs.

    Args:
        wanted: one build.
        offered: another.
        wanted_in: where the dependencies of the one are found.
        offered_in: where those of the other are found.
    """
    if wanted.hash == offered.hash:
        return ()
    compilers = wanted_in.compiler_of(wanted), offered_in.compiler_of(offered)
    found = list(_own(wanted, offered, *compilers))
    found += _needs(wanted, offered, wanted_in, offered_in, found)
    if not found:
        found += _build_tools(wanted, offered, wanted_in, offered_in)
    if not found:
        hashes = f"/{wanted.hash}", f"/{offered.hash}"
        found.append(Difference(Aspect.UNKNOWN, "hash", *hashes))
    return tuple(found)


def row_difference(wanted: BuildView, offered: BuildView) -> tuple[Difference, ...]:
    """The same by what a list knows of two builds: quick, and not the whole truth. Pure."""
    found = [
        *_if_unlike(Aspect.VERSION, f"@{wanted.version}", f"@{offered.version}"),
        *_if_unlike(Aspect.COMPILER, wanted.compiler, offered.compiler),
        *_if_unlike(Aspect.TARGET, f"target={wanted.target}", f"target={offered.target}"),
        *_if_unlike(Aspect.OS, f"os={wanted.os}", f"os={offered.os}"),
    ]
    for name, one, other in _pairs(dict(wanted.variants), dict(offered.variants)):
        found.append(Difference(Aspect.VARIANT, name, one or "", other or ""))
    return tuple(found)


def spec_text(value: VariantValue, name: str) -> str:
    """A variant in spec syntax: `+mpi`, `~mpi`, `api=v114`."""
    if isinstance(value, bool):
        return f"{'+' if value else '~'}{name}"
    return f"{name}={value if isinstance(value, str) else ','.join(value)}"


def _own(
    wanted: ConcreteSpec, offered: ConcreteSpec, compiler: str, other_compiler: str
) -> Iterator[Difference]:
    """Differences of the two nodes themselves."""
    yield from _if_unlike(Aspect.NAME, wanted.name, offered.name)
    yield from _if_unlike(Aspect.VERSION, f"@{wanted.version}", f"@{offered.version}")
    for name, one, other in _pairs(wanted.variants, offered.variants):
        texts = ["" if value is None else spec_text(value, name) for value in (one, other)]
        yield Difference(Aspect.VARIANT, name, *texts)
    yield from _if_unlike(Aspect.COMPILER, compiler, other_compiler)
    for name, one, other in _pairs(wanted.flags, offered.flags):
        texts = [f'{name}="{" ".join(value)}"' if value else "" for value in (one, other)]
        yield Difference(Aspect.FLAG, name, *texts)
    yield from _if_unlike(Aspect.TARGET, f"target={wanted.target}", f"target={offered.target}")
    yield from _if_unlike(Aspect.OS, f"os={wanted.os}", f"os={offered.os}")
    yield from _if_unlike(
        Aspect.PLATFORM, f"platform={wanted.platform}", f"platform={offered.platform}"
    )
    yield from _if_unlike(Aspect.NAMESPACE, wanted.namespace, offered.namespace)
    yield from _if_unlike(Aspect.PATCHES, _patches(wanted), _patches(offered))
    yield from _if_unlike(Aspect.RECIPE, _recipe(wanted), _recipe(offered))


def _needs(
    wanted: ConcreteSpec,
    offered: ConcreteSpec,
    wanted_in: SpecGraph,
    offered_in: SpecGraph,
    own: Iterable[Difference],
) -> Iterator[Difference]:
    """Differences of what the two need at run time, at any depth."""
    ones, others = (
        _by_name(spec, graph, LINK_RUN)
        for spec, graph in ((wanted, wanted_in), (offered, offered_in))
    )
    deeper: list[Difference] = []
    for name in sorted({*ones, *others}):
        one, other = ones.get(name, []), others.get(name, [])
        texts = _labels(one), _labels(other)
        if texts[0] != texts[1]:
            yield Difference(Aspect.DEPENDENCY, name, *texts)
        elif len(one) == len(other) == 1:
            deeper += _of_dependency(one[0], other[0], wanted_in, offered_in)
    # The dependencies follow the build in these: said of each, they would be noise.
    followed = {item.aspect for item in own if item.aspect in _FOLLOWED}
    yield from (item for item in deeper if item.aspect not in followed)


def _of_dependency(
    one: ConcreteSpec, other: ConcreteSpec, wanted_in: SpecGraph, offered_in: SpecGraph
) -> Iterator[Difference]:
    if one.hash != other.hash:
        for item in _own(one, other, wanted_in.compiler_of(one), offered_in.compiler_of(other)):
            yield Difference(item.aspect, item.subject, item.wanted, item.offered, one.name)


def _build_tools(
    wanted: ConcreteSpec, offered: ConcreteSpec, wanted_in: SpecGraph, offered_in: SpecGraph
) -> Iterator[Difference]:
    """Differences of everything that took part in making the two."""
    ones, others = (
        _by_name(spec, graph, ALL_DEPTYPES)
        for spec, graph in ((wanted, wanted_in), (offered, offered_in))
    )
    for name in sorted({*ones, *others}):
        texts = _labels(ones.get(name, [])), _labels(others.get(name, []))
        if texts[0] != texts[1]:
            yield Difference(Aspect.BUILD_TOOL, name, *texts)


def _if_unlike(aspect: Aspect, one: str, other: str) -> Iterator[Difference]:
    if one != other:
        yield Difference(aspect, aspect.value, one, other)


def _pairs(
    ones: Mapping[str, _Value], others: Mapping[str, _Value]
) -> Iterator[tuple[str, _Value | None, _Value | None]]:
    for name in sorted({*ones, *others}):
        one, other = ones.get(name), others.get(name)
        if one != other:
            yield name, one, other


def _patches(spec: ConcreteSpec) -> str:
    return ", ".join(patch[:7] for patch in spec.patches)


def _recipe(spec: ConcreteSpec) -> str:
    """The digest of the recipe, which nodes of Spack 0.18 and newer have (`package_hash`)."""
    digest = spec.node.get("package_hash")
    return f"recipe {digest[:7]}" if isinstance(digest, str) else ""


def _by_name(
    spec: ConcreteSpec, graph: SpecGraph, deptypes: Iterable[str]
) -> dict[str, list[ConcreteSpec]]:
    """Everything that a build needs, and the names of what is not known, by package name."""
    found: dict[str, list[ConcreteSpec]] = {}
    for node in graph.order((spec.hash,), deptypes):
        if node.hash != spec.hash:
            found.setdefault(str(node.name), []).append(node)
    return found


def _labels(specs: list[ConcreteSpec]) -> str:
    return ", ".join(sorted({spec.label for spec in specs}))
