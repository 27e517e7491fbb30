"""Why a build can be used here, or why not, and what to do: sentences as values.

Names and versions in the sentences are foreign text; the faces escape them.
"""

from enum import StrEnum

from core.model.host import HostVerdict, ObstacleKind
from core.model.ident import DagHash
from core.model.value import Value
from core.model.views import BuildView


class Aspect(StrEnum):
    """In what two builds differ."""

    NAME = "package"
    VERSION = "version"
    VARIANT = "variant"
    FLAG = "compiler flag"
    COMPILER = "compiler"
    DEPENDENCY = "dependency"
    PLATFORM = "platform"
    OS = "operating system"
    TARGET = "target"
    NAMESPACE = "namespace"
    PATCHES = "patches"
    RECIPE = "recipe"
    BUILD_TOOL = "build dependency"
    UNKNOWN = "unknown"


class Difference(Value, frozen=True):
    """One thing in which a build is not what is wanted."""

    aspect: Aspect
    """What kind of thing."""
    subject: str
    """Which one: the name of the variant, flag or dependency; else the name of the aspect."""
    wanted: str
    """What is wanted, in spec syntax where there is one (`+mpi`, `gcc@13.2.0`); empty for none."""
    offered: str
    """What the build has instead; empty for none."""
    package: str = ""
    """The dependency of which this is said; empty for the build itself."""

    @property
    def sentence(self) -> str:
        """`+mpi against ~mpi`; with the dependency before it, if it is about one."""
        none = f"no {self.subject}"
        text = f"{self.wanted or none} against {self.offered or none}"
        return f"{self.package}: {text}" if self.package else text


class StatementKind(StrEnum):
    """What a sentence of an explanation is about."""

    INSTALLED = "installed"
    """It is there already."""
    USABLE = "usable"
    """It can be installed."""
    SYSTEM = "system"
    """The system provides it."""
    NOT_INDEXED = "not in any index"
    """No mirror lists it."""
    NO_BINARY = "no binary"
    """A mirror lists it without a binary."""
    HOST = "host"
    """It does not run on this machine."""
    OTHER_BUILD = "other build"
    """There is another build of the package."""
    TRUST = "trust"
    """No trusted key signed it, or it is not what it should be."""
    MIRROR = "mirror"
    """It is listed, and cannot be had."""
    STORE = "store"
    """It cannot be moved to this store."""
    CONFIGURATION = "configuration"
    """A mirror is not asked, or was never read."""
    DEPENDENCY = "dependency"
    """Something that it needs cannot be used."""


GOOD = frozenset({StatementKind.INSTALLED, StatementKind.USABLE, StatementKind.SYSTEM})
"""Kinds of sentences that say that it can be used."""


class Statement(Value, frozen=True):
    """One sentence of an explanation."""

    kind: StatementKind
    """What it is about."""
    sentence: str
    """The sentence, without a final full stop."""
    obstacle: ObstacleKind | None = None
    """What keeps it from running on this machine, if that is what it is about."""
    node: DagHash | None = None
    """The dependency that it is about, if it is about one."""


class Nearest(Value, frozen=True):
    """The build that comes closest to what is wanted."""

    build: BuildView
    """The build; its disposition says whether it can be used here."""
    differences: tuple[Difference, ...]
    """In what it is not what is wanted, the weightiest first."""


class RemedyKind(StrEnum):
    """What can be done."""

    INSTALL = "install"
    INSTALL_NEAREST = "install the nearest"
    BUILD = "build"
    TRUST = "trust"
    REFRESH = "refresh"
    STORE = "store"
    CONFIGURE = "configure"


class Remedy(Value, frozen=True):
    """One thing to do about it."""

    kind: RemedyKind
    """What kind of thing."""
    sentence: str
    """What it is, without a final full stop."""
    command: str = ""
    """The command that does it, quoted for a shell; may be empty."""
    hash: DagHash | None = None
    """The build to install, if it is about one."""


class Explanation(Value, frozen=True):
    """Why something can be used here, or why not."""

    asked: str
    """What was asked about, as typed."""
    build: BuildView | None
    """The build that it came to mean; `None` if there is none."""
    statements: tuple[Statement, ...]
    """The whole chain, never empty."""
    nearest: Nearest | None = None
    """The closest other build, if it cannot be used."""
    remedies: tuple[Remedy, ...] = ()
    """What to do, the best first."""
    fleet: tuple[HostVerdict, ...] = ()
    """On which recorded machines the build runs."""

    @property
    def is_usable(self) -> bool:
        """True if nothing speaks against it."""
        return all(statement.kind in GOOD for statement in self.statements)
