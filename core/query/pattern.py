"""What a query asks of a spec, and whether a concrete spec has it.

The rules are those of Spack 1.x `spec.py:Spec.satisfies` for a concrete left-hand side.
"""

from collections import deque

from core.errors import WrongUse
from core.model.graph import ALL_DEPTYPES, COMPILER_VIRTUALS, LINK_RUN, SpecGraph
from core.model.ident import DagHash, PackageName
from core.model.spec import ConcreteSpec, Edge, VariantValue
from core.model.value import Value
from core.model.version import ANY_VERSION, VersionSet
from core.query.targets import target_fits

NEW_COMPILER_NAMES = {
    "clang": "llvm",
    "oneapi": "intel-oneapi-compilers",
    "rocmcc": "llvm-amdgpu",
    "intel": "intel-oneapi-compilers-classic",
    "arm": "acfl",
}
"""Names of compilers before Spack 1.0, and of the packages that they are now."""
_BUILD = frozenset(("build",))


class VariantPattern(Value, frozen=True):
    """One variant and the values that it must have."""

    name: str
    """Name of the variant."""
    values: tuple[bool | str, ...]
    """Values asked for; empty if any value will do."""
    exactly: bool = False
    """True if there may be no further values."""
    everywhere: bool = False
    """True if it is asked of every node that has the variant, dependencies included."""

    def fits(self, value: VariantValue) -> bool:
        """True if a variant that has `value` is what was asked for."""
        has = _values(value)
        if self.exactly:
            return has == frozenset(self.values)
        if self.name == "patches":
            return all(any(str(item).startswith(str(part)) for item in has) for part in self.values)
        return has.issuperset(self.values)


def _values(value: VariantValue) -> frozenset[bool | str]:
    if isinstance(value, tuple):
        return frozenset(value)
    if isinstance(value, str) and value.upper() in {"TRUE", "FALSE"}:
        return frozenset((value.upper() == "TRUE",))
    return frozenset((value,))


class EdgePattern(Value, frozen=True):
    """One dependency that a spec must have."""

    node: "NodePattern"
    """What the dependency must be."""
    direct: bool
    """True for `%`: only a direct dependency counts."""
    virtuals: frozenset[str] = frozenset()
    """Virtual packages that it must provide."""
    deptypes: frozenset[str] = frozenset()
    """Dependency types that it must have."""


class NodePattern(Value, frozen=True):
    """What one node must be; empty fields ask for nothing."""

    name: str = ""
    """Package name."""
    namespace: str = ""
    """Namespace of the recipe."""
    hash_prefix: str = ""
    """Beginning of the DAG hash."""
    versions: VersionSet = ANY_VERSION
    """Versions."""
    platform: str = ""
    """Platform."""
    os: str = ""
    """Operating system."""
    target: str = ""
    """Targets and ranges of targets, joined by commas."""
    variants: tuple[VariantPattern, ...] = ()
    """Variants."""
    flags: tuple[tuple[str, frozenset[str]], ...] = ()
    """Compiler flags that must be among those of a kind."""
    edges: tuple[EdgePattern, ...] = ()
    """Dependencies."""
    versions_text: str = ""
    """The versions, as typed."""

    def fits(self, spec: ConcreteSpec, graph: SpecGraph) -> bool:
        """True if `spec` is what was asked for, dependencies included.

        Raises:
            WrongUse: the answer needs recipes, see `_edge_fits`.
        """
        if not self.itself_fits(spec, graph):
            return False
        for wanted in self.edges:
            found = _first_fitting(spec, wanted, graph)
            if found is None:
                return False
            # As in Spack, the first dependency that fits decides about what hangs below it.
            child = graph.nodes.get(found.hash)
            if wanted.node.edges and (child is None or not wanted.node.fits(child, graph)):
                return False
        return True

    def itself_fits(self, spec: ConcreteSpec, graph: SpecGraph) -> bool:
        """True if `spec` is what was asked for, whatever its dependencies are."""
        return (
            self.admits(
                name=spec.name,
                version=spec.version,
                namespace=spec.namespace,
                platform=spec.platform,
                os=spec.os,
                target=spec.target,
                hash_=spec.hash,
            )
            and all(wanted <= set(spec.flags.get(name, ())) for name, wanted in self.flags)
            and all(_variant_fits(wanted, spec, graph) for wanted in self.variants)
        )

    def admits(
        self,
        *,
        name: str,
        version: str,
        namespace: str = "",
        platform: str = "",
        os: str = "",
        target: str = "",
        hash_: str = "",
    ) -> bool:
        """True unless these values alone already rule a node out."""
        return (
            self.name in ("", name)
            and (not self.namespace or self.namespace in (namespace, "*"))
            and hash_.startswith(self.hash_prefix)
            and self.platform in ("", "*", platform)
            and self.os in ("", "*", os)
            and (not self.target or target_fits(target, self.target))
            and version in self.versions
        )


