"""Matrix, variant table, notes and reasons, without a screen."""

import pytest
from msgspec.structs import replace

from core.catalog.groups import BuildGroup
from core.model.explanation import Explanation, Remedy, RemedyKind, Statement, StatementKind
from core.model.plan import Disposition, Preflight
from core.model.tables import Matrix, MatrixCell, MatrixRow
from core.planning.tables import make_matrix, variant_table
from tests.core.planning.seed import seed_groups
from tests.tui.tui_judging import SEED_HOST, refused
from tests.tui.tui_values import build, hash_of, ready_plan
from tui.state.matrix import (
    MatrixState,
    cell_words,
    coverage,
    number_of,
    query_of,
    role_of,
    system_of,
)
from tui.state.notes import MOST_LINES, note_lines
from tui.state.tree import TreeState
from tui.state.variants import SAME_LINES, VariantsState
from tui.state.why import Step, headline, step_of, why_lines
from tui.text import plain, width_of


def wide_state(targets: int = 20) -> MatrixState:
    groups = [
        BuildGroup("p", "linux", "amzn2", f"t{at:02}" + "x" * (at % 5), "", compiled=True, builds=1)
        for at in range(targets)
    ]
    return MatrixState(make_matrix("", groups, SEED_HOST))


@pytest.mark.parametrize("room", [1, 12, 30, 55, 1000])
def test_the_column_under_the_cursor_is_always_in_view(room: int) -> None:
    state = wide_state()
    for by in (*[1] * 25, *[-1] * 25, 19, -7):
        state.move(by)
        columns = state.in_view(room)
        assert state.column in columns
        needed = sum(state.widths[at] + 2 for at in columns) + 1
        assert needed <= room or len(columns) == 1
    state.move(100)
    assert state.column == 19
    assert state.in_view(1000) == range(20)


def test_an_empty_matrix_has_words_and_no_cells() -> None:
    state = MatrixState(make_matrix("", (), SEED_HOST))
    assert coverage(state.matrix) == "There are no builds on offer."
    assert state.go_to_host() == 0
    assert list(state.in_view(50)) == []
    state.move(1)
    assert state.cell(MatrixRow("amzn2", ()), 0) is None


def test_the_cursor_begins_at_the_cell_of_this_machine() -> None:
    state = MatrixState(make_matrix("", seed_groups(), SEED_HOST))
    assert state.go_to_host() == 0
    assert state.matrix.targets[state.column] == "x86_64_v4"


def cell(**changes: object) -> MatrixCell:
    values = {"system": "rhel8", "target": "zen2", "builds": 1200, "runs_here": 0, "packages": 3}
    return MatrixCell(**{**values, **changes})  # type: ignore[arg-type]


def test_marks_tell_what_runs_without_colour() -> None:
    assert number_of(cell()) == "1,200 "
    assert number_of(cell(runs_here=7)) == "1,200/"
    assert number_of(cell(runs_here=1200)) == "1,200+"
    assert number_of(cell(runs_here=1200, is_host=True)) == "1,200*"
    assert [role_of(one) for one in (None, cell(), cell(runs_here=7), cell(is_host=True))] == [
        "quiet",
        "",
        "cached",
        "default",
    ]


def test_a_cell_in_words() -> None:
    row = MatrixRow("rhel8", ("glibc@2.28", "musl@1.2"))
    assert system_of(row) == "rhel8 glibc@2.28 +1"
    words = plain(cell_words(row, "zen2", cell(runs_here=7)))
    assert words == " rhel8 glibc@2.28 +1, zen2: 1,200 builds of 3 packages, 7 run here"
    assert plain(cell_words(row, "zen2", None)).endswith("zen2: no builds")
    one = cell(builds=1, packages=1, runs_here=1)
    assert plain(cell_words(row, "zen2", one)).endswith("1 build of 1 package, runs here")


