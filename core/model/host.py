"""What a machine is, as values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Libc:
    """The C library of a machine."""

    name: str
    """`glibc` or `musl`."""
    version: str
    """e.g. `2.36`."""
    prefix: str
    """Prefix as Spack records it for the external node, e.g. `/usr`."""


@dataclass(frozen=True, slots=True)
class Host:
    """A machine on which binaries are to run."""

    platform: str
    """`linux`, `darwin`, ..."""
    os: str
    """Operating system as Spack spells it, e.g. `debian12`; empty if unknown."""
    target: str
    """Most specific microarchitecture, e.g. `icelake`."""
    targets: tuple[str, ...]
    """All microarchitectures whose binaries run here, the own one first, then ancestors,
    nearest first."""
    libc: Libc | None
    """The C library, `None` if it could not be found out."""
    kernel: str = ""
    """Release of the kernel."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a build runs on a host."""

    reasons: tuple[str, ...] = ()
    """Every reason why it does not, as sentences without a final full stop."""

    @property
    def runs(self) -> bool:
        """True if nothing speaks against it."""
        return not self.reasons
