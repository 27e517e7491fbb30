"""The mirror that Spack made, read as a directory, by file:// and by http://."""

import hashlib
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.mirror.client import MirrorClient, open_mirror, probe
from core.mirror.config import Mirror, normalise_url
from core.mirror.v3 import LayoutV3
from core.model.artifact import ManifestForm
from core.model.ident import MirrorName, VersionText
from core.model.spec import spec_from_node
from core.net.files import path_of
from tests.simulator.fixtures import Serve
from tests.simulator.indexes import listed_builds

NODE: dict[str, object] = {
    "name": "p",
    "version": "1",
    "arch": {"platform": "linux", "platform_os": "debian12", "target": "x86_64"},
    "compiler": {"name": "gcc", "version": "12.2.0"},
    "hash": "a" * 32,
}


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
    specs = listed_builds(client, tmp_path)
    assert len(specs) == 16
    for spec in specs:
        raw = client.manifest(spec)
        (path,) = (root / "v3/manifests/spec" / spec.name).glob(f"*{spec.hash}*")
        assert raw.data == path.read_bytes()
        assert raw.mirror == "harbor"
        assert raw.form is ManifestForm.BLOBS
        assert raw.url.endswith(path.name)
    (key,) = client.key_texts()
    assert key == (golden / "dev/keys/harbor-release.pub").read_bytes()
    record = client.index_record()
    steps: list[tuple[int, int]] = []
    digest = client.fetch_index(
        record, tmp_path / "index", progress=lambda done, total: steps.append((done, total))
    )
    assert hashlib.sha256((tmp_path / "index").read_bytes()).hexdigest() == record.sha256 == digest
    assert steps[-1] == (record.size, record.size) == (22740, 22740)


def test_only_listed_builds_have_a_manifest(golden: Path) -> None:
    root = golden / "dev/mirror-signed"
    layout = LayoutV3(root.as_uri())
    client = open_mirror(Mirror(MirrorName("harbor"), root.as_uri()))
    index = json.loads(path_of(client.index_record().url).read_bytes())
    for hash_, record in index["database"]["installs"].items():
        spec = spec_from_node(record["spec"], hash_)
        assert path_of(layout.manifest_url(spec)).exists() == record["in_buildcache"]


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
    spec = replace(spec_from_node(NODE), version=VersionText(version))
    assert LayoutV3("http://h/m").manifest_url(spec) == (
        f"http://h/m/v3/manifests/spec/p/{file}{'a' * 32}.spec.manifest.json"
    )
