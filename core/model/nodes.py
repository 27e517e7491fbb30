"""Nodes of spec documents as they are written: the parts that every reader of nodes shares.

The formats 2 to 5 (Spack 0.17 to 1.x, `spec.py:Spec.to_node_dict`) differ in a few places only,
so that one description, with those places optional, covers all of them; docs/formats.md has the
differences.
"""

from collections.abc import Mapping, Sequence

import msgspec

from core.errors import WrongUse
from core.model.documents import as_list, as_object

NEWEST_SPEC_FORMAT = 5
"""The newest `_meta.version` of spec documents that is understood (Spack 1.x)."""
OLDEST_SPEC_FORMAT = 2
"""The oldest one (Spack 0.17)."""


class NamedTarget(msgspec.Struct, gc=False):
    """A microarchitecture that is written with all its properties; the name is what counts."""

    name: str
    """Its name."""


class Architecture(msgspec.Struct, gc=False):
    """`arch` of a node."""

    platform: str
    """`linux`, `darwin`, ..."""
    platform_os: str
    """Operating system."""
    target: str | NamedTarget
    """Microarchitecture; generic ones are written as their names."""

    @property
    def target_name(self) -> str:
        """Name of the microarchitecture."""
        return self.target if isinstance(self.target, str) else self.target.name


class EdgeParameters(msgspec.Struct, gc=False):
    """`parameters` of a dependency, format 4 and newer."""

    deptypes: tuple[str, ...] = ()
    """Dependency types."""
    virtuals: tuple[str, ...] = ()
    """Virtual packages that the child provides."""


class WrittenEdge(msgspec.Struct, gc=False):
    """One of the `dependencies` of a node."""

    name: str
    """Package name of the child."""
    hash: str
    """DAG hash of the child."""
    parameters: EdgeParameters | msgspec.UnsetType = msgspec.UNSET
    """Format 4 and newer."""
    type: tuple[str, ...] = ()
    """Dependency types, format 2 and 3."""

    @property
    def deptypes(self) -> tuple[str, ...]:
        """Dependency types, wherever the format has them."""
        return self.parameters.deptypes if self.parameters else self.type

    @property
    def virtuals(self) -> tuple[str, ...]:
        """Virtual packages, none before format 4."""
        return self.parameters.virtuals if self.parameters else ()


class WrittenCompiler(msgspec.Struct, gc=False):
    """`compiler` of a node, before format 5."""

    name: str
    """Name of the compiler."""
    version: str
    """Its version."""


class Annotations(msgspec.Struct, gc=False):
    """`annotations` of a node, format 5."""

    original_specfile_version: int = NEWEST_SPEC_FORMAT
    """Format in which the node was written first."""
    compiler: str = ""
    """`gcc@=12.2.0` if that format had a compiler in the node."""


class WrittenExternal(msgspec.Struct, gc=False):
    """`external` of a node; `module` was `false` for none before Spack 1.0."""

    path: str | None = None
    """Prefix on the system."""
    module: tuple[str, ...] | bool | None = None
    """Environment modules to load."""


class WrittenBuildSpec(msgspec.Struct, gc=False):
    """`build_spec` of a spliced node."""

    name: str
    """Package name."""
    hash: str
    """DAG hash of what was built."""


def compiler_label(compiler: WrittenCompiler | None, annotations: Annotations | None) -> str:
    """`gcc@12.2.0` if the node itself names its compiler, else nothing."""
    if compiler:
        return f"{compiler.name}@{compiler.version}"
    return annotations.compiler.replace("@=", "@") if annotations else ""


def check_spec_format(number: object) -> int:
    """The `_meta.version` of a spec document, if such documents can be read.

    Raises:
        WrongUse: they cannot.
    """
    if type(number) is not int or number < 1:
        raise WrongUse("it does not say its format")
    if number > NEWEST_SPEC_FORMAT:
        raise WrongUse(f"it has format {number}, which needs a newer spackbin")
    if number < OLDEST_SPEC_FORMAT:
        raise WrongUse(f"it has format {number}, which is older than Spack 0.17 and cannot be read")
    return number


def with_dag_hashes(nodes: Sequence[object]) -> list[Mapping[str, object]]:
    """The nodes of a document, with edges that name children by DAG hash.

    Format 2 documents name children by `build_hash`, which is a key of the child beside its
    `hash`; all other nodes are returned as they are.

    Raises:
        WrongUse: a node is not an object, or an edge leads to no node of the document.
    """
    read = [as_object(node, "a node") for node in nodes]
    pairs = [(node["build_hash"], node.get("hash")) for node in read if "build_hash" in node]
    if not pairs:
        return read
    dag_hashes = {str(build_hash): str(hash_) for build_hash, hash_ in pairs}
    return [with_edges_to(node, dag_hashes) for node in read]


def with_edges_to(
    node: Mapping[str, object], dag_hashes: Mapping[str, str]
) -> Mapping[str, object]:
    """The node with edges that name children by DAG hash; itself if they do so already.

    Args:
        node: a node whose dependencies are a list.
        dag_hashes: DAG hashes by what the edges have instead.

    Raises:
        WrongUse: an edge is not an object, or has a build hash that is not known.
    """
    before = [
        as_object(edge, "a dependency")
        for edge in as_list(node.get("dependencies", []), "a list of dependencies")
    ]
    after = [_with_dag_hash(edge, dag_hashes) for edge in before]
    return node if after == before else {**node, "dependencies": after}


def _with_dag_hash(
    edge: Mapping[str, object], dag_hashes: Mapping[str, str]
) -> Mapping[str, object]:
    key = "hash" if "hash" in edge else "build_hash"
    found = str(edge.get(key))
    if key == "build_hash" and found not in dag_hashes:
        raise WrongUse("a dependency leads to no node of the document")
    # The order of keys counts: the DAG hash stands where the build hash stood.
    hash_ = dag_hashes.get(found, edge.get(key))
    return {("hash" if k == key else k): (hash_ if k == key else v) for k, v in edge.items()}
