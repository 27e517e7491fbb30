"""Concrete specs as values.

A `ConcreteSpec` is one node of a spec document (Spack 1.x `spec.py:Spec.to_node_dict`). The node
itself is kept as it was read, because the install database must get it back verbatim.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import WrongUse
from core.model.ident import DagHash, PackageName, VersionText, dag_hash, package_name, version_text

VariantValue = bool | str | tuple[str, ...]

FLAG_NAMES = ("cflags", "cppflags", "cxxflags", "fflags", "ldflags", "ldlibs")
"""The compiler flags; they stand among the `parameters` of a node."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One dependency of a node."""

    name: PackageName
    """Package name of the child."""
    hash: DagHash
    """DAG hash of the child."""
    deptypes: frozenset[str]
    """Among `build`, `link`, `run`, `test`."""
    virtuals: tuple[str, ...] = ()
    """Virtual packages that the child provides on this edge, e.g. `mpi`, `libc`."""


@dataclass(frozen=True, slots=True)
class External:
    """Where the system provides a package."""

    path: str | None
    """Prefix on the system, `None` if it comes from modules alone."""
    modules: tuple[str, ...] = ()
    """Environment modules to load."""


@dataclass(frozen=True, slots=True)
class ConcreteSpec:
    """One node: a package with everything about it decided."""

    name: PackageName
    """Package name."""
    version: VersionText
    """Its version."""
    hash: DagHash
    """Its DAG hash."""
    platform: str
    """`linux`, `darwin`, ..."""
    os: str
    """Operating system as Spack spells it, e.g. `debian12`."""
    target: str
    """Name of the microarchitecture, e.g. `x86_64_v3`."""
    namespace: str
    """Namespace of the recipe, e.g. `builtin`."""
    variants: Mapping[str, VariantValue]
    """Variant name to value; multi-valued ones are tuples."""
    flags: Mapping[str, tuple[str, ...]]
    """Non-empty compiler flags by name."""
    compiler: str
    """`gcc@12.2.0` where the node itself says so (before Spack 1.0), else empty."""
    dependencies: tuple[Edge, ...]
    """All edges, build dependencies included."""
    external: External | None = None
    """Set if the system provides it."""
    node: Mapping[str, object] = field(default_factory=dict[str, object], compare=False, repr=False)
    """The node as it was read, key order kept."""

    def edges(self, *deptypes: str) -> tuple[Edge, ...]:
        """The edges that have at least one of `deptypes`."""
        wanted = frozenset(deptypes)
        return tuple(edge for edge in self.dependencies if edge.deptypes & wanted)

    @property
    def label(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"


def spec_from_node(node: Mapping[str, object], default_hash: str | None = None) -> ConcreteSpec:
    """The spec that a node of format 3, 4 or 5 describes.

    Args:
        node: the node as parsed from JSON.
        default_hash: the hash by which the node was found, if the node does not hold it.

    Raises:
        WrongUse: the node lacks a field or holds one of another type.
    """
    name = package_name(node.get("name"))
    where = f"spec of {name}"
    arch = _mapping(node.get("arch"), where, "arch")
    target = arch.get("target")
    if not isinstance(target, str):
        target = _mapping(target, where, "target").get("name")
    parameters = _mapping(node.get("parameters", {}), where, "parameters")
    return ConcreteSpec(
        name=name,
        version=version_text(node.get("version")),
        hash=dag_hash(node.get("hash", default_hash)),
        platform=_text(arch.get("platform"), where, "platform"),
        os=_text(arch.get("platform_os"), where, "platform_os"),
        target=_text(target, where, "target"),
        namespace=_text(node.get("namespace", ""), where, "namespace"),
        variants={
            key: _variant(value, where, key)
            for key, value in parameters.items()
            if key not in FLAG_NAMES
        },
        flags={
            key: _texts(parameters[key], where, key) for key in FLAG_NAMES if parameters.get(key)
        },
        compiler=_compiler(node, where),
        dependencies=tuple(
            _edge(_mapping(item, where, "dependencies"), where)
            for item in _sequence(node.get("dependencies", []), where, "dependencies")
        ),
        external=_external(node.get("external"), where),
        node=node,
    )


def _compiler(node: Mapping[str, object], where: str) -> str:
    compiler = node.get("compiler")
    if compiler is not None:
        fields = _mapping(compiler, where, "compiler")
        return f"{_text(fields.get('name'), where, 'compiler')}@{fields.get('version')}"
    noted = _mapping(node.get("annotations", {}), where, "annotations").get("compiler")
    return noted.replace("@=", "@") if isinstance(noted, str) else ""


def _edge(item: Mapping[str, object], where: str) -> Edge:
    parameters = _mapping(item.get("parameters", {}), where, "parameters")
    deptypes = parameters.get("deptypes", item.get("type", []))
    return Edge(
        name=package_name(item.get("name")),
        hash=dag_hash(item.get("hash")),
        deptypes=frozenset(_texts(deptypes, where, "deptypes")),
        virtuals=_texts(parameters.get("virtuals", []), where, "virtuals"),
    )


def _external(value: object, where: str) -> External | None:
    if value is None:
        return None
    fields = _mapping(value, where, "external")
    path = fields.get("path")
    modules = _texts(fields.get("module") or list[object](), where, "module")
    if path is not None and not isinstance(path, str):
        raise WrongUse(f"{where}: external path is not text")
    return External(path, modules)


def _variant(value: object, where: str, key: str) -> VariantValue:
    if isinstance(value, bool | str):
        return value
    return _texts(value, where, key)


def _mapping(value: object, where: str, key: str) -> Mapping[str, object]:
    if isinstance(value, Mapping):
        return value  # pyright: ignore[reportUnknownVariableType]
    raise WrongUse(f"{where}: {key} is not an object")


def _sequence(value: object, where: str, key: str) -> list[object]:
    if isinstance(value, list):
        return value  # pyright: ignore[reportUnknownVariableType]
    raise WrongUse(f"{where}: {key} is not a list")


def _text(value: object, where: str, key: str) -> str:
    if isinstance(value, str):
        return value
    raise WrongUse(f"{where}: {key} is not text")


def _texts(value: object, where: str, key: str) -> tuple[str, ...]:
    return tuple(_text(item, where, key) for item in _sequence(value, where, key))
