"""Tables over many builds: for which systems they are, and in what they differ."""

from core.model.value import Value
from core.model.views import BuildView


class MatrixCell(Value, frozen=True):
    """The builds for one operating system and one microarchitecture."""

    system: str
    """See `MatrixRow.system`."""
    target: str
    """Microarchitecture."""
    builds: int
    """How many."""
    runs_here: int
    """Those of them that run on the machine."""
    packages: int
    """Of how many packages."""
    is_host: bool = False
    """True if it is the cell of the machine: its own system, and of its own targets the nearest
    that there are builds for."""


class MatrixRow(Value, frozen=True):
    """One operating system."""

    system: str
    """Operating system as Spack spells it; with the platform before it where that is another
    than that of the machine (`darwin-sonoma`)."""
    libcs: tuple[str, ...]
    """The C libraries that builds for it need, as `name@version`; none if they do not say."""


class Matrix(Value, frozen=True):
    """What mirrors offer, by operating system and microarchitecture."""

    mirror: str
    """The mirror; empty for all together."""
    rows: tuple[MatrixRow, ...]
    """The systems, that of the machine first, then by name."""
    targets: tuple[str, ...]
    """The microarchitectures: first those whose programs run on the machine, nearest first, then
    the others by name."""
    cells: tuple[MatrixCell, ...]
    """Those in which there is a build, row by row."""
    builds: int
    """Builds in all."""
    runs_here: int
    """Those of them that run on the machine."""
    packages: int
    """Packages in all."""
    packages_here: int
    """Those of which a build runs on the machine."""

    def cell(self, system: str, target: str) -> MatrixCell | None:
        """The cell of a system and a target; `None` if there are no builds."""
        for cell in self.cells:
            if (cell.system, cell.target) == (system, target):
                return cell
        return None


class VariantColumn(Value, frozen=True):
    """One thing in which builds differ."""

    title: str
    """What it is: `version`, `target`, the name of a variant, ... Foreign text."""
    values: tuple[str, ...]
    """One for each build; `-` where a build has no such thing. Foreign text."""


class VariantTable(Value, frozen=True):
    """The builds of one package, and in what they differ."""

    package: str
    """Package name."""
    builds: tuple[BuildView, ...]
    """The builds, the one that fits the machine best first."""
    columns: tuple[VariantColumn, ...]
    """Only what is not the same for all of them; the hash is always there, last."""
    same: tuple[tuple[str, str], ...]
    """(title, value) of what is the same for all."""
