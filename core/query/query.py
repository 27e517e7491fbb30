"""A query as a value, and what it matches."""

from collections.abc import Collection, Mapping

from core.errors import WrongUse
from core.model.graph import SpecGraph
from core.model.spec import ConcreteSpec
from core.model.value import Value
from core.query.pattern import NodePattern


class Query(Value, frozen=True):
    """One or several specs, as typed; a concrete spec matches if it satisfies any of them."""

    text: str
    """What was typed."""
    alternatives: tuple[NodePattern, ...]
    """The specs."""

    def matches(self, spec: ConcreteSpec, graph: SpecGraph) -> bool:
        """True if `spec` satisfies the query, as Spack understands it.

        Args:
            spec: the candidate.
            graph: where the dependencies of `spec` are found; unknown ones satisfy nothing.

        Raises:
            WrongUse: the answer stands in recipes alone (the version of a virtual package).
        """
        return any(pattern.fits(spec, graph) for pattern in self.alternatives)

    def admits_named(self, name: str, hash_: str) -> bool:
        """False if the name and hash of a spec alone rule it out."""
        return any(
            pattern.name in ("", name) and hash_.startswith(pattern.hash_prefix)
            for pattern in self.alternatives
        )

    def admits(
        self,
        *,
        name: str,
        version: str,
        namespace: str,
        platform: str,
        os: str,
        target: str,
        hash_: str,
    ) -> bool:
        """False if these values alone rule a spec out; cheap, for a first pass over many."""
        return any(
            pattern.admits(
                name=name,
                version=version,
                namespace=namespace,
                platform=platform,
                os=os,
                target=target,
                hash_=hash_,
            )
            for pattern in self.alternatives
        )

    @property
    def names(self) -> frozenset[str] | None:
        """The package names asked for; `None` if any package can match."""
        names = frozenset(pattern.name for pattern in self.alternatives)
        return None if "" in names else names

    def check_names(
        self, packages: Collection[str], providers: Mapping[str, Collection[str]]
    ) -> None:
        """Refuse a virtual package in place of a package: only recipes know what provides it.

        Args:
            packages: names of the packages there are.
            providers: packages that are known to provide a virtual package, by its name.

        Raises:
            WrongUse: a name asked for is a virtual package and no package.
        """
        for name in sorted(self.names or ()):
            if name not in packages and name in providers:
                known = ", ".join(sorted(providers[name]))
                raise WrongUse(
                    f"{name} is a virtual package, not a package",
                    f"In the query {self.text!a}",
                    f"Ask for a package that provides it: {known}",
                )
