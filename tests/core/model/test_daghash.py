"""DAG hashes are what Spack computed."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from core.model.daghash import HashCheck, check_hash, recomputed_hash
from core.model.ident import DagHash
from core.model.nodes import with_dag_hashes
from core.model.spec import BuildSpec, ConcreteSpec, spec_from_node
from tests.core.catalog.golden_index import VERSIONS, record, records_of
from tests.core.model.golden_specs import documents, nodes_of

GLIBC = (
    '{"name":"glibc","version":"2.36","arch":{"platform":"linux","platform_os":"debian12",'
    '"target":"x86_64"},"namespace":"builtin","parameters":{"build_system":"autotools",'
    '"cflags":[],"cppflags":[],"cxxflags":[],"fflags":[],"ldflags":[],"ldlibs":[]},'
    '"external":{"path":"/usr","module":null,"extra_attributes":{}},"package_hash":'
    '"pxyjrqgxk3l6z6lwpaval66zjjwjrfn3vptxdvhrgis6v3fs46na====",'
    '"annotations":{"original_specfile_version":5}}'
)


def checks(root: Path) -> Counter[HashCheck]:
    found: Counter[HashCheck] = Counter()
    for _, document in documents(root):
        found.update(check_hash(spec_from_node(node)) for node in nodes_of(document))
    return found


@pytest.fixture(scope="module")
def built(golden: Path) -> ConcreteSpec:
    """An ordinary node of the newest format."""
    nodes = (item["spec"] for item in records_of(golden).values())
    return next(spec_from_node(node) for node in nodes if node["name"] == "reef")


def changed(spec: ConcreteSpec, **change: object) -> HashCheck:
    return check_hash(spec_from_node({**spec.node, **change}))


def test_a_known_hash() -> None:
    hash_ = "qggmgd43aeio7nlqwjdua7qykkygiboj"
    spec = spec_from_node(json.loads(GLIBC), hash_)
    assert recomputed_hash(spec) == hash_
    assert check_hash(spec) is HashCheck.MATCHES


@pytest.mark.parametrize(("version", "at_least"), [("dev", 150), ("v1.1.0", 80), ("v0.23.1", 120)])
def test_every_golden_hash_is_reproduced(golden: Path, version: str, at_least: int) -> None:
    found = checks(golden / version)
    assert set(found) == {HashCheck.MATCHES}
    assert found.total() >= at_least


def test_0_18_left_out_what_it_had_hashed(golden: Path) -> None:
    """Its second environment lost the package hashes; every other hash is reproduced."""
    found: Counter[tuple[HashCheck, bool]] = Counter()
    for _, document in documents(golden / "v0.18.1"):
        for node in nodes_of(document):
            found[check_hash(spec_from_node(node)), "package_hash" in node] += 1
    assert found[HashCheck.MATCHES, True] > 40
    assert all(with_it or check is not HashCheck.DIFFERS for check, with_it in found)
    assert not any(with_it and check is not HashCheck.MATCHES for check, with_it in found)
    # With the package hash of the same recipe put back, it is the hash.
    nodes = [item["spec"] for item in records_of(golden, version="v0.18.1").values()]
    recipe = next(
        n["package_hash"] for n in nodes if n["name"] == "libtide" and "package_hash" in n
    )
    lost = [n for n in nodes if n["name"] == "libtide" and "package_hash" not in n]
    assert lost
    for node in lost:
        hash_ = node.pop("hash")
        whole = spec_from_node({**node, "package_hash": recipe, "hash": hash_})
        assert check_hash(whole) is HashCheck.MATCHES


@pytest.mark.parametrize("version", VERSIONS)
def test_whatever_is_changed_shows(golden: Path, version: str) -> None:
    for item in records_of(golden, version=version).values():
        node = item["spec"]
        if "package_hash" not in node or not isinstance(node["arch"]["target"], str):
            continue
        spec = spec_from_node(node)
        assert changed(spec, version="9.9.9") is HashCheck.DIFFERS
        assert changed(spec, parameters={**node["parameters"], "x": True}) is HashCheck.DIFFERS
        assert changed(spec, package_hash="a" * 52 + "====") is HashCheck.DIFFERS
        assert changed(spec, hash="a" * 32) is HashCheck.DIFFERS
        reordered: dict[str, Any] = dict(reversed(node.items()))
        assert check_hash(spec_from_node(reordered)) is HashCheck.DIFFERS


def test_what_a_newer_spack_wrote_again_is_not_called_false(built: ConcreteSpec) -> None:
    older = {"original_specfile_version": 4, "compiler": "gcc@=12.2.0"}
    assert changed(built, annotations=older) is HashCheck.NOT_REPRODUCIBLE
    arch: Any = built.node["arch"]
    named = {**arch, "target": {"name": arch["target"], "vendor": "AuthenticAMD"}}
    assert changed(built, arch=named) is HashCheck.NOT_REPRODUCIBLE
    without = {key: value for key, value in built.node.items() if key != "package_hash"}
    assert check_hash(spec_from_node(without)) is HashCheck.NOT_REPRODUCIBLE


def test_nodes_of_0_18_that_0_23_wrote_again(golden: Path) -> None:
    seen = 0
    for item in records_of(golden, version="v0.18.1").values():
        node: dict[str, Any] = item["spec"]
        if "package_hash" in node and "dependencies" in node:
            edges = [
                {
                    "name": edge["name"],
                    "hash": edge["hash"],
                    "parameters": {"deptypes": edge["type"], "virtuals": ["wave-api"]},
                }
                for edge in node["dependencies"]
            ]
            assert check_hash(spec_from_node({**node, "dependencies": edges})) is HashCheck.MATCHES
            seen += 1
    assert seen > 5


def test_the_end_of_a_spliced_hash_is_that_of_what_was_built(built: ConcreteSpec) -> None:
    build_spec = BuildSpec(built.name, DagHash("b" * 32))
    node = {**built.node, "build_spec": {"name": build_spec.name, "hash": build_spec.hash}}
    own = recomputed_hash(spec_from_node(node))
    assert own.endswith("b" * 7)
    assert own[:25] != built.hash[:25]
    spliced = spec_from_node({**node, "hash": own})
    assert spliced.build_spec == build_spec
    assert check_hash(spliced) is HashCheck.MATCHES
    assert changed(spliced, hash=own[:25] + "c" * 7) is HashCheck.DIFFERS
    assert changed(spliced, hash="a" + own[1:]) is HashCheck.DIFFERS
    assert check_hash(replace(spliced, build_spec=None)) is HashCheck.DIFFERS


OLD_LEAF = """{
  "name": "leaf",
  "version": "1",
  "arch": {
    "platform": "linux",
    "platform_os": "debian12",
    "target": "x86_64"
  }
}"""
OLD_TOP = """{
  "name": "top",
  "version": "1",
  "arch": {
    "platform": "linux",
    "platform_os": "debian12",
    "target": "x86_64"
  },
  "dependencies": [
    {
      "name": "leaf",
      "hash": "flhn5cuuo4wbdh4f4iby3pod4nuiduqn",
      "type": [
        "build",
        "link"
      ]
    }
  ]
}"""


def test_0_17_names_children_by_another_hash_and_leaves_tools_out() -> None:
    """The texts above are what 0.17 hashed; their SHA-1 is written down below."""
    leaf = {**json.loads(OLD_LEAF), "hash": "flhn5cuuo4wbdh4f4iby3pod4nuiduqn"}
    top = {**json.loads(OLD_TOP), "hash": "jouxilkuc7d7jvdhb3rv2bsaktahwldy"}
    edges = [
        {"name": "leaf", "build_hash": "x" * 32, "type": ["build", "link"]},
        {"name": "tool", "build_hash": "y" * 32, "type": ["build"]},
    ]
    written = [
        {**top, "dependencies": edges, "full_hash": "f" * 32, "build_hash": "z" * 32},
        {**leaf, "full_hash": "g" * 32, "build_hash": "x" * 32},
        {**leaf, "name": "tool", "hash": "h" * 32, "build_hash": "y" * 32},
    ]
    specs = [spec_from_node(node) for node in with_dag_hashes(written)]
    assert [edge.hash for edge in specs[0].dependencies] == [leaf["hash"], "h" * 32]
    assert check_hash(specs[0]) is HashCheck.MATCHES
    assert check_hash(specs[1]) is HashCheck.MATCHES


def test_a_made_up_record_has_no_true_hash() -> None:
    assert check_hash(spec_from_node(record("p1", 1)["spec"])) is HashCheck.NOT_REPRODUCIBLE
