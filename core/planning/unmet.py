"""In what a concrete spec is not what a query asks for."""

from collections.abc import Iterator

from msgspec.structs import replace

from core.model.explanation import Aspect, Difference
from core.model.graph import COMPILER_VIRTUALS, SpecGraph
from core.model.spec import ConcreteSpec
from core.planning.difference import spec_text
from core.query.pattern import NEW_COMPILER_NAMES, EdgePattern, NodePattern, VariantPattern

_ANY_NODE = NodePattern()
_COMPILERS = frozenset(
    (
        *COMPILER_VIRTUALS,
        *NEW_COMPILER_NAMES,
        *NEW_COMPILER_NAMES.values(),
        *("gcc", "aocc", "apple-clang", "cce", "fj", "msvc", "nvhpc", "xl"),
    )
)
"""Names by which compilers are asked for."""


def unmet(wanted: NodePattern, spec: ConcreteSpec, graph: SpecGraph) -> tuple[Difference, ...]:
    """What `wanted` asks for and `spec` has not, the weightiest first. Pure.

    Empty if, and only if, `spec` is what was asked for.

    Raises:
        WrongUse: the answer stands in recipes alone, see `Query.matches`.
    """
    return tuple(found for part, found in _parts(wanted, spec, graph) if not part.fits(spec, graph))


def _parts(
    wanted: NodePattern, spec: ConcreteSpec, graph: SpecGraph
) -> Iterator[tuple[NodePattern, Difference]]:
    """Each thing that is asked for, alone, and what to say if it is not met."""
    name = replace(_ANY_NODE, name=wanted.name, namespace=wanted.namespace)
    yield name, Difference(Aspect.NAME, "package", _named(name), f"{spec.namespace}.{spec.name}")
    yield (
        replace(_ANY_NODE, hash_prefix=wanted.hash_prefix),
        Difference(Aspect.UNKNOWN, "hash", f"/{wanted.hash_prefix}", f"/{spec.hash}"),
    )
    yield (
        replace(_ANY_NODE, versions=wanted.versions),
        Difference(Aspect.VERSION, "version", f"@{wanted.versions_text}", f"@{spec.version}"),
    )
    for variant in wanted.variants:
        has = spec.variants.get(variant.name)
        offered = "" if has is None else spec_text(has, variant.name)
        yield (
            replace(_ANY_NODE, variants=(variant,)),
            Difference(Aspect.VARIANT, variant.name, _variant(variant), offered),
        )
    for edge in wanted.edges:
        yield replace(_ANY_NODE, edges=(edge,)), _edge(edge, spec, graph)
    for kind, flags in wanted.flags:
        texts = [f'{kind}="{" ".join(words)}"' for words in (flags, spec.flags.get(kind, ()))]
        yield replace(_ANY_NODE, flags=((kind, flags),)), Difference(Aspect.FLAG, kind, *texts)
    for aspect, key in (
        (Aspect.TARGET, "target"),
        (Aspect.OS, "os"),
        (Aspect.PLATFORM, "platform"),
    ):
        asked, offered = getattr(wanted, key), getattr(spec, key)
        yield (
            replace(_ANY_NODE, **{key: asked}),
            Difference(aspect, aspect.value, f"{key}={asked}", f"{key}={offered}"),
        )


def _edge(edge: EdgePattern, spec: ConcreteSpec, graph: SpecGraph) -> Difference:
    asked = _asked(edge.node)
    names = {edge.node.name, *edge.virtuals} - {""}
    compiler = graph.compiler_of(spec)
    if compiler and names & _COMPILERS:
        return Difference(Aspect.COMPILER, "compiler", asked, compiler)
    direct = graph.children(spec.hash, ("build", "link", "run"))
    found = sorted({node.label for node in direct if node.name == edge.node.name})
    if not found:
        needed = graph.order((spec.hash,))
        found = sorted({node.label for node in needed if node.name == edge.node.name})
    name = edge.node.name or ", ".join(sorted(names))
    return Difference(Aspect.DEPENDENCY, name, asked or name, ", ".join(found))


def _named(pattern: NodePattern) -> str:
    return f"{pattern.namespace}.{pattern.name}" if pattern.namespace else pattern.name


def _variant(variant: VariantPattern) -> str:
    twice = 2 if variant.everywhere else 1
    if variant.values in ((True,), (False,)):
        return f"{('+' if variant.values[0] else '~') * twice}{variant.name}"
    values = ",".join(map(str, variant.values)) or "*"
    return f"{variant.name}{':' * variant.exactly}{'=' * twice}{values}"


def _asked(pattern: NodePattern) -> str:
    """The pattern of a dependency in spec syntax."""
    parts = [_named(pattern)]
    if not pattern.versions.is_any:
        parts.append(f"@{pattern.versions_text}")
    variants = [_variant(variant) for variant in pattern.variants]
    parts += [text if text[0] in "+~" else f" {text}" for text in variants]
    for key in ("platform", "os", "target"):
        if value := getattr(pattern, key):
            parts.append(f" {key}={value}")
    if pattern.hash_prefix:
        parts.append(f"/{pattern.hash_prefix}")
    return "".join(parts).strip()
