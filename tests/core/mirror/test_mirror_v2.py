"""Mirrors of Spack 0.18 to 0.23: where things are, and what is made of what is missing."""

import hashlib
import json
from collections.abc import Generator
from pathlib import Path
from urllib.parse import unquote

import pytest
from msgspec.structs import replace

from core.errors import MirrorError, NotFound, Refused
from core.mirror.client import MirrorClient, open_mirror, probe
from core.mirror.config import Mirror
from core.mirror.v2 import LayoutV2
from core.model.artifact import ManifestForm, VerifiedManifest
from core.model.ident import MirrorName, VersionText
from core.net.files import FileTransport
from core.trust.policy import ACCEPT_UNSIGNED_BINARIES
from core.trust.verify import Verifier
from tests.core.mirror.reading import fetch_archive, files_below, nothing
from tests.simulator.fixtures import Serve
from tests.simulator.indexes import listed_builds
from tests.simulator.keys import SigningKey
from tests.simulator.mirror import simulated_mirror
from tests.simulator.old_mirror import OldMirror, old_mirror


@pytest.fixture
def old(tmp_path: Path, signing_key: SigningKey) -> OldMirror:
    return old_mirror(tmp_path / "mirror", signing_key)


@pytest.fixture
def client(old: OldMirror) -> Generator[MirrorClient]:
    opened = open_mirror(old.mirror())
    yield opened
    opened.close()


def believed(old: OldMirror, client: MirrorClient, name: str) -> VerifiedManifest:
    """The manifest of a build, its signature left aside: this is about transport."""
    mirror = replace(client.mirror, signed=False)
    verifier = Verifier(mirror, (), ACCEPT_UNSIGNED_BINARIES, old.root.parent / "keyrings")
    return verifier.manifest(client.manifest(old.spec(name)))


@pytest.mark.parametrize("by_http", [False, True])
@pytest.mark.parametrize(("version", "count"), [("v0.23.1", 16), ("v0.18.1", 14)])
def test_what_spack_wrote_is_read(
    version: str, count: int, by_http: bool, golden: Path, tmp_path: Path, serving: Serve
) -> None:
    root = golden / version / "mirror-signed"
    client = open_mirror(Mirror(MirrorName("h"), serving(root).url if by_http else root.as_uri()))
    assert client.layout == "v2"
    specs = listed_builds(client, tmp_path)
    assert len(specs) == count == len(list(root.glob("build_cache/*.sig")))
    for spec in specs:
        raw = client.manifest(spec)
        (path,) = (root / "build_cache").glob(f"*{spec.hash}*")
        assert (raw.data, raw.form) == (path.read_bytes(), ManifestForm.SPEC)
        assert raw.url.endswith(path.name)
    (key,) = client.key_texts()
    assert key == (golden / version / "keys/harbor-release.pub").read_bytes()
    record = client.index_record()
    assert record.size is None
    assert client.fetch_index(record, tmp_path / "index", progress=nothing) == record.sha256
    assert hashlib.sha256((tmp_path / "index").read_bytes()).hexdigest() == record.sha256
    client.close()


def test_the_newer_layout_is_preferred(old: OldMirror, signing_key: SigningKey) -> None:
    simulated_mirror(old.root, key=signing_key)
    assert probe(old.mirror().url).name == "v3"


def test_any_of_its_parts_is_enough(old: OldMirror, serving: Serve) -> None:
    url = serving(old.root).url
    assert probe(url).name == "v2"
    (old.cache / "index.json").unlink()
    assert probe(url).name == "v2"
    (old.cache / "_pgp/index.json").unlink()
    assert probe(old.mirror().url).name == "v2"


# The index


@pytest.mark.parametrize("noted", [None, b"", b"not found", b"F" * 64, "0" * 63, " " * 2_000_000])
def test_an_index_without_a_good_hash_file(
    noted: bytes | str | None, old: OldMirror, client: MirrorClient, tmp_path: Path
) -> None:
    good = client.index_record().sha256
    path = old.cache / "index.json.hash"
    path.unlink()
    if noted is not None:
        path.write_bytes(noted if isinstance(noted, bytes) else noted.encode())
    record = client.index_record()
    assert record.sha256 is None
    assert client.fetch_index(record, tmp_path / "index", progress=nothing) == good


def test_a_wrong_hash_file_is_no_error(
    old: OldMirror, client: MirrorClient, tmp_path: Path
) -> None:
    good = client.index_record().sha256
    (old.cache / "index.json.hash").write_text("0" * 64 + "\n")
    record = client.index_record()
    assert record.sha256 == "0" * 64
    assert client.fetch_index(record, tmp_path / "index", progress=nothing) == good


def test_a_mirror_without_an_index(old: OldMirror, client: MirrorClient, tmp_path: Path) -> None:
    (old.cache / "index.json").unlink()
    with pytest.raises(MirrorError, match="Mirror simulated has no index"):
        client.fetch_index(client.index_record(), tmp_path / "index", progress=nothing)
    assert not (tmp_path / "index").exists()


# Manifests and archives


def test_an_unsigned_manifest_is_found(tmp_path: Path) -> None:
    old = old_mirror(tmp_path / "mirror")
    client = open_mirror(old.mirror())
    assert client.manifest(old.spec("boat")).url.endswith(".spec.json")
    client.close()


