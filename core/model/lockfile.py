"""Reading `spack.lock`.

Format: Spack 1.x `environment/environment.py`. The versions differ in what names a node: a DAG hash
(1, and 4 and newer) or a build hash (2 and 3), which edges then have too; and in how nodes are
written, see docs/formats.md.
"""

from collections.abc import Iterator, Mapping

from core.errors import WrongUse
from core.model.documents import as_list, as_object, json_object
from core.model.environment import Environment, EnvironmentRoot
from core.model.graph import SpecGraph
from core.model.ident import DagHash, dag_hash
from core.model.nodes import NEWEST_SPEC_FORMAT, with_edges_to
from core.model.spec import ConcreteSpec, spec_from_node
from core.model.value import Value

OLDEST_LOCKFILE, NEWEST_LOCKFILE = 1, 7
"""Lock file versions that are understood: Spack 0.12 to 1.x."""


def environment_of(document: bytes) -> Environment:
    """The environment that a lock file describes.

    Raises:
        WrongUse: it is no lock file, is damaged, or has a version that is not understood; the
            title is the reason alone, like in `core.model.documents`.
    """
    lock = json_object(document)
    _check_version(lock)
    roots: list[EnvironmentRoot] = []
    nodes: dict[DagHash, ConcreteSpec] = {}
    for part in _parts(lock, ""):
        roots += part.roots()
        for spec in part.specs():
            # Nodes with other tools may have one DAG hash (before 0.18); Spack takes the first.
            nodes.setdefault(spec.hash, spec)
    hashes = tuple(dict.fromkeys(root.hash for root in roots))
    for hash_ in hashes:
        if hash_ not in nodes:
            raise WrongUse(f"it does not describe its root /{hash_[:7]}")
    return Environment(tuple(roots), SpecGraph(hashes, nodes))


def _check_version(lock: Mapping[str, object]) -> None:
    about = as_object(lock.get("_meta"), "its _meta")
    if about.get("file-type") != "spack-lockfile":
        raise WrongUse("it does not say that it is a lock file of Spack")
    version, spec_format = about.get("lockfile-version"), about.get("specfile-version", 1)
    if type(version) is not int or type(spec_format) is not int or version < OLDEST_LOCKFILE:
        raise WrongUse("it does not say its version")
    if version > NEWEST_LOCKFILE:
        raise WrongUse(f"it has version {version}, which needs a newer spackbin")
    if spec_format > NEWEST_SPEC_FORMAT:
        raise WrongUse(f"its specs have format {spec_format}, which needs a newer spackbin")


def _parts(lock: Mapping[str, object], origin: str) -> Iterator["_Part"]:
    """The lock file itself, then the environments that it includes, and those they include."""
    nodes = as_object(lock.get("concrete_specs"), "its concrete_specs")
    read = {key: _flat(as_object(node, "a spec")) for key, node in nodes.items()}
    yield _Part(lock, origin, read, {key: str(node.get("hash", key)) for key, node in read.items()})
    included = as_object(lock.get("include_concrete", {}), "its include_concrete")
    for path, other in included.items():
        # Documents are nested 64 deep at most, so this ends.
        yield from _parts(as_object(other, "an included environment"), path)


def _flat(node: Mapping[str, object]) -> Mapping[str, object]:
    """A node with its name among its fields, and its dependencies as a list.

    Before 0.17 the name is the only key, and the names of dependencies are keys as well.
    """
    if "name" in node or len(node) != 1:
        return node
    ((name, fields),) = node.items()
    inner = as_object(fields, "a spec")
    edges = as_object(inner.get("dependencies", {}), "a list of dependencies")
    dependencies = [
        {"name": child, **as_object(edge, "a dependency")} for child, edge in edges.items()
    ]
    return {"name": name, **inner, "dependencies": dependencies}


class _Part(Value, frozen=True):
    """A lock file, or an environment that one includes."""

    lock: Mapping[str, object]
    """Its document."""
    origin: str
    """The environment that it is; empty for the lock file itself."""
    nodes: Mapping[str, Mapping[str, object]]
    """Its nodes by what names them in the document."""
    hashes: Mapping[str, str]
    """DAG hashes by what names the nodes in the document."""

    def roots(self) -> Iterator[EnvironmentRoot]:
        """What was asked for."""
        for item in as_list(self.lock.get("roots"), "its list of roots"):
            root = as_object(item, "a root")
            key, text, group = root.get("hash"), root.get("spec"), root.get("group", "")
            if not (isinstance(key, str) and isinstance(text, str) and isinstance(group, str)):
                raise WrongUse("a root has no spec or no hash")
            yield EnvironmentRoot(dag_hash(self.hashes.get(key, key)), text, group, self.origin)

    def specs(self) -> Iterator[ConcreteSpec]:
        """What was decided."""
        for key, node in self.nodes.items():
            yield spec_from_node(with_edges_to(node, self.hashes), self.hashes[key])
