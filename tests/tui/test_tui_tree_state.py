from msgspec.structs import replace

from core.model.plan import Disposition
from tests.tui.tui_values import blocked_plan, hash_of, node, plan_of, ready_plan, spec
from tui.state.tree import TreeState, size_of

ROOT = hash_of("hdf5")


def test_each_node_stands_once_then_as_a_reference() -> None:
    assert TreeState(ready_plan()).text_lines() == [
        "● hdf5@1.14.6 +shared  3.3 MB",
        "├─ ■ zlib@1.3.1 +shared",
        "│  └─ ◇ glibc@2.36   external, /usr",
        "├─ ● ncurses@6.5 +shared  3.3 MB",
        "│  └─ ◇ glibc@2.36 ↑",
        "└─ ◇ glibc@2.36 ↑",
    ]


def test_a_folded_branch_counts_what_it_hides_and_shows_it_elsewhere() -> None:
    state = TreeState(ready_plan())
    state.toggle(hash_of("zlib"))
    assert state.text_lines() == [
        "● hdf5@1.14.6 +shared  3.3 MB",
        "├─ ■ zlib@1.3.1  ▸ 1 package below: ◇ 1",
        "├─ ● ncurses@6.5 +shared  3.3 MB",
        "│  └─ ◇ glibc@2.36   external, /usr",
        "└─ ◇ glibc@2.36 ↑",
    ]
    state.toggle(ROOT)
    assert state.text_lines() == ["● hdf5@1.14.6  ▸ 3 packages below: ■ 1  ● 1  ◇ 1  3.3 MB"]
    state.toggle(ROOT)
    state.toggle(hash_of("zlib"))
    assert len(state.rows()) == 6


def test_reasons_stand_in_the_tree_and_unknown_nodes_are_named() -> None:
    lines = TreeState(blocked_plan()).text_lines()
    assert "blocked: No key is trusted for mirror harbor yet" in lines[1]
    assert "ghost" in lines[2]
    assert "no mirror describes it" in lines[2]
    assert "to build: No mirror has it; the nearest is 0.3.27" in lines[3]


def test_several_roots_share_what_they_share() -> None:
    plan = plan_of(
        (
            node(spec("zlib", "1.3.1"), Disposition.CACHED),
            node(spec("a", "1", "zlib"), Disposition.CACHED),
            node(spec("b", "1", "zlib"), Disposition.CACHED),
        ),
        "a",
        "b",
    )
    rows = TreeState(plan).rows()
    assert [(row.name, row.is_reference) for row in rows] == [
        ("a", False),
        ("zlib", False),
        ("b", False),
        ("zlib", True),
    ]
    assert [size_of(row) for row in rows] == ["3.3 MB", "3.3 MB", "3.3 MB", ""]
    assert len({(row.parent, row.hash) for row in rows}) == len(rows)


def test_a_size_that_nobody_knows() -> None:
    cached = node(spec("zlib", "1.3.1"), Disposition.CACHED)
    assert cached.source is not None
    source = replace(cached.source, archive_size=None)
    plan = plan_of((replace(cached, source=source),), "zlib")
    assert TreeState(plan).text_lines() == ["● zlib@1.3.1 +shared  ? B"]
    assert (plan.bytes_to_fetch, plan.sizes_are_known) == (0, False)
    assert ready_plan().sizes_are_known


def test_a_very_deep_graph_is_no_trouble() -> None:
    letters = "abcdefghijklmnop"
    names = [f"{a}{b}{c}" for a in letters for b in letters for c in letters]
    specs = [spec(name, "1", *names[at + 1 : at + 2]) for at, name in enumerate(names)]
    plan = plan_of([node(one, Disposition.CACHED) for one in reversed(specs)], names[0])
    rows = TreeState(plan).rows()
    assert [row.name for row in rows] == names
    assert rows[-1].depth == len(names) - 1
    assert max(len(row.guides) for row in rows) < 100


def test_a_graph_with_a_cycle_ends() -> None:
    plan = plan_of(
        (
            node(spec("a", "1", "b"), Disposition.CACHED),
            node(spec("b", "1", "a"), Disposition.CACHED),
        ),
        "a",
    )
    assert [(row.name, row.is_reference) for row in TreeState(plan).rows()] == [
        ("a", False),
        ("b", False),
        ("a", True),
    ]
