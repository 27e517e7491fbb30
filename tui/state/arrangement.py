"""In which order packages are listed, and which kinds of them."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.model.plan import Disposition
from core.model.views import PackageView

KINDS = (
    Disposition.INSTALLED,
    Disposition.CACHED,
    Disposition.BLOCKED,
    Disposition.BUILD,
    Disposition.EXTERNAL,
    Disposition.OTHER_HOST,
)
"""In the order in which they are offered, and sorted."""


class Signing(StrEnum):
    """Whether the best build of a package comes from a mirror whose builds must be signed."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"

    def is_that_of(self, package: PackageView) -> bool:
        """True for neither of both if no mirror has the package."""
        return package.is_signed is (self is Signing.SIGNED)


class Order(StrEnum):
    """By what packages are sorted; the value says it in words."""

    GIVEN = ""
    """As they were found: by name, or the best match of a filter first."""
    STATE = "by state"
    """What is installed first, what does not run here last."""
    BUILDS = "most builds first"
    """By how many builds run here."""


_KEYS: dict[Order, Callable[[PackageView], int]] = {
    Order.STATE: lambda package: KINDS.index(package.disposition),
    Order.BUILDS: lambda package: -package.runs_here,
}


@dataclass(slots=True)
class Arrangement:
    """What the user wants to see of the packages that were found."""

    order: Order = Order.GIVEN
    """By what they are sorted."""
    only: frozenset[Disposition] = frozenset()
    """The kinds that are listed, by the best build of a package; empty for all kinds."""
    signing: frozenset[Signing] = frozenset()
    """Of these, signed or unsigned ones; empty for all."""

    def of(self, packages: Sequence[PackageView]) -> tuple[PackageView, ...]:
        """The packages to be listed, in their order."""
        found = tuple(one for one in packages if self._is_wanted(one))
        key = _KEYS.get(self.order)
        return tuple(sorted(found, key=key)) if key else found

    def _is_wanted(self, package: PackageView) -> bool:
        is_kind = not self.only or package.disposition in self.only
        return is_kind and (
            not self.signing or any(one.is_that_of(package) for one in self.signing)
        )

    @property
    def is_narrow(self) -> bool:
        """True if some kinds are left out."""
        return bool(self.only or self.signing)

    def has(self, kind: Disposition | Signing) -> bool:
        """True if it is ticked."""
        return kind in self.only or kind in self.signing

    def sort_otherwise(self) -> None:
        """Sort by the next order."""
        orders = list(Order)
        self.order = orders[(orders.index(self.order) + 1) % len(orders)]

    def toggle(self, kind: Disposition | Signing) -> None:
        """List a kind, too, or no longer."""
        if isinstance(kind, Signing):
            self.signing ^= {kind}
        else:
            self.only ^= {kind}

    @property
    def words(self) -> str:
        """What differs from the plain list; empty if nothing does."""
        kinds = f"{len(self.only)} kinds" if len(self.only) > 1 else "".join(self.only)
        kinds = ", ".join(filter(None, (kinds, *sorted(self.signing))))
        return ", ".join(filter(None, (kinds and f"{kinds} only", self.order.value)))


def counts_by_kind(packages: Sequence[PackageView]) -> dict[Disposition | Signing, int]:
    """How many packages there are of each kind, and signed or not, by their best build."""
    found = Counter(package.disposition for package in packages)
    signed = Counter(package.is_signed for package in packages)
    kinds: dict[Disposition | Signing, int] = {kind: found[kind] for kind in KINDS}
    return kinds | {Signing.SIGNED: signed[True], Signing.UNSIGNED: signed[False]}
