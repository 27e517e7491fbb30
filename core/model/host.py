"""What a machine is, as values."""

from enum import StrEnum
from pathlib import Path

from core.model.value import Value


class Libc(Value, frozen=True):
    """The C library of a machine."""

    name: str
    """`glibc` or `musl`."""
    version: str
    """e.g. `2.36`."""
    prefix: str
    """Prefix as Spack records it for the external node, e.g. `/usr`."""


class Gpu(Value, frozen=True):
    """A graphics processor of a machine."""

    vendor: str
    """`nvidia`, `amd` or `intel`."""
    name: str = ""
    """As its driver calls it; empty if it does not say."""
    driver: str = ""
    """The driver, and its version if it says one; empty if none is loaded."""


class Host(Value, frozen=True):
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
    features: tuple[str, ...] = ()
    """Features of the processor that programs for its microarchitecture may use, sorted."""
    gpus: tuple[Gpu, ...] = ()
    """Graphics processors that are made for computing, or have a driver for it."""


class HostChoice(Value, frozen=True):
    """For which machine to judge, as a user names it; empty fields change nothing."""

    profile: Path | None = None
    """A recorded machine; this one if there is none."""
    target: str = ""
    """Another microarchitecture."""
    os: str = ""
    """Another operating system."""
    libc: str = ""
    """Another C library: `glibc@2.28`, or a version alone."""

    @property
    def is_this_machine(self) -> bool:
        """True if nothing was chosen."""
        return self == HostChoice()


class RecordedHost(Value, frozen=True):
    """A machine of a cluster that was recorded."""

    name: str
    """What it is called, e.g. the name of a partition."""
    host: Host | None
    """The machine; `None` if its record cannot be read."""
    problem: str = ""
    """Why it cannot be read, as a sentence."""


class ObstacleKind(StrEnum):
    """What keeps a build from running on a machine."""

    PLATFORM = "platform"
    FAMILY = "family"
    TARGET = "microarchitecture"
    LIBC_VERSION = "C library too old"
    LIBC_KIND = "other C library"
    OS = "operating system"
    EXTERNAL = "external"


class HostObstacle(Value, frozen=True):
    """One reason why a build does not run on a machine."""

    kind: ObstacleKind
    """What kind of reason."""
    problem: str
    """The reason, as a sentence without a final full stop."""
    needed: str = ""
    """The dependency that has it, `name@version`; empty if it is the build itself."""

    @property
    def sentence(self) -> str:
        """The reason, with the dependency that has it."""
        return f"needs {self.needed}: {self.problem}" if self.needed else self.problem


class Verdict(Value, frozen=True):
    """Whether a build runs on a host."""

    obstacles: tuple[HostObstacle, ...] = ()
    """Every reason why it does not."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Every reason why it does not, as sentences without a final full stop."""
        return tuple(obstacle.sentence for obstacle in self.obstacles)

    @property
    def runs(self) -> bool:
        """True if nothing speaks against it."""
        return not self.obstacles


class HostVerdict(Value, frozen=True):
    """Whether a build runs on a recorded machine."""

    name: str
    """The machine."""
    verdict: Verdict
    """Whether it runs there."""
