"""Filters of mirrors: a real Spack takes what we would take, and no more."""

import json
from pathlib import Path

import pytest
from real_spack import RealSpack

from core.cancel import CancelToken
from core.model.graph import SpecGraph
from core.session import Session
from core.settings import Settings

pytestmark = [pytest.mark.interop, pytest.mark.newest_spack]

BEACON = "kvgootxj37ndcc7lz5imsiscnleu24gw"
FILTERS: list[dict[str, list[str]]] = [
    {},
    {"exclude_binary": ["libtide"]},
    {"include_binary": ["beacon@1.3:"]},
    {"include_binary": ["%gcc"]},
    {"include_binary": ["%gcc@12"], "exclude_binary": ["^libtide@1.4"]},
    {"exclude_binary": ["target=x86_64_v3", "wreck"]},
    {"include_binary": ["^libharbor", "kelp", "/puk55bh"]},
    {"exclude_binary": ["dev_path=*", "^libtide~simd"]},
    {"include_binary": ["^wave-api"]},
    {"exclude_binary": ["harbor.reef", "os=debian12"]},
    {"include_binary": ["^glibc@2.36"], "exclude_binary": ["platform=darwin"]},
]

ASKED = """
import json, sys
import spack.binary_distribution, spack.mirrors.mirror
filters = json.load(open(sys.argv[1]))
specs = spack.binary_distribution.update_cache_and_get_specs()
for one in filters:
    mirror = spack.mirrors.mirror.Mirror({"url": "https://x.example", **one})
    taken = sorted(s.dag_hash() for s in specs if mirror.matches_binary(s, direction="fetch"))
    print(json.dumps(taken))
"""


def ours(tmp_path: Path, mirror: Path, filters: dict[str, list[str]]) -> list[str]:
    """The builds that we offer."""
    place = tmp_path / "ours"
    place.mkdir(exist_ok=True)
    settings = Settings(*(place / name for name in ("store", "config", "cache", "state")))
    settings.config_dir.mkdir(exist_ok=True)
    entry = {"url": str(mirror), "signed": False, **filters}
    (settings.config_dir / "mirrors.yaml").write_text(json.dumps({"mirrors": {"m": entry}}))
    session = Session(settings)
    session.refresh("m", cancel=CancelToken(), progress=lambda *_: None)
    return sorted(view.hash for view in session.search("", all_targets=True) if view.mirrors)


def configured(spack: RealSpack, mirror: Path, **filters: list[str]) -> None:
    spack.use(mirror)
    entry = {"url": f"file://{mirror.resolve()}", "signed": False, **filters}
    path = spack.place / "scope" / "mirrors.yaml"
    path.write_text(json.dumps({"mirrors": {"harbor": entry}}))


def knowing(spack: RealSpack, golden: Path, graph: SpecGraph) -> None:
    """With recipes of all that the golden mirror has, and of what that needs."""
    found = json.loads((golden / "dev" / "find.json").read_text())
    spack.know({(spec["namespace"], spec["name"]) for spec in found})
    spack.know((spec.namespace, spec.name) for spec in graph.nodes.values())


def test_the_same_builds_are_taken(
    spack: RealSpack, golden: Path, graph: SpecGraph, tmp_path: Path
) -> None:
    mirror = golden / "dev" / "mirror-signed"
    knowing(spack, golden, graph)
    configured(spack, mirror)
    question = tmp_path / "filters.json"
    question.write_text(json.dumps(FILTERS))
    done = spack.run("python", spack.script(ASKED), str(question))
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert len(answers) == len(FILTERS)
    assert len({len(answer) for answer in answers}) > len(FILTERS) // 2
    # Of what is in the index, Spack also asks about what nobody has pushed.
    everything = set(ours(tmp_path, mirror, {}))
    theirs = [sorted(everything.intersection(answer)) for answer in answers]
    assert [ours(tmp_path, mirror, filters) for filters in FILTERS] == theirs


def test_what_is_hidden_is_not_installed(spack: RealSpack, golden: Path, graph: SpecGraph) -> None:
    mirror = golden / "dev" / "mirror-signed"
    knowing(spack, golden, graph)
    arguments = ("install", "--cache-only", "--no-check-signature", f"/{BEACON}")
    configured(spack, mirror, exclude_binary=["libharbor"])
    assert spack.run(*arguments, check=False).returncode != 0
    found = json.loads(spack.run("find", "--json").stdout)
    assert not {"libharbor", "beacon"} & {spec["name"] for spec in found}
    configured(spack, mirror, exclude_binary=["reef"])
    spack.run(*arguments)
