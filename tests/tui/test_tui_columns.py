from hypothesis import given
from hypothesis import strategies as st

from tests.tui.tui_values import build, hash_of, hdf5_builds
from tui.state.columns import choose_columns


def titles(builds: list, width: int) -> list[str]:
    return [column.title for column in choose_columns(builds, width).columns]


def test_columns_are_those_in_which_builds_differ() -> None:
    assert titles(hdf5_builds(), 60) == ["version", "target", "cxx", "mpi", "from"]


def test_one_build_needs_no_more_than_the_fixed_columns() -> None:
    assert titles(hdf5_builds()[:1], 60) == ["version", "target", "from"]


def test_builds_that_look_alike_show_their_hash() -> None:
    twins = [build("zlib", hash=hash_of("twina")), build("zlib", hash=hash_of("twinb"))]
    assert titles(twins, 60) == ["version", "target", "hash", "from"]


def test_a_variant_that_one_build_lacks_is_a_difference() -> None:
    builds = [
        build("a", variants=(("mpi", "+"),), hash=hash_of("ab")),
        build("a", variants=(), hash=hash_of("ac")),
    ]
    column = choose_columns(builds, 60).columns[2]
    assert (column.title, column.values) == ("mpi", ("+", "-"))


def test_switches_stand_before_variants_with_values() -> None:
    builds = [
        build("a", variants=(("api", "v18"), ("mpi", "+")), hash=hash_of("ab")),
        build("a", variants=(("api", "v110"), ("mpi", "~")), hash=hash_of("ac")),
    ]
    assert titles(builds, 60) == ["version", "target", "mpi", "api", "from"]


def test_what_does_not_fit_is_counted_and_the_hash_tells_the_rest_apart() -> None:
    many = tuple((f"variant{number}", "+") for number in range(12))
    builds = [
        build("a", variants=many, hash=hash_of("ab")),
        build("a", variants=tuple((name, "~") for name, _ in many), hash=hash_of("ac")),
    ]
    table = choose_columns(builds, 46)
    assert table.width <= 46
    assert table.left_out == 12 - sum("variant" in column.title for column in table.columns)


@given(
    st.lists(
        st.tuples(
            st.text(max_size=30),
            st.text(max_size=30),
            st.dictionaries(st.text(max_size=20), st.text(max_size=30), max_size=4),
        ),
        min_size=1,
        max_size=6,
    ),
    st.integers(20, 120),
)
def test_any_builds_fit_any_width(rows: list, width: int) -> None:
    builds = [
        build(
            "a",
            version,
            target=target,
            variants=tuple(variants.items()),
            hash="abcdefghijklmnopqrstuvwxyz234567"[number:] + "a" * number,
        )
        for number, (version, target, variants) in enumerate(rows)
    ]
    table = choose_columns(builds, width)
    assert table.width <= max(width, 26)
    assert all(len(column.values) == len(builds) for column in table.columns)
