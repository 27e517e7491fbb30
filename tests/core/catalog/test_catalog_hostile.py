"""Indices that are broken, cut off, made by somebody else, or meant to hurt."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalog.reader import Catalog
from core.catalog.record import Numbers, read_record
from core.catalog.schema import CatalogSummary
from core.catalog.split import LARGEST_RECORD
from core.catalog.write import write_catalog
from core.errors import MirrorError, WrongUse
from core.model.ident import MirrorName
from core.model.spec import spec_from_node
from tests.core.catalog.golden_index import index_of, index_text, made_up_hash, record

HARBOR = MirrorName("harbor")
Write = Callable[[str | bytes], CatalogSummary]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the catalog of an index with this text; a refusal must leave nothing."""

    def write(text: str | bytes) -> CatalogSummary:
        index, destination = tmp_path / "index.json", tmp_path / "catalog.sqlite"
        index.write_bytes(text if isinstance(text, bytes) else text.encode())
        try:
            return write_catalog(index, destination, "00", lambda _: None)
        except MirrorError:
            assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["index.json"]
            raise

    return write


def broken(write: Write, text: str | bytes) -> str:
    """The detail with which an index is refused as broken."""
    with pytest.raises(MirrorError, match="The index of this mirror is broken") as caught:
        write(text)
    assert caught.value.hint
    return caught.value.detail


def test_a_cut_off_index_is_refused_wherever_it_ends(write: Write) -> None:
    text = index_text({made_up_hash(n): record(f"p{n}", n) for n in range(3)}).encode()
    assert write(text).records == 3
    for end in range(0, len(text) - 1, 7):
        assert broken(write, text[:end])
    assert broken(write, text[:-1])
    assert broken(write, text + b"}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html><body>Please log in</body></html>",
        "[]",
        '"installs"',
        '{"database": {"version": "8"}}',
        '{"database": {"version": "8", "installs": []}}',
        '{"database": {"version": "8", "installs": {"short": {}}}}',
        '{"database": {"installs": {}}}',
        '{"database": {"version": "eight", "installs": {}}}',
        '{"database": {"version": [], "installs": {}}}',
        '{"installs": {}}',
        '{"database": {"version": "8", "installs": {}, "installs": {"a": 1}}}',
        "\x00" * 100,
    ],
)
def test_what_is_no_index_is_refused(write: Write, text: str) -> None:
    assert broken(write, text)


@pytest.mark.parametrize("version", ["9", "10", "123456789"])
def test_a_newer_index_needs_a_newer_program(write: Write, version: str) -> None:
    with pytest.raises(MirrorError, match="needs a newer spackbin") as caught:
        write(index_text({made_up_hash(1): {"quite": "different"}}, version))
    assert caught.value.hint == "Update spackbin"
    with pytest.raises(MirrorError, match="needs a newer spackbin"):
        write(f'{{"database": {{"installs": {{}}, "version": "{version}"}}}}')


def test_an_older_index_is_too_old(write: Write) -> None:
    with pytest.raises(MirrorError, match="too old"):
        write(index_text({made_up_hash(1): record("p1", 1)}, "5"))


def test_versions_may_be_numbers_and_stand_anywhere(write: Write) -> None:
    records = json.dumps({made_up_hash(1): record("p1", 1)})
    number = f'{{"database": {{"version": 7, "installs": {records}}}}}'
    assert write(number).database_version == 7
    late = f'{{"x": 1, "database": {{"installs": {records}, "version": "6"}}}}\n'
    assert write(late).database_version == 6


def test_an_empty_index_is_an_index(write: Write) -> None:
    assert write('{"database":{"version":"8","installs":{}}}').records == 0


def test_spaces_between_everything_do_no_harm(write: Write, tmp_path: Path) -> None:
    installs = {made_up_hash(n): record(f"p{n}", n) for n in range(5)}
    document = {"database": {"version": "6", "installs": installs}}
    assert write(json.dumps(document, indent=2)).records == 5