def _variant_fits(wanted: VariantPattern, spec: ConcreteSpec, graph: SpecGraph) -> bool:
    if not wanted.everywhere:
        return wanted.name in spec.variants and wanted.fits(spec.variants[wanted.name])
    nodes = graph.order((spec.hash,), ALL_DEPTYPES) or [spec]
    return all(
        wanted.fits(node.variants[wanted.name]) for node in nodes if wanted.name in node.variants
    )


def _first_fitting(spec: ConcreteSpec, wanted: EdgePattern, graph: SpecGraph) -> Edge | None:
    """The edge that answers `wanted`: direct ones first, then link and run ones, nearest first."""
    for edge in spec.dependencies:
        if _edge_fits(edge, wanted, graph):
            return edge
    if spec.compiler and old_compiler_fits(spec.compiler, wanted):
        return Edge(PackageName(spec.compiler), DagHash(""), _BUILD, COMPILER_VIRTUALS)
    if wanted.direct:
        return None
    queue = deque(spec.edges(*LINK_RUN))
    seen = {edge.hash for edge in queue}
    while queue:
        edge = queue.popleft()
        if _edge_fits(edge, wanted, graph):
            return edge
        if child := graph.nodes.get(edge.hash):
            for further in child.edges(*LINK_RUN):
                if further.hash not in seen:
                    seen.add(further.hash)
                    queue.append(further)
    return None


def _edge_fits(edge: Edge, wanted: EdgePattern, graph: SpecGraph) -> bool:
    """True if the edge, and what it leads to, is what was asked for.

    Raises:
        WrongUse: a version of a virtual package is asked for. Which one a package provides
            stands in its recipe alone.
    """
    name = wanted.node.name
    provides = name not in ("", edge.name)
    if provides and name not in edge.virtuals:
        return False
    if not (wanted.virtuals <= set(edge.virtuals) and wanted.deptypes <= edge.deptypes):
        return False
    if provides:
        if not wanted.node.versions.is_any:
            raise WrongUse(
                f"{name} is a virtual package, and which version of it a package provides "
                "is known to recipes only",
                hint=f"Ask for the provider, such as ^{edge.name}, or leave the version out",
            )
        return True
    child = graph.nodes.get(edge.hash)
    return child is not None and wanted.node.itself_fits(child, graph)


def old_compiler_fits(compiler: str, wanted: EdgePattern) -> bool:
    """True if a compiler that stands in the node itself (before Spack 1.0) is asked for."""
    if not (wanted.virtuals <= set(COMPILER_VIRTUALS) and wanted.deptypes <= _BUILD):
        return False
    node = wanted.node
    if node.name in COMPILER_VIRTUALS:
        return node.versions.is_any
    name, _, version = compiler.partition("@")
    names = {name, NEW_COMPILER_NAMES.get(name, name)}
    return not (node.variants or node.flags) and any(
        node.admits(name=name, version=version) for name in names
    )
