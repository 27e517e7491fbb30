"""The install database: what Spack would write, and nothing lost."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from store_helpers import GLIBC, KELP, LIBTIDE, REEF, register

from core.errors import StoreError
from core.model.graph import SpecGraph
from core.model.ident import DagHash
from core.model.spec import spec_from_node
from core.store.database import Database, Installation
from core.store.paths import StorePaths

GOLDEN_STORE = "/opt/golden-store/dev"


def raw(store: StorePaths) -> dict[str, Any]:
    """The database as it is on disk."""
    document: dict[str, Any] = json.loads(store.database.read_bytes())
    return document


@pytest.mark.parametrize("at_once", [True, False])
def test_the_database_is_the_one_that_spack_writes(
    store: StorePaths, graph: SpecGraph, golden: Path, at_once: bool
) -> None:
    theirs = json.loads((golden / "dev" / "expected-1-db.json").read_text())
    installations = [
        Installation(spec, store.prefix_of(spec), record["explicit"])
        for hash_, record in installs_of(theirs).items()
        if record["installed"] and not (spec := graph[DagHash(hash_)]).external
    ]
    started = time.time()
    if at_once:
        Database(store).register_many(installations, graph)
    else:
        for item in installations:
            Database(store).register(item.spec, item.prefix, graph, explicit=item.explicit)
    ours = json.loads(store.database.read_text().replace(str(store.root), GOLDEN_STORE))
    # Equal as values is not enough: fields have an order, and nodes hash by theirs.
    assert in_order(without_times(ours, started)) == in_order(without_times(theirs, 0))
    assert ours.keys() == theirs.keys()
    assert ours["database"].keys() == theirs["database"].keys()
    assert ours["database"]["version"] == theirs["database"]["version"]


def installs_of(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["database"]["installs"]
    return found


def without_times(document: dict[str, Any], since: float) -> dict[str, Any]:
    for record in installs_of(document).values():
        assert since <= record["installation_time"]
        record["installation_time"] = None
    return document


def in_order(document: dict[str, Any]) -> dict[str, str]:
    return {hash_: json.dumps(record) for hash_, record in installs_of(document).items()}


def test_files_are_made_with_spacks_modes_and_nothing_else_is_left(
    store: StorePaths, graph: SpecGraph
) -> None:
    old = os.umask(0o022)
    try:
        register(store, graph, KELP)
    finally:
        os.umask(old)
    modes = {path.name: path.stat().st_mode & 0o7777 for path in store.database_dir.iterdir()}
    assert modes == {"index.json": 0o644, "index_verifier": 0o644, "lock": 0o755}
    assert len(store.verifier.read_text()) == 36
    assert store.database.read_bytes().startswith(b'{"database":{"version":"8","installs":{"')


def test_a_missing_database_is_empty_and_stays_missing(store: StorePaths) -> None:
    state = Database(store).read()
    assert state.records == {}
    assert state.version == 8
    assert not store.root.exists()


def test_reading_gives_the_golden_records(store: StorePaths, golden: Path) -> None:
    store.database_dir.mkdir(parents=True)
    store.database.write_bytes((golden / "dev" / "expected-1-db.json").read_bytes())
    state = Database(store).read()
    reef = state.records[REEF]
    assert (reef.spec.label, reef.installed, reef.explicit) == ("reef@5.0.0", True, True)
    assert reef.prefix == f"{GOLDEN_STORE}/linux-x86_64_v3/reef-5.0.0-{REEF}"
    assert state.records[GLIBC].ref_count == 10
    assert state.records[GLIBC].prefix == "/usr"
    assert state.installed_at(Path(reef.prefix or "")) == reef
    assert state.installed_at(Path("/usr")) is None


def test_a_dependency_becomes_explicit_and_never_implicit_again(
    store: StorePaths, graph: SpecGraph
) -> None:
    register(store, graph, LIBTIDE)
    first = raw(store)["database"]["installs"][LIBTIDE]
    assert first["explicit"] is False
    register(store, graph, LIBTIDE, explicit=True)
    register(store, graph, LIBTIDE)
    assert raw(store)["database"]["installs"][LIBTIDE] == {**first, "explicit": True}


def test_what_is_only_referred_to_becomes_installed(store: StorePaths, graph: SpecGraph) -> None:
    register(store, graph, REEF, explicit=True)
    before = Database(store).read().records[KELP]
    assert (before.installed, before.prefix) == (False, str(store.prefix_of(graph[KELP])))
    elsewhere = store.root / "elsewhere" / f"kelp-{KELP}"
    after = Database(store).register(graph[KELP], elsewhere, graph, explicit=False)
    assert (after.installed, after.prefix, after.ref_count) == (True, str(elsewhere), 1)


def test_who_lost_its_prefix_is_registered_in_the_new_one(
    store: StorePaths, graph: SpecGraph, tmp_path: Path
) -> None:
    """Another projection had put it elsewhere, and somebody has deleted that by hand."""
    spec, elsewhere, now = graph[KELP], tmp_path / "kelp", store.prefix_of(graph[KELP])
    elsewhere.mkdir()
    before = Database(store).register(spec, elsewhere, graph, explicit=True)
    # As long as it is there, it stays what it is.
    assert Database(store).register(spec, now, graph, explicit=False) == before
    elsewhere.rmdir()
    record = Database(store).register(spec, now, graph, explicit=False)
    assert (record.prefix, record.explicit) == (str(now), True)
    assert record.installation_time > before.installation_time
    # Nobody else may have the new one.
    elsewhere.mkdir()
    register(store, graph, REEF)
    with pytest.raises(StoreError, match="Another package is registered"):
        Database(store).register(graph[LIBTIDE], store.prefix_of(graph[REEF]), graph, explicit=True)


def test_an_external_that_only_a_build_needs_gets_a_record_once(
    store: StorePaths, graph: SpecGraph
) -> None:
    database = Database(store)
    database.register_externals([graph[GLIBC]])
    before = store.database.read_bytes()
    record = database.read().records[GLIBC]
    assert (record.installed, record.explicit) == (True, False)
    assert str(record.prefix) == "/usr"
    database.register_externals([graph[GLIBC]])
    assert store.database.read_bytes() == before


def test_what_is_not_ours_is_kept(store: StorePaths, graph: SpecGraph, golden: Path) -> None:
    document = json.loads((golden / "dev" / "expected-1-db.json").read_text())
    document["beside"] = [1, {"a": None}]
    document["database"]["more"] = "kept"
    document["database"]["installs"][KELP]["origin"] = "external-db"
    document["database"]["installs"][KELP]["deprecated_for"] = LIBTIDE
    store.database_dir.mkdir(parents=True)
    store.database.write_text(json.dumps(document) + " what follows is ignored")
    wreck = next(spec for spec in graph.nodes.values() if spec.name == "wreck")
    register(store, graph, wreck.hash)
    after = raw(store)
    assert after["beside"] == document["beside"]
    assert after["database"]["more"] == "kept"
    assert after["database"]["installs"][KELP] == document["database"]["installs"][KELP]
    # One more is deprecated in its favour, and the new one may depend on it.
    expected = document["database"]["installs"][LIBTIDE]["ref_count"] + 1
    depends = any(edge.hash == LIBTIDE for edge in wreck.dependencies)
    assert after["database"]["installs"][LIBTIDE]["ref_count"] == expected + depends


def test_what_nobody_opens_is_written_back_as_it_was(store: StorePaths, graph: SpecGraph) -> None:
    register(store, graph, KELP)
    document = raw(store)
    # Spaces, other letters, and a number that floats cannot hold.
    record = {**document["database"]["installs"][KELP], "origin": "Größe", "number": 10**30}
    document["database"]["installs"][KELP] = record
    store.database.write_text(json.dumps(document, indent=1, ensure_ascii=False))
    text = json.dumps(record, indent=1, ensure_ascii=False).replace("\n", "\n   ")
    assert text in store.database.read_text()
    register(store, graph, LIBTIDE)
    assert text in store.database.read_text()
    assert raw(store)["database"]["installs"].keys() > {KELP, LIBTIDE}
    # One that is changed is written anew, so that any Spack can read it.
    register(store, graph, KELP, explicit=True)
    assert "Gr\\u00f6\\u00dfe" in store.database.read_text()
    assert raw(store)["database"]["installs"][KELP] == {**record, "explicit": True}


def test_a_node_that_makes_no_sense_is_said_when_it_is_asked_for(
    store: StorePaths, graph: SpecGraph
) -> None:
    register(store, graph, KELP)
    register(store, graph, LIBTIDE)
    document = raw(store)
    document["database"]["installs"][KELP]["spec"]["parameters"] = "none"
    store.database.write_text(json.dumps(document))
    state = Database(store).read()
    record = state.records[KELP]
    assert (record.name, record.hash, record.is_external) == ("kelp", KELP, False)
    assert state.records[LIBTIDE].spec.variants
    with pytest.raises(
        StoreError, match=f"damaged: record '{KELP}': spec of kelp: parameters"
    ) as e:
        _ = record.spec
    assert e.value.detail == str(store.database)
    register(store, graph, REEF)
    assert raw(store)["database"]["installs"][KELP]["spec"]["parameters"] == "none"


def test_an_unchanged_database_is_parsed_once(store: StorePaths, graph: SpecGraph) -> None:
    register(store, graph, KELP)
    database = Database(store)
    first = database.read()
    assert database.read() is first
    register(store, graph, LIBTIDE)
    assert LIBTIDE in database.read().records


def test_a_prefix_is_not_given_twice(store: StorePaths, graph: SpecGraph) -> None:
    register(store, graph, KELP)
    before = store.database.read_bytes()
    with pytest.raises(StoreError, match="Another package is registered"):
        Database(store).register(
            graph[LIBTIDE], store.prefix_of(graph[KELP]), graph, explicit=False
        )
    assert store.database.read_bytes() == before


def test_a_spliced_package_without_its_origin_is_refused(
    store: StorePaths, graph: SpecGraph
) -> None:
    spec = spec_from_node({**graph[KELP].node, "build_spec": {"name": "kelp", "hash": "a" * 32}})
    with pytest.raises(StoreError, match="spliced"):
        Database(store).register(spec, store.prefix_of(spec), graph, explicit=False)
    assert not store.database.exists()


def test_a_package_without_its_document_is_refused(store: StorePaths, graph: SpecGraph) -> None:
    spec = replace(graph[KELP], node={})
    with pytest.raises(StoreError, match="not known"):
        Database(store).register(spec, store.prefix_of(spec), graph, explicit=False)


def test_a_node_from_before_1_0_is_written_in_format_5(store: StorePaths) -> None:
    # As Spack 1.3.0.dev0 rewrites what Spack 0.23.1 wrote.
    tail = {
        "namespace": "harbor",
        "parameters": {"build_system": "generic", "cflags": []},
        "package_hash": "n6ucwhrt563yjkgziviwfqx3mpy3mulduqfei6mri7r4j546u22q====",
    }
    head = {
        "name": "libtide",
        "version": "2.0.1",
        "arch": {"platform": "linux", "platform_os": "debian12", "target": "x86_64_v4"},
    }
    glibc = "bvqfy73zr3su2dnlqwc3y4e4ywpxurno"
    new_edge = {
        "name": "glibc",
        "hash": glibc,
        "parameters": {"deptypes": ["link"], "virtuals": ["libc"]},
    }
    own = "lxly24koyyfl3ij3afgevxtad3eoesaw"
    compiler = {"compiler": {"name": "gcc", "version": "12.2.0"}}
    written: dict[str, object] = {**head, **compiler, **tail}
    spec = spec_from_node({**written, "dependencies": [new_edge], "hash": own})
    Database(store).register(spec, store.prefix_of(spec), SpecGraph((), {}), explicit=False)
    note = {"original_specfile_version": 4, "compiler": "gcc@=12.2.0"}
    expected = {**head, **tail, "dependencies": [new_edge], "annotations": note, "hash": own}
    assert json.dumps(raw(store)["database"]["installs"][own]["spec"]) == json.dumps(expected)

    old_edge = {"name": "glibc", "hash": glibc, "type": ["link"]}
    other = "a" * 32
    spec = spec_from_node({**written, "dependencies": [old_edge], "hash": other})
    Database(store).register(spec, store.root / "other", SpecGraph((), {}), explicit=False)
    found = raw(store)["database"]["installs"][other]["spec"]
    assert found["dependencies"][0]["parameters"] == {"deptypes": ["link"], "virtuals": []}
    assert found["annotations"]["original_specfile_version"] == 3


RECORD = {"spec": {"name": "a"}, "path": "/a", "installed": True}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "damaged"),
        ('{"database":{"version":"8","inst', "damaged"),
        ("[]", "damaged"),
        ('{"database":{"version":"8"}}', "damaged"),
        ('{"database":{"version":"eight","installs":{}}}', "damaged"),
        ('{"database":{"version":"8","installs":[]}}', "damaged"),
        ('{"database":{"version":"8","installs":{"x":{}}}}', "damaged"),
        (json.dumps({"database": {"version": "8", "installs": {"a" * 32: RECORD}}}), "damaged"),
        (json.dumps({"database": {"version": "8", "installs": {"../x": RECORD}}}), "damaged"),
        ('{"database":{"version":"8","installs":{}},"x":NaN}', "damaged"),
        ("[" * 200_000, "damaged"),
        ('{"database":{"version":"9","other":{}}}', "newer than spackbin knows"),
        ('{"database":{"version":"5","installs":{}}}', "Spack 0.16 or older"),
        ("\udcff", "damaged"),
    ],
)
def test_a_damaged_database_is_said_and_never_written(
    store: StorePaths, graph: SpecGraph, text: str, words: str
) -> None:
    data = text.encode(errors="surrogateescape")
    store.database_dir.mkdir(parents=True)
    store.database.write_bytes(data)
    with pytest.raises(StoreError, match=words) as caught:
        Database(store).read()
    assert caught.value.detail == str(store.database)
    assert caught.value.hint
    with pytest.raises(StoreError, match=words):
        register(store, graph, KELP)
    assert store.database.read_bytes() == data


def test_an_installed_package_has_a_path(store: StorePaths, graph: SpecGraph) -> None:
    register(store, graph, KELP)
    document = raw(store)
    document["database"]["installs"][KELP]["path"] = "None"
    store.database.write_text(json.dumps(document))
    with pytest.raises(StoreError, match="has no path"):
        Database(store).read()
    document["database"]["installs"][KELP]["installed"] = False
    store.database.write_text(json.dumps(document))
    assert Database(store).read().records[KELP].prefix is None


def test_a_tree_of_spack_0_23_gets_nothing_that_it_cannot_read(
    store: StorePaths, graph: SpecGraph
) -> None:
    database = Database(store)
    store.database.parent.mkdir(parents=True)
    store.database.write_text('{"database":{"version":"7","installs":{}}}')
    state = database.read()
    state.check_writable()
    for refused in (
        lambda: state.check_writable([graph[KELP]]),
        lambda: register(store, graph, KELP),
    ):
        with pytest.raises(StoreError, match=r"made for Spack 1\.0 or newer"):
            refused()
    assert raw(store) == {"database": {"version": "7", "installs": {}}}


def test_the_tree_of_an_older_spack_is_read_and_not_written(
    store: StorePaths, graph: SpecGraph
) -> None:
    register(store, graph, KELP)
    document = raw(store)
    document["database"]["version"] = "6"
    store.database.write_text(json.dumps(document))
    state = Database(store).read()
    assert state.records[KELP].installed
    with pytest.raises(StoreError, match=r"before 0\.19; spackbin can read it but not write it"):
        state.check_writable()
    with pytest.raises(StoreError, match=r"before 0\.19; spackbin can read it but not write it"):
        register(store, graph, LIBTIDE)
    assert raw(store) == document