def test_two_records_of_one_hash_are_refused(write: Write) -> None:
    one = json.dumps({made_up_hash(1): record("p1", 1)})
    text = index_text({}).replace("{}", f"{one[:-1]}, {one[1:]}")
    assert "two records" in broken(write, text)


def test_deep_nesting_is_refused(write: Write) -> None:
    deep = '{"a":' * 100_000 + "1" + "}" * 100_000
    text = index_text({made_up_hash(1): record("p1", 1, external=5)})
    assert broken(write, text.replace('"external": 5', f'"extra": {deep}'))
    assert broken(write, deep)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-", "01", "1e", "+1"])
def test_numbers_that_json_does_not_have_are_refused(write: Write, number: str) -> None:
    text = index_text({made_up_hash(n): record(f"p{n}", n, extra=5) for n in (1, 2)})
    assert broken(write, text.replace('"extra": 5', f'"extra": {number}', 1))


def test_a_record_without_end_is_refused(write: Write) -> None:
    long = record("p1", 1, extra="x" * (LARGEST_RECORD + 2))
    assert "larger than" in broken(write, index_text({made_up_hash(1): long}))


def test_text_that_looks_like_the_next_record_does_no_harm(write: Write) -> None:
    trap = f'}},"{made_up_hash(7)}":{{"spec":'
    summary = write(index_text({made_up_hash(1): record("p1", 1, extra=trap)}))
    assert (summary.records, summary.skipped) == (1, 0)


def test_a_key_that_looks_like_a_hash_is_refused_not_mistaken(write: Write) -> None:
    trap = {"one": {}, made_up_hash(7): record("evil", 7)}
    assert broken(write, index_text({made_up_hash(1): record("p1", 1, extra=trap)}))


def changed(**changes: object) -> dict[str, Any]:
    return record("p1", 1, (2,), **changes)


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"spec": None},
        {"spec": []},
        {**record("p1", 1), "in_buildcache": "yes"},
        changed(name="../../etc"),
        changed(name=""),
        changed(name=7),
        changed(version="1.0\n"),
        changed(version="../1"),
        changed(hash=made_up_hash(9)),
        changed(arch="linux-debian12-x86_64"),
        changed(arch={"platform": "linux", "platform_os": "debian12"}),
        changed(arch={"platform": "linux", "platform_os": None, "target": "x86_64"}),
        changed(arch={"platform": "linux", "platform_os": "d", "target": {"nam": "x86_64"}}),
        changed(namespace=None),
        changed(parameters=[]),
        changed(parameters={"jobs": 8}),
        changed(parameters={"values": [1]}),
        changed(dependencies={}),
        changed(dependencies=[{"name": "p2"}]),
        changed(dependencies=[{"name": "p2", "hash": made_up_hash(2), "type": "link"}]),
        changed(external={"path": 3}),
        changed(compiler="gcc"),
    ],
)
def test_a_record_that_is_no_spec_is_left_out_and_counted(
    write: Write, tmp_path: Path, bad: dict[str, Any]
) -> None:
    summary = write(index_text({made_up_hash(1): bad, made_up_hash(2): record("p2", 2)}))
    assert (summary.records, summary.builds, summary.skipped) == (1, 1, 1)
    catalog = Catalog({HARBOR: tmp_path / "catalog.sqlite"})
    assert [row.name for row in catalog.rows()] == ["p2"]
    assert catalog.counts[HARBOR].skipped == 1


@pytest.mark.parametrize("change", [{"name": "../p2"}, {"hash": "not a hash"}])
def test_a_record_with_a_dependency_that_cannot_be_is_left_out(
    write: Write, tmp_path: Path, change: dict[str, str]
) -> None:
    odd = changed()
    odd["spec"]["dependencies"][0].update(change)
    summary = write(index_text({made_up_hash(1): odd, made_up_hash(3): record("p3", 3, (1,))}))
    assert (summary.records, summary.skipped, summary.is_closed) == (1, 1, False)
    catalog = Catalog({HARBOR: tmp_path / "catalog.sqlite"})
    assert catalog.graph([made_up_hash(3)]).missing() == {made_up_hash(1)}
    assert made_up_hash(1) not in catalog.whole_graph()
    assert catalog.dependents(made_up_hash(2)) == []
    assert catalog.dependents(made_up_hash(1)) == [made_up_hash(3)]


