"""The mirror that Spack made, read as a directory, by file:// and by http://."""

import hashlib
import json
from pathlib import Path

import pytest

from core.mirror.client import MirrorClient, open_mirror, probe
from core.mirror.config import Mirror, normalise_url
from core.mirror.v3 import LayoutV3
from core.model.artifact import Wanted
from core.model.ident import DagHash, MirrorName, PackageName, VersionText
from core.net.files import path_of
from tests.simulator.fixtures import Serve


def wanted_of(manifest: Path) -> Wanted:
    stem = manifest.name.removesuffix(".spec.manifest.json")
    rest, _, hash_ = stem.rpartition("-")
    name = manifest.parent.name
    return Wanted(PackageName(name), VersionText(rest[len(name) + 1 :]), DagHash(hash_))


@pytest.fixture(params=["path", "file", "http"])
def client(request: pytest.FixtureRequest, golden: Path, serving: Serve):
    root = golden / "dev/mirror-signed"
    url = {
        "path": lambda: normalise_url("mirror-signed", golden / "dev"),
        "file": lambda: root.as_uri(),
        "http": lambda: serving(root).url,
    }[request.param]()
    opened = open_mirror(Mirror(MirrorName("harbor"), url))
    yield opened
    opened.close()


def test_everything_is_read_alike(client: MirrorClient, golden: Path, tmp_path: Path) -> None:
    root = golden / "dev/mirror-signed"
    assert client.layout == "v3"
    manifests = sorted((root / "v3/manifests/spec").glob("*/*"))
    assert len(manifests) == 16
    for path in manifests:
        raw = client.manifest(wanted_of(path))
        assert raw.data == path.read_bytes()
        assert raw.mirror == "harbor"
        assert raw.url.endswith(path.name)
    (key,) = client.key_texts()
    assert key == (golden / "dev/keys/harbor-release.pub").read_bytes()
    record = client.index_record()
    steps: list[tuple[int, int]] = []
    client.fetch_index(
        record, tmp_path / "index", progress=lambda done, total: steps.append((done, total))
    )
    assert hashlib.sha256((tmp_path / "index").read_bytes()).hexdigest() == record.sha256
    assert steps[-1] == (record.size, record.size) == (22740, 22740)


def test_every_listed_build_has_its_manifest(golden: Path) -> None:
    root = golden / "dev/mirror-signed"
    layout = LayoutV3(root.as_uri())
    client = open_mirror(Mirror(MirrorName("harbor"), root.as_uri()))
    index = json.loads(path_of(layout.blob_url(client.index_record())).read_bytes())
    for hash_, record in index["database"]["installs"].items():
        node = record["spec"]
        wanted = Wanted(node["name"], node["version"], hash_)
        assert path_of(layout.manifest_url(wanted)).exists() == record["in_buildcache"]


@pytest.mark.parametrize("name", ["mirror-unsigned", "mirror-prbot", "mirror-short"])
def test_the_other_mirrors_are_recognised(name: str, golden: Path) -> None:
    assert probe((golden / "dev" / name).as_uri()).name == "v3"


@pytest.mark.parametrize(
    ("version", "file"),
    [
        ("1.14.6", "p-1.14.6-"),
        ("1.2+cuda", "p-1.2%2Bcuda-"),
        ("git.abc=1.2", "p-git.abc_1.2-"),
        ("git.feature/x=1.2", "p-git.feature_x_1.2-"),
    ],
)
def test_names_are_sanitised_as_spack_does(version: str, file: str) -> None:
    wanted = Wanted(PackageName("p"), VersionText(version), DagHash("a" * 32))
    assert LayoutV3("http://h/m").manifest_url(wanted) == (
        f"http://h/m/v3/manifests/spec/p/{file}{'a' * 32}.spec.manifest.json"
    )