def test_a_cell_as_a_query() -> None:
    assert query_of(cell()) == "os=rhel8 target=zen2"
    assert query_of(cell(system="darwin-sonoma", target="m1")) == (
        "platform=darwin os=sonoma target=m1"
    )


def test_coverage_counts_packages_and_builds() -> None:
    matrix = Matrix("", (), (), (), builds=2000, runs_here=1100, packages=533, packages_here=310)
    assert coverage(matrix) == (
        "310 of 533 packages have a build for this machine; 1,100 of 2,000 builds run here."
    )


def test_columns_of_a_table_scroll_until_the_last_is_in_view() -> None:
    builds = [
        build("p", variants=tuple((f"v{at}", value) for at in range(30)), hash=hash_of(value * 3))
        for value in ("aaa", "bbb")
    ]
    state = VariantsState(variant_table("p", builds))
    assert "hash" not in [column.title for column in state.columns]
    assert state.in_view(20) == range(4)
    state.turn(500, 20)
    assert state.in_view(20) == range(26, 30)
    assert state.in_view(1) == range(26, 27)
    state.turn(-500, 20)
    assert state.in_view(20) == range(4)


def test_what_is_the_same_for_all_is_said_in_few_lines() -> None:
    many = tuple((f"variant_{at:02}", "+") for at in range(40))
    builds = [build("p", variants=many, compiler="", hash=hash_of(name)) for name in ("a", "b")]
    state = VariantsState(variant_table("p", builds))
    lines = state.same_lines(60)
    assert len(lines) == SAME_LINES
    assert lines[0].startswith("The same for all: version 1.0, target x86_64_v3, os")
    assert lines[-1].endswith("...")
    assert all(width_of(line) <= 60 for line in lines)
    assert "compiler" not in " ".join(lines)


def test_notes_are_said_once_and_in_few_lines() -> None:
    plan = replace(ready_plan(), notes=("One", "Two"), preflight=Preflight(warnings=("Two",)))
    assert note_lines(plan, 40) == ["One", "Two"]
    plan = replace(plan, notes=tuple(f"Note {at}" for at in range(9)))
    lines = note_lines(plan, 40)
    assert len(lines) == MOST_LINES
    assert lines[-1] == "... n shows all of 10 notes"
    assert note_lines(ready_plan(), 40) == []


def test_every_line_of_the_reasons_fits() -> None:
    for width in (30, 79, 200):
        assert all(width_of(plain(line)) <= max(width, 45) for line in why_lines(refused(), width))


def test_without_a_nearest_build_the_other_builds_are_the_reason() -> None:
    said = Statement(StatementKind.OTHER_BUILD, "2 builds of it are on offer, and none is hdf5@9")
    found = Explanation("hdf5@9", None, (said,))
    assert [plain(line) for line in why_lines(found, 79)] == [f"  ✗ {said.sentence}."]
    assert plain(headline(found)[0]) == " Why not hdf5@9?"


@pytest.mark.parametrize(
    ("remedy", "step"),
    [
        (Remedy(RemedyKind.INSTALL, "", "spackbin install /a", hash_of("a")), Step.INSTALL),
        (Remedy(RemedyKind.INSTALL_NEAREST, "", hash=hash_of("a")), Step.DETAILS),
        (Remedy(RemedyKind.TRUST, "", "spackbin key list x"), Step.KEYS),
        (Remedy(RemedyKind.REFRESH, "", "spackbin mirror refresh x"), Step.COPY),
        (Remedy(RemedyKind.CONFIGURE, ""), Step.NOTHING),
    ],
)
def test_where_a_remedy_leads(remedy: Remedy, step: Step) -> None:
    assert step_of(remedy) is step


def test_a_branch_counts_what_is_below_it_once() -> None:
    state = TreeState(ready_plan())
    below = state.counts(hash_of("hdf5"))
    assert below == {
        Disposition.EXTERNAL: 1,
        Disposition.INSTALLED: 1,
        Disposition.CACHED: 1,
    }
    assert not state.counts(hash_of("glibc"))
    assert not state.counts(hash_of("nosuch"))
