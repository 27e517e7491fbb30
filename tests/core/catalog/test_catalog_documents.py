"""Index documents of every age, and cut at every place."""

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalog.reader import Catalog
from core.catalog.split import IndexDocument
from core.catalog.write import write_catalog
from core.model.ident import MirrorName
from tests.core.catalog.golden_index import index_text, made_up_hash, record

GCC = {"name": "gcc", "version": "12.2.0"}


class Dribble(io.BytesIO):
    """A stream that gives a few bytes at a time."""

    def __init__(self, data: bytes, most: int):
        super().__init__(data)
        self._most = most

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self._most)


@given(
    texts=st.lists(st.text(max_size=60), max_size=8),
    most=st.integers(100, 3000),
    indent=st.sampled_from([None, 0, 2]),
)
def test_records_come_out_whole_wherever_the_reads_end(
    texts: list[str], most: int, indent: int | None
) -> None:
    installs = {made_up_hash(n): record(f"p{n}", n, note=text) for n, text in enumerate(texts)}
    document = {"database": {"version": "8", "installs": installs}}
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    read = IndexDocument(Dribble(text.encode("utf-8", "replace"), most))
    found = {hash_: json.loads(piece) for hash_, piece in read.records()}
    assert list(found) == list(installs)
    assert [item["spec"]["note"] for item in found.values()] == [
        text.encode("utf-8", "replace").decode() for text in texts
    ]
    assert read.version == 8


@pytest.mark.parametrize(
    ("version", "edge"),
    [("6", {"type": ["build", "link"]}), ("7", {"parameters": {"deptypes": ["build", "link"]}})],
)
def test_indices_from_before_spack_1(tmp_path: Path, version: str, edge: object) -> None:
    assert isinstance(edge, dict)
    needs = [{"name": "p2", "hash": made_up_hash(2), **edge}]
    old = record("p1", 1, compiler=GCC, dependencies=needs)
    # Not every Spack wrote the hash into the node as well.
    del old["spec"]["hash"]
    index = tmp_path / "index.json"
    index.write_text(index_text({made_up_hash(1): old, made_up_hash(2): record("p2", 2)}, version))
    write_catalog(index, tmp_path / "catalog.sqlite", "00", lambda _: None)
    catalog = Catalog({MirrorName("old"): tmp_path / "catalog.sqlite"})
    assert [(row.name, row.compiler) for row in catalog.rows()] == [
        ("p1", "gcc@12.2.0"),
        ("p2", ""),
    ]
    graph = catalog.graph([made_up_hash(1)])
    assert [spec.name for spec in graph.order()] == ["p2", "p1"]
    assert graph[made_up_hash(1)].node["hash"] == made_up_hash(1)


def test_a_compiler_from_before_spack_1_may_stand_in_the_annotations(tmp_path: Path) -> None:
    noted = {"original_specfile_version": 4, "compiler": "gcc@=12.2.0"}
    index = tmp_path / "index.json"
    index.write_text(index_text({made_up_hash(1): record("p1", 1, annotations=noted)}))
    write_catalog(index, tmp_path / "catalog.sqlite", "00", lambda _: None)
    (row,) = Catalog({MirrorName("old"): tmp_path / "catalog.sqlite"}).rows()
    assert row.compiler == "gcc@12.2.0"


def test_a_compiler_that_no_record_describes_is_named_all_the_same(tmp_path: Path) -> None:
    parameters = {"deptypes": ["build"], "virtuals": ["c", "libc"]}
    needs = [{"name": "gcc", "hash": made_up_hash(9), "parameters": parameters}]
    index = tmp_path / "index.json"
    index.write_text(index_text({made_up_hash(1): record("p1", 1, dependencies=needs)}))
    write_catalog(index, tmp_path / "catalog.sqlite", "00", lambda _: None)
    (row,) = Catalog({MirrorName("pruned"): tmp_path / "catalog.sqlite"}).rows()
    assert (row.compiler, row.libc) == ("gcc", "")


def test_the_c_library_is_inherited_over_any_way_and_order(tmp_path: Path) -> None:
    def edge(child: int, *virtuals: str) -> dict[str, object]:
        return {
            "name": f"p{child}",
            "hash": made_up_hash(child),
            "parameters": {"deptypes": ["link"], "virtuals": virtuals},
        }

    glibc, musl = 11, 12
    needs = {1: (2, 4), 2: (3,), 4: (1, 99), 6: (6,), 7: (5,)}
    records = {made_up_hash(n): record(f"p{n}", n, found) for n, found in needs.items()}
    for user, libc in ((3, glibc), (5, musl)):
        records[made_up_hash(user)] = record(f"p{user}", user, dependencies=[edge(libc, "libc")])
        records[made_up_hash(libc)] = record(f"p{libc}", libc)
    for order in (list(records), list(reversed(records))):
        index = tmp_path / "index.json"
        index.write_text(index_text({hash_: records[hash_] for hash_ in order}))
        write_catalog(index, tmp_path / "catalog.sqlite", "00", lambda _: None)
        rows = Catalog({MirrorName("any"): tmp_path / "catalog.sqlite"}).rows()
        assert {row.name: row.libc for row in rows if row.libc} == {
            **dict.fromkeys(("p1", "p2", "p3", "p4"), "p11@1.0"),
            **dict.fromkeys(("p5", "p7"), "p12@1.0"),
        }
