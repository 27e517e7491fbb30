"""How long builds from source may take, and what would save them."""

from collections.abc import Mapping

import msgspec
from msgspec import field

from core.model.explanation import Nearest
from core.model.ident import DagHash
from core.model.spec import ConcreteSpec, VariantValue
from core.model.value import Value


class BuildTime(msgspec.Struct, frozen=True):
    """How long a build took that somebody made."""

    hash: str
    """Its DAG hash."""
    name: str
    """Package name."""
    version: str
    """Version."""
    target: str
    """Microarchitecture it was built for."""
    variants: tuple[tuple[str, str], ...]
    """(name, value) sorted by name; booleans as `+` and `~`, several values joined by commas."""
    seconds: float
    """How long it took."""

    @property
    def label(self) -> str:
        """`name@version/hash7`."""
        return f"{self.name}@{self.version}/{self.hash[:7]}"


def build_time(spec: ConcreteSpec, seconds: float) -> BuildTime:
    """How long the build of `spec` took."""
    variants = tuple(sorted((name, _shown(value)) for name, value in spec.variants.items()))
    return BuildTime(spec.hash, spec.name, spec.version, spec.target, variants, seconds)


def _shown(value: VariantValue) -> str:
    if isinstance(value, bool):
        return "+" if value else "~"
    return value if isinstance(value, str) else ",".join(value)


class Estimate(Value, frozen=True):
    """How long one build may take."""

    seconds: float
    """As long as the build took that it is taken from."""
    taken_from: BuildTime
    """That build: the same, or the closest of the same package."""
    is_same: bool
    """True if it is the very same build."""


class Forecast(Value, frozen=True):
    """How long the builds of a plan may take, as far as anybody has noted how long they took."""

    builds: int
    """Packages to be built."""
    estimates: Mapping[DagHash, Estimate] = field(default_factory=dict[DagHash, Estimate])
    """Of those that somebody has built before, in this form or another."""
    longest: float = 0.0
    """Seconds of the builds that must wait for one another: it cannot take less than that.
    Builds that are not known count as nothing."""
    total: float = 0.0
    """Seconds of all builds, one after the other; those that are not known count as nothing."""
    alternatives: Mapping[DagHash, Nearest] = field(default_factory=dict[DagHash, Nearest])
    """For a root of the plan that needs builds: the nearest build of the same package that needs
    none."""
