"""An immutable DAG of concrete specs."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from core.model.ident import DagHash
from core.model.spec import ConcreteSpec
from core.model.value import Value

LINK_RUN = ("link", "run")
"""The dependency types that a binary needs to run."""
TO_BUILD = (*LINK_RUN, "build")
"""The dependency types that must be there when Spack builds."""
ALL_DEPTYPES = ("build", "link", "run", "test")
"""Every dependency type (Spack 1.x `deptypes.py`)."""
COMPILER_VIRTUALS = ("c", "cxx", "fortran")
"""In this order, the virtual whose provider is called the compiler (Spack 1.x `spec.py`)."""


class SpecGraph(Value, frozen=True):
    """Nodes by hash, and the roots from which they were reached.

    Edges may lead to hashes that are not among the nodes (pruned caches): `missing` names them.
    """

    roots: tuple[DagHash, ...]
    """Hashes of the roots, in the order asked for."""
    nodes: Mapping[DagHash, ConcreteSpec]
    """Every known node."""

    def with_nodes(self, other: "SpecGraph") -> "SpecGraph":
        """This graph with the nodes of `other` too; where both have one, that of `other`."""
        return SpecGraph(self.roots, {**self.nodes, **other.nodes})

    def __contains__(self, hash_: DagHash) -> bool:
        return hash_ in self.nodes

    def __getitem__(self, hash_: DagHash) -> ConcreteSpec:
        return self.nodes[hash_]

    def children(self, hash_: DagHash, deptypes: Iterable[str] = LINK_RUN) -> list[ConcreteSpec]:
        """Known children of a node over `deptypes`, each once, in edge order."""
        seen: dict[DagHash, ConcreteSpec] = {}
        for edge in self.nodes[hash_].edges(*deptypes):
            if edge.hash in self.nodes:
                seen[edge.hash] = self.nodes[edge.hash]
        return list(seen.values())

    def order(
        self, roots: Iterable[DagHash] | None = None, deptypes: Iterable[str] = LINK_RUN
    ) -> list[ConcreteSpec]:
        """The closure of `roots` (default: all roots), dependencies before dependents."""
        wanted = tuple(deptypes)
        return self.order_by(lambda hash_: self.children(hash_, wanted), roots)

    def order_by(
        self,
        children: Callable[[DagHash], Iterable[ConcreteSpec]],
        roots: Iterable[DagHash] | None = None,
    ) -> list[ConcreteSpec]:
        """The same where `children` says what counts as a dependency of a known node."""
        done: dict[DagHash, ConcreteSpec] = {}
        for root in self.roots if roots is None else roots:
            # An explicit stack: a hostile graph must not exhaust Python's.
            stack: list[tuple[DagHash, Iterator[ConcreteSpec]]] = []
            entered: set[DagHash] = set()
            if root in self.nodes and root not in done:
                stack.append((root, iter(children(root))))
                entered.add(root)
            while stack:
                current, pending = stack[-1]
                child = next(pending, None)
                if child is None:
                    stack.pop()
                    done[current] = self.nodes[current]
                elif child.hash not in done and child.hash not in entered:
                    entered.add(child.hash)
                    stack.append((child.hash, iter(children(child.hash))))
        return list(done.values())

    def closure(self, root: DagHash, deptypes: Iterable[str] = LINK_RUN) -> frozenset[DagHash]:
        """Hashes reachable from `root`, itself included."""
        return frozenset(spec.hash for spec in self.order((root,), deptypes))

    def dependents(self, hash_: DagHash, deptypes: Iterable[str] = LINK_RUN) -> list[ConcreteSpec]:
        """Nodes with a direct edge to `hash_`."""
        wanted = tuple(deptypes)
        return [
            spec
            for spec in self.nodes.values()
            if any(edge.hash == hash_ for edge in spec.edges(*wanted))
        ]

    def missing(self, deptypes: Iterable[str] = LINK_RUN) -> frozenset[DagHash]:
        """Hashes that edges lead to and that no node has."""
        wanted = tuple(deptypes)
        return frozenset(
            edge.hash
            for spec in self.nodes.values()
            for edge in spec.edges(*wanted)
            if edge.hash not in self.nodes
        )

    def compiler_of(self, spec: ConcreteSpec) -> str:
        """`gcc@12.2.0`, from the node (before 1.0) or from the provider of c, cxx or fortran."""
        if spec.compiler:
            return spec.compiler
        for virtual in COMPILER_VIRTUALS:
            for edge in spec.dependencies:
                if virtual in edge.virtuals:
                    child = self.nodes.get(edge.hash)
                    return child.label if child else edge.name
        return ""
