"""What was read so far of an index can be asked while the rest is read."""

from pathlib import Path

import pytest

from core.catalog import write
from core.catalog.kept import fetched_name, keep_catalog
from core.catalog.reader import Catalog
from core.catalog.schema import partial_of, read_summary
from core.catalog.write import write_catalog
from core.errors import MirrorError
from core.model.ident import MirrorName
from core.query.parse import parse_query
from core.query.select import select
from tests.core.catalog.golden_index import index_of, index_text, made_up_hash, record

HARBOR = MirrorName("harbor")
RECORDS = 300


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """What there is is shown as often as can be."""
    monkeypatch.setattr(write, "_LEAST_REST", 0)


def big_index(directory: Path) -> Path:
    """An index that is read in several pieces; everything needs the last record."""
    index = directory / "harbor.1.index"
    needs = {n: (RECORDS - 1, *((n - 1,) if n else ())) for n in range(RECORDS - 1)}
    many: dict[str, object] = {
        made_up_hash(n): record(f"p{n}", n, needs.get(n, ()), note="x" * 10000)
        for n in range(RECORDS)
    }
    index.write_text(index_text(many))
    return index


def test_what_was_read_is_found_while_the_rest_is_read(tmp_path: Path, eager: None) -> None:
    index, complete = big_index(tmp_path), tmp_path / "harbor.sqlite"
    partial, seen = partial_of(complete), list[int]()

    def look(_: int) -> None:
        if not partial.exists():
            return
        catalog = Catalog({HARBOR: partial})
        summary = catalog.counts[HARBOR]
        seen.append(summary.records)
        assert summary.is_partial
        assert not summary.is_closed
        assert abs(summary.expected - RECORDS) < RECORDS // 10
        assert len(catalog.package_names()) == summary.records == len(catalog.rows())
        last = f"p{summary.records - 1}"
        assert [row.name for row in catalog.rows(last)] == [last]
        (shelf,) = catalog.shelves
        assert len(select(parse_query("target=x86_64"), shelf).specs) == summary.records
        assert not select(parse_query(f"{last} ^p{RECORDS - 1}"), shelf).is_exact
        graph = catalog.graph(catalog.find_hash(made_up_hash(summary.records - 1)))
        assert len(graph.nodes) == summary.records
        assert graph.missing() == {made_up_hash(RECORDS - 1)}
        assert catalog.problems == {}

    summary = write_catalog(index, complete, "aa", look, partial, pause=0)
    assert len(seen) > 1
    assert seen == sorted(set(seen))
    assert (summary.is_partial, summary.expected, summary.is_closed) == (False, RECORDS, True)


def test_the_parts_are_not_shown_too_often(tmp_path: Path) -> None:
    index, complete = big_index(tmp_path), tmp_path / "harbor.sqlite"
    partial = partial_of(complete)
    write_catalog(index, complete, "aa", lambda _: None, partial, pause=3600)
    assert not partial.exists()
    assert Catalog({HARBOR: complete}).package_names()


def test_what_is_complete_leaves_no_part(tmp_path: Path, golden: Path) -> None:
    catalog = tmp_path / "harbor.sqlite"
    fetched = fetched_name(catalog)
    partial_of(catalog).write_text("of one that was killed")
    fetched.write_bytes(index_of(golden).read_bytes())
    keep_catalog(fetched, catalog, checksum="aa")
    assert not partial_of(catalog).exists()
    summary = read_summary(catalog)
    assert summary
    assert not summary.is_partial


def test_what_cannot_be_completed_leaves_no_part(tmp_path: Path, golden: Path) -> None:
    catalog = tmp_path / "harbor.sqlite"
    fetched = fetched_name(catalog)
    partial_of(catalog).write_text("of one that was killed")
    fetched.write_bytes(index_of(golden).read_bytes()[:-50])
    with pytest.raises(MirrorError, match="broken"):
        keep_catalog(fetched, catalog, checksum="aa")
    assert list(tmp_path.glob("harbor*")) == []