def test_a_number_that_no_machine_has_makes_a_spec_unknown(write: Write, tmp_path: Path) -> None:
    text = index_text(
        {made_up_hash(1): record("p1", 1, x=5), made_up_hash(3): record("p3", 3, (1,))}
    )
    write(text.replace('"x": 5', '"x": 1e999'))
    catalog = Catalog({HARBOR: tmp_path / "catalog.sqlite"})
    assert catalog.graph([made_up_hash(3)]).missing() == {made_up_hash(1)}
    assert made_up_hash(1) not in catalog.whole_graph()
    assert catalog.dependents(made_up_hash(1)) == [made_up_hash(3)]


ODD = st.recursive(
    st.sampled_from([None, True, False, 7, 1.5, "", "link", "p2", "../x", made_up_hash(2), "-O2"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["name", "hash", "type", "parameters", "deptypes", "path", "module"]),
            inner,
        )
    ),
    max_leaves=6,
)
PLACES = [
    *(("spec", key) for key in ("name", "version", "arch", "namespace", "parameters", "hash")),
    *(("spec", key) for key in ("external", "compiler", "annotations")),
    *(("spec", "dependencies", 0, key) for key in ("parameters", "type")),
    *(("spec", "dependencies", 0, "parameters", key) for key in ("deptypes", "virtuals")),
    *(("spec", "parameters", key) for key in ("cflags", "shared")),
    *(("spec", "arch", key) for key in ("platform", "platform_os", "target")),
]


@given(place=st.sampled_from(PLACES), value=ODD)
def test_what_the_catalog_lists_is_a_spec(place: tuple[Any, ...], value: object) -> None:
    odd = record("p1", 1, (2,), external={"path": "/usr", "module": None})
    *way, last = place
    inner = odd
    for key in way:
        inner = inner[key]
    inner[last] = value
    numbers = Numbers()
    try:
        found = read_record(made_up_hash(1), json.dumps(odd).encode(), numbers)
    except (msgspec.ValidationError, WrongUse):
        return
    node = odd["spec"]
    release = list(numbers.releases)[found.release]
    assert spec_from_node(node, made_up_hash(1)).name == release[0]


def test_circles_and_holes_end(write: Write, tmp_path: Path) -> None:
    circle = {made_up_hash(n): record(f"p{n}", n, ((n + 1) % 4, 99)) for n in range(4)}
    assert write(index_text(circle)).records == 4
    graph = Catalog({HARBOR: tmp_path / "catalog.sqlite"}).graph([made_up_hash(0)])
    assert len(graph.order()) == 4
    assert graph.missing() == {made_up_hash(99)}


def test_a_foreign_text_cannot_reach_the_tables(write: Write, tmp_path: Path) -> None:
    text = "'); DROP TABLE specs; --\x1b[31m\u202e"
    write(index_text({made_up_hash(1): record("p1", 1, namespace=text)}))
    catalog = Catalog({HARBOR: tmp_path / "catalog.sqlite"})
    assert catalog.rows()[0].namespace == text
    assert catalog.rows(text) == []


def test_unpaired_surrogates_are_refused_or_left_out(write: Write) -> None:
    text = index_text({made_up_hash(1): record("p1", 1, namespace="x")})
    with pytest.raises(MirrorError):
        write(text.replace('"namespace": "x"', r'"namespace": "\ud800"'))


def test_any_byte_of_a_real_index_may_be_wrong(write: Write, golden: Path) -> None:
    text = index_of(golden).read_bytes()
    for position in range(0, len(text), 97):
        damaged = text[:position] + b"\xff" + text[position + 1 :]
        try:
            summary = write(damaged)
        except MirrorError:
            continue
        assert summary.records + summary.skipped == 27
