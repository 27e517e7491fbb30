"""Which columns a table of builds needs: those in which the builds differ."""

from collections.abc import Callable, Sequence

from core.model.value import Value
from core.model.views import BuildView
from tui.state.badges import Badges
from tui.text import cropped, width_of

GAP = 2
"""Blank cells between two columns."""
WIDEST = 18
"""No column is wider; longer values are cut."""
IN_WORDS = 36
"""But for that of the mirrors, if there is room to warn of them in words."""


class Column(Value, frozen=True):
    """One column of a table of builds."""

    title: str
    """What stands above it. Foreign text if it names a variant."""
    width: int
    """Cells."""
    values: tuple[str, ...]
    """One for each build. Foreign text."""


class Table(Value, frozen=True):
    """The columns that fit."""

    columns: tuple[Column, ...]
    """From left to right."""
    left_out: int
    """How many more columns there would be on a wider terminal."""

    @property
    def width(self) -> int:
        """Cells of all columns with the gaps between them."""
        return sum(column.width + GAP for column in self.columns) - GAP if self.columns else 0


def choose_columns(builds: Sequence[BuildView], width: int, badges: Badges | None = None) -> Table:
    """The columns for `builds` in `width` cells.

    Version, target and mirror are always wanted, then what differs: compiler, operating system,
    each variant. Builds that are still alike get their hash shown.
    """
    first = [
        _column("version", builds, lambda build: build.version),
        _column("target", builds, lambda build: build.target),
    ]
    badges = badges or Badges()
    last = [_column("from", builds, lambda build: badges.all_marked(build.mirrors))]
    room = width - sum(column.width + GAP for column in (*first, *last))
    middle: list[Column] = []
    wanted = [column for column in _middle(builds) if _differs(column)]
    for column in wanted:
        if column.width + GAP <= room:
            middle.append(column)
            room -= column.width + GAP
    left_out = len(wanted) - len(middle)
    if not _tells_apart((*first, *middle, *last), len(builds)):
        hashes = _column("hash", builds, lambda build: build.hash[:7])
        middle, dropped = _make_room(middle, hashes, room)
        left_out += dropped
    columns = (*first, *middle, *last)
    in_words = _column("from", builds, lambda build: badges.all_named(build.mirrors), IN_WORDS)
    if Table((*first, *middle, in_words), 0).width <= width:
        columns = (*first, *middle, in_words)
    return Table(_narrowed(columns, width), left_out)


def _column(
    title: str,
    builds: Sequence[BuildView],
    value: Callable[[BuildView], str],
    widest: int = WIDEST,
) -> Column:
    values = tuple(value(build) for build in builds)
    # Hundreds of builds have few different values.
    wanted = max(width_of(text) for text in {title, *values})
    return Column(title, min(wanted, widest), values)


def _middle(builds: Sequence[BuildView]) -> list[Column]:
    columns = [
        _column("compiler", builds, lambda build: build.compiler),
        _column("os", builds, lambda build: build.os),
    ]
    by_build = {build.hash: dict(build.variants) for build in builds}
    names = dict.fromkeys(name for variants in by_build.values() for name in variants)
    variants = [
        _column(name, builds, lambda build, name=name: by_build[build.hash].get(name, "-"))
        for name in names
    ]
    # Switches are narrow and tell the most: they stand before variants with values.
    switches = [column for column in variants if set(column.values) <= {"+", "~", "-"}]
    return [*columns, *switches, *(column for column in variants if column not in switches)]


def _differs(column: Column) -> bool:
    return len(set(column.values)) > 1


def _tells_apart(columns: Sequence[Column], builds: int) -> bool:
    rows = {tuple(column.values[at] for column in columns) for at in range(builds)}
    return len(rows) == builds


def _make_room(middle: list[Column], wanted: Column, room: int) -> tuple[list[Column], int]:
    """`middle` with `wanted` at its end; columns before it go until there is room."""
    kept = list(middle)
    while kept and room < wanted.width + GAP:
        room += kept.pop().width + GAP
    return [*kept, wanted], len(middle) - len(kept)


def _narrowed(columns: Sequence[Column], width: int) -> tuple[Column, ...]:
    """`columns` with the widest ones cut until they fit."""
    widths = [column.width for column in columns]
    surplus = sum(widths) + GAP * (len(widths) - 1) - width
    while surplus > 0 and max(widths) > 4:
        widths[widths.index(max(widths))] -= 1
        surplus -= 1
    return tuple(
        Column(cropped(column.title, room), room, column.values)
        for column, room in zip(columns, widths, strict=True)
    )