def test_the_signed_manifest_is_preferred(old: OldMirror, client: MirrorClient) -> None:
    old.manifest_path("boat").with_suffix("").write_bytes(b"{}")
    assert client.manifest(old.spec("boat")).url.endswith(".spec.json.sig")


def test_a_listed_build_that_is_not_there(old: OldMirror, client: MirrorClient) -> None:
    old.manifest_path("boat").unlink()
    with pytest.raises(NotFound) as caught:
        client.manifest(old.spec("boat"))
    label = client_label(old)
    assert caught.value.title == f"Mirror simulated lists {label} and does not have it"
    assert f"{old.stem('boat')}.spec.json.sig" in caught.value.detail


def client_label(old: OldMirror) -> str:
    return f"boat@3.0/{old.builds['boat'].hash[:7]}"


def test_the_archive_arrives(old: OldMirror, client: MirrorClient, tmp_path: Path) -> None:
    manifest = believed(old, client, "boat")
    document = client.spec_document(manifest)
    assert json.loads(document) == old.fields("boat")
    steps: list[tuple[int, int]] = []
    fetched = fetch_archive(
        client, manifest, document, tmp_path / "to", progress=lambda *step: steps.append(step)
    )
    assert fetched.archive.read_bytes() == old.archive_path("boat").read_bytes()
    assert fetched.archive_sha256 == manifest.archive.sha256
    assert steps[-1] == (fetched.archive_size, 0)


def test_a_missing_archive_is_named(old: OldMirror, client: MirrorClient, tmp_path: Path) -> None:
    manifest = believed(old, client, "boat")
    old.archive_path("boat").unlink()
    with pytest.raises(NotFound, match="and does not have its archive"):
        fetch_archive(client, manifest, b"", tmp_path / "to")
    assert files_below(tmp_path / "to") == []


def test_an_endless_archive_is_cut_short(
    old: OldMirror, client: MirrorClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.mirror.client.LARGEST_ARCHIVE", 100)
    manifest = believed(old, client, "boat")
    with pytest.raises(Refused, match="too long to be true"):
        fetch_archive(client, manifest, b"", tmp_path / "to")
    assert files_below(tmp_path / "to") == []


# Names


def test_names_as_spack_before_0_21_wrote_them(
    old: OldMirror, client: MirrorClient, tmp_path: Path
) -> None:
    spec = replace(old.spec("boat"), version=VersionText("git.abc=3.0"))
    (stem, before), (directory, old_directory) = (
        (text, text.replace("git.abc_3.0", "git.abc=3.0"))
        for text in (
            old.stem("boat").replace("3.0", "git.abc_3.0"),
            "linux-debian12-x86_64/gcc-12.2.0/boat-git.abc_3.0",
        )
    )
    manifest = old.raw_manifest("boat").data
    for name, place in ((before, old_directory), (stem, directory)):
        (old.cache / f"{name}.spec.json.sig").write_bytes(manifest)
        assert unquote(client.manifest(spec).url).endswith(f"/{name}.spec.json.sig")
        archive = old.cache / place / f"{name}.spack"
        archive.parent.mkdir(parents=True)
        archive.write_bytes(place.encode())
        verified = replace(believed(old, client, "boat"), asked=spec)
        fetched = fetch_archive(client, verified, b"", tmp_path / "to")
        assert fetched.archive.read_text() == place


def test_a_package_without_compiler(old: OldMirror, tmp_path: Path) -> None:
    manifest = replace(
        believed(old, open_mirror(old.mirror()), "boat"),
        asked=replace(old.spec("boat"), compiler=""),
    )
    url = LayoutV2(old.mirror().url).archive_place(FileTransport(), manifest).url
    stem = old.stem("boat").replace("gcc-12.2.0", "none-none")
    place = "linux-debian12-x86_64/none-none/boat-3.0"
    assert url == f"{old.mirror().url}/build_cache/{place}/{stem}.spack"


def test_an_index_does_not_lead_out_of_the_mirror(old: OldMirror, tmp_path: Path) -> None:
    manifest = replace(
        believed(old, open_mirror(old.mirror()), "boat"),
        asked=replace(old.spec("boat"), os="x/../../..", compiler="a/../..@b"),
    )
    url = LayoutV2(old.mirror().url).archive_place(FileTransport(), manifest).url
    assert "/../" not in url


# Keys


def test_no_keys_on_offer(tmp_path: Path) -> None:
    client = open_mirror(old_mirror(tmp_path / "mirror").mirror())
    assert client.key_texts() == ()
    client.close()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b'{"keys": {"../../../etc/passwd": {}}}', "is not a full key fingerprint"),
        (b"<html></html>", "it is a web page, not JSON"),
        (b'{"keys": []}', "its field keys is not an object"),
    ],
)
def test_a_key_index_that_makes_no_sense(
    text: bytes, why: str, old: OldMirror, client: MirrorClient
) -> None:
    (old.cache / "_pgp/index.json").write_bytes(text)
    with pytest.raises(MirrorError, match=why):
        client.key_texts()


def test_too_many_keys(old: OldMirror, client: MirrorClient) -> None:
    old.offer({f"{number:040X}": b"key" for number in range(51)})
    with pytest.raises(MirrorError, match="it offers 51 keys, and more than 50 are not looked at"):
        client.key_texts()
