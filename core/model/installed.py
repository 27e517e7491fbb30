"""What the install database of a store says about one package."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from core.model.ident import DagHash, PackageName
from core.model.spec import ConcreteSpec
from core.model.value import Value


class LateSpec(Protocol):
    """A node that is written somewhere, and read when somebody wants to know all about it."""

    @property
    def name(self) -> PackageName:
        """Package name."""
        ...

    @property
    def hash(self) -> DagHash:
        """DAG hash."""
        ...

    @property
    def is_external(self) -> bool:
        """True if the system provides it."""
        ...

    @property
    def spec(self) -> ConcreteSpec:
        """All about it.

        Raises:
            StoreError: it cannot be understood.
        """
        ...

    def needs(self, *deptypes: str) -> list[DagHash]:
        """Where the edges lead that have at least one of `deptypes`. Raises as `spec`."""
        ...


class InstalledRecord(Value, frozen=True):
    """One record of the install database (Spack `database.py:InstallRecord`)."""

    node: ConcreteSpec | LateSpec
    """The node, or where it is written. All but `spec` need not read the whole of it."""
    prefix: str | None
    """Absolute prefix; `None` for externals known by module alone."""
    installed: bool
    """False for nodes that are only referred to."""
    explicit: bool
    """True if a user asked for it by name."""
    ref_count: int = 0
    """Number of records that depend on it."""
    installation_time: float = 0.0
    """Seconds since the epoch."""
    deprecated_for: DagHash | None = None
    """Which package stands in for it, if a Spack has deprecated it; it is then not installed."""

    @property
    def spec(self) -> ConcreteSpec:
        """The node.

        Raises:
            StoreError: it cannot be understood.
        """
        return self.node if isinstance(self.node, ConcreteSpec) else self.node.spec

    @property
    def name(self) -> PackageName:
        """Package name."""
        return self.node.name

    @property
    def hash(self) -> DagHash:
        """DAG hash."""
        return self.node.hash

    @property
    def is_external(self) -> bool:
        """True if the system provides it."""
        return self.node.is_external

    def needs(self, *deptypes: str) -> list[DagHash]:
        """Hashes of its dependencies that have at least one of `deptypes`. Raises as `spec`."""
        return self.node.needs(*deptypes)


class InstalledSpecs(Mapping[DagHash, ConcreteSpec]):
    """The nodes of records, each read when it is asked for.

    Args:
        records: the records.
        known: nodes that are there already, and come first.
    """

    def __init__(
        self,
        records: Mapping[DagHash, InstalledRecord],
        known: Mapping[DagHash, ConcreteSpec] | None = None,
    ) -> None:
        self._records = records
        self._known = known or {}

    def __getitem__(self, hash_: DagHash) -> ConcreteSpec:
        known = self._known.get(hash_)
        return self._records[hash_].spec if known is None else known

    def __contains__(self, hash_: object) -> bool:
        return hash_ in self._known or hash_ in self._records

    def __iter__(self) -> Iterator[DagHash]:
        yield from self._known
        yield from (hash_ for hash_ in self._records if hash_ not in self._known)

    def __len__(self) -> int:
        return len(self._known.keys() | self._records.keys())
