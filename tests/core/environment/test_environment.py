"""Environments are read from their lock files, of every version."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.environment.read import MAX_LOCK, read_environment
from core.errors import NotAvailable, WrongUse
from core.model.daghash import HashCheck, check_hash
from core.model.lockfile import environment_of
from tests.core.catalog.golden_index import VERSIONS, made_up_hash, record

EVERY = ("build", "link", "run", "test")


def node(number: int, needs: tuple[int, ...] = (), /, **fields: object) -> dict[str, Any]:
    return record(f"p{number}", number, needs, **fields)["spec"]


def lock(version: object = 6, /, **fields: object) -> dict[str, Any]:
    return {
        "_meta": {"file-type": "spack-lockfile", "lockfile-version": version},
        "roots": [{"hash": made_up_hash(1), "spec": "p1 +x"}],
        "concrete_specs": {made_up_hash(1): node(1, (2,)), made_up_hash(2): node(2)},
        **fields,
    }


def why_not(document: object) -> str:
    with pytest.raises(WrongUse) as caught:
        environment_of(json.dumps(document).encode())
    return caught.value.title


@pytest.mark.parametrize("version", VERSIONS)
def test_golden_environments(golden: Path, version: str) -> None:
    environment = read_environment(golden / version / "env")
    graph = environment.graph
    roots = {root.spec: graph[root.hash].name for root in environment.roots}
    assert roots == {"reef": "reef", "wreck": "wreck"}
    assert graph.roots == tuple(root.hash for root in environment.roots)
    assert {(root.group, root.included_from) for root in environment.roots} == {("", "")}
    assert graph.missing(EVERY) == frozenset()
    assert {check_hash(spec) for spec in graph.nodes.values()} == {HashCheck.MATCHES}


def test_an_environment_is_found_by_any_of_its_files(golden: Path) -> None:
    place = golden / "dev" / "env"
    found = read_environment(place)
    assert read_environment(place / "spack.lock") == found
    assert read_environment(place / "spack.yaml") == found


@pytest.mark.parametrize("version", [4, 5, 6, 7])
def test_nodes_by_dag_hash(version: int) -> None:
    found = environment_of(json.dumps(lock(version)).encode())
    assert [(root.hash, root.spec) for root in found.roots] == [(made_up_hash(1), "p1 +x")]
    assert [spec.name for spec in found.graph.order()] == ["p2", "p1"]
    assert found.graph[made_up_hash(1)].node == node(1, (2,))


@pytest.mark.parametrize("version", [1, 2])
def test_nodes_by_their_names(version: int) -> None:
    """Before 0.17 the name is a key; version 2 names nodes by a hash of another kind."""
    keys = {1: made_up_hash(1), 2: made_up_hash(2)}
    if version == 2:
        keys = {number: made_up_hash(number + 50) for number in keys}
    nodes: dict[str, Any] = {}
    for number, needs in ((1, (2,)), (2, ())):
        fields = {
            **node(number),
            "dependencies": {f"p{n}": {"hash": keys[n], "type": ["link"]} for n in needs},
        }
        del fields["name"]
        if version == 1:
            del fields["hash"]
        nodes[keys[number]] = {f"p{number}": fields}
    roots = [{"hash": keys[1], "spec": "p1"}]
    document = lock(version, roots=roots, concrete_specs=nodes)
    found = environment_of(json.dumps(document).encode())
    assert found.roots[0].hash == made_up_hash(1)
    assert found.graph.missing(EVERY) == frozenset()
    assert [spec.name for spec in found.graph.order()] == ["p2", "p1"]


def test_nodes_by_build_hash() -> None:
    """Version 3: two builds of one DAG hash, made with different tools."""
    tools = [
        [{"name": "p2", "build_hash": made_up_hash(52 + n), "type": ["build"]}] for n in (0, 1)
    ]
    nodes = {
        made_up_hash(51): node(1, dependencies=tools[0]),
        made_up_hash(61): node(1, dependencies=tools[1]),
        made_up_hash(52): node(2),
        made_up_hash(53): node(2, hash=made_up_hash(3)),
    }
    roots = [{"hash": made_up_hash(n), "spec": f"p1 {n}"} for n in (51, 61)]
    document = lock(3, roots=roots, concrete_specs=nodes)
    found = environment_of(json.dumps(document).encode())
    assert [(root.hash, root.spec) for root in found.roots] == [
        (made_up_hash(1), "p1 51"),
        (made_up_hash(1), "p1 61"),
    ]
    assert found.graph.roots == (made_up_hash(1),)
    assert [edge.hash for edge in found.graph[made_up_hash(1)].dependencies] == [made_up_hash(2)]


def test_groups_and_included_environments() -> None:
    grouped = [{"hash": made_up_hash(1), "spec": "p1", "group": "tools"}]
    deepest = {
        "roots": [{"hash": made_up_hash(4), "spec": "p4"}],
        "concrete_specs": {made_up_hash(4): node(4)},
    }
    other = {
        "roots": [{"hash": made_up_hash(3), "spec": "p3"}],
        "concrete_specs": {made_up_hash(3): node(3)},
        "include_concrete": {"/deeper": deepest},
    }
    document = lock(7, roots=grouped, include_concrete={"/other": other})
    found = environment_of(json.dumps(document).encode())
    assert [(root.spec, root.group, root.included_from) for root in found.roots] == [
        ("p1", "tools", ""),
        ("p3", "", "/other"),
        ("p4", "", "/deeper"),
    ]
    assert set(found.graph.nodes) == {made_up_hash(number) for number in (1, 2, 3, 4)}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"_meta": None}, "its _meta is not an object"),
        ({"_meta": {"file-type": "x"}}, "it does not say that it is a lock file of Spack"),
        ({"roots": None}, "its list of roots is not a list"),
        ({"roots": [3]}, "a root is not an object"),
        ({"roots": [{"hash": made_up_hash(1)}]}, "a root has no spec or no hash"),
        ({"roots": [{"hash": made_up_hash(9), "spec": "x"}]}, "does not describe its root"),
        ({"roots": [{"hash": "../x", "spec": "x"}]}, "is not a DAG hash"),
        ({"concrete_specs": []}, "its concrete_specs is not an object"),
        ({"concrete_specs": {made_up_hash(1): []}}, "a spec is not an object"),
        ({"concrete_specs": {"x": {"name": "p1"}}}, "spec of p1"),
        ({"concrete_specs": {"x": {"p1": {"dependencies": 3}}}}, "a list of dependencies"),
        ({"concrete_specs": {"x": {"p1": 3}}}, "a spec is not an object"),
        ({"include_concrete": {"/x": 3}}, "an included environment is not an object"),
        ({"include_concrete": {"/x": {}}}, "its concrete_specs is not an object"),
    ],
)
def test_damage_is_said_plainly(change: dict[str, object], why: str) -> None:
    assert why in why_not(lock(**change))


def test_versions() -> None:
    assert why_not(lock(8)) == "it has version 8, which needs a newer spackbin"
    for version in (0, "6", None, True):
        assert why_not(lock(version)) == "it does not say its version"
    document = lock()
    document["_meta"]["specfile-version"] = 6
    assert why_not(document) == "its specs have format 6, which needs a newer spackbin"
    unknown = node(1, dependencies=[{"name": "p2", "build_hash": "x", "type": ["link"]}])
    document = lock(3, concrete_specs={made_up_hash(1): unknown})
    assert why_not(document) == "a dependency leads to no node of the document"


def test_a_bomb_of_included_environments_ends() -> None:
    deep: dict[str, Any] = {}
    for _ in range(200):
        deep = lock(include_concrete={"/x": deep} if deep else {})
    assert why_not(deep) == "it is nested too deep"


def test_no_environment(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere", tmp_path / "spack.lock"):
        with pytest.raises(WrongUse, match="There is no Spack environment here"):
            read_environment(path)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "spack:\n  specs: [reef, 'hdf5 +mpi', $mine, {group: g, specs: [zlib]}]",
            "reef, hdf5 +mpi",
        ),
        ("env:\n  specs:\n  - reef\n", "reef"),
        ("spack: [", ""),
        ("spack:\n  specs: 3", ""),
        ("[" * 5000, ""),
        ("&a [*a]", ""),
        ("2026-99-99: !!python/object:os.system x", ""),
    ],
)
def test_an_environment_that_is_not_concretized(tmp_path: Path, text: str, wanted: str) -> None:
    (tmp_path / "spack.yaml").write_text(text)
    with pytest.raises(NotAvailable, match="not decided yet") as caught:
        read_environment(tmp_path)
    assert ("asks for" in caught.value.detail) is bool(wanted)
    assert wanted in caught.value.detail
    assert "concretize" in caught.value.hint


def test_a_lock_file_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "spack.lock"
    for data in (b"", b"{", b"<html>", b"\x00\xff", b"[" * 100_000, b'{"_meta": 1, "_meta": 2}'):
        path.write_bytes(data)
        with pytest.raises(WrongUse, match="cannot be used") as caught:
            read_environment(tmp_path)
        assert caught.value.detail == str(path)


def test_a_lock_file_of_any_size_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "spack.lock"
    with path.open("wb") as stream:
        stream.truncate(MAX_LOCK + 1)
    with pytest.raises(WrongUse, match="more than 128 MiB"):
        read_environment(path)
