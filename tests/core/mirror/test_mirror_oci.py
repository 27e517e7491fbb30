"""A build cache in a registry: what a registry recorded, replayed, and spoilt."""

import hashlib
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from core.catalog.build import build_catalog
from core.catalog.reader import Catalog, CatalogRow
from core.errors import MirrorError, NotFound, Refused, SpackbinError, WrongUse
from core.mirror.client import MirrorClient, open_mirror, probe
from core.model.artifact import VerifiedManifest
from core.model.documents import json_object
from core.model.ident import MirrorName
from core.model.images import LAYER_TYPES, build_records, read_image
from core.model.mirror import Mirror
from core.model.spec import ConcreteSpec, spec_from_node
from core.trust.policy import ACCEPT_UNSIGNED_BINARIES
from core.trust.verify import Verifier
from tests.core.catalog.golden_index import index_of, records_of
from tests.core.mirror.reading import fetch_archive, nothing
from tests.servers.recorded import NAME, Recorded, Recording
from tests.servers.scripted import Answer, ScriptedServer, serve_script

KELP = "kelp-2024.1-6sbfuoppgn7dvzn6eqvmrevoymxdwvxs"
OTHER = "gcc-runtime-12.2.0-hjeguookntebn3sncw3xmannbfpymnwg"


@pytest.fixture
def recording(golden: Path) -> Recording:
    return Recording(golden)


@pytest.fixture
def server(recording: Recording) -> Generator[ScriptedServer]:
    with serve_script(recording.replay) as served:
        yield served


@pytest.fixture
def client(server: ScriptedServer) -> Generator[MirrorClient]:
    opened = open_mirror(mirror_at(server))
    yield opened
    opened.close()


def mirror_at(server: ScriptedServer, name: str = NAME, *, signed: bool = False) -> Mirror:
    return Mirror(MirrorName("registry"), f"oci+http://{server.place}/{name}", signed)


def spec_of(golden: Path, stem: str) -> ConcreteSpec:
    hash_ = stem.rpartition("-")[2]
    for mirror in ("mirror-signed", "mirror-unsigned"):
        record = records_of(golden, mirror).get(hash_)
        if record:
            return spec_from_node(record["spec"], hash_)
    raise AssertionError(stem)


def verifier(client: MirrorClient, tmp_path: Path) -> Verifier:
    return Verifier(client.mirror, (), ACCEPT_UNSIGNED_BINARIES, tmp_path / "keyrings")


def put(recording: Recording, kind: str, name: str, body: bytes, status: int = 200) -> None:
    path = f"/v2/{NAME}/{kind}/{name}"
    recording.answers[path] = Recorded(path, Answer(status, body), "")


def change(recording: Recording, tag: str, **fields: Any) -> None:
    """Change fields of a manifest."""
    old = recording.answers[f"/v2/{NAME}/manifests/{tag}"].answer.body
    put(recording, "manifests", tag, json.dumps({**json.loads(old), **fields}).encode())


def image(recording: Recording, tag: str) -> dict[str, Any]:
    return json.loads(recording.answers[f"/v2/{NAME}/manifests/{tag}"].answer.body)


def rows_of(index: Path, tmp_path: Path, name: str) -> dict[str, CatalogRow]:
    catalog = tmp_path / f"{name}.sqlite"
    build_catalog(index, catalog, checksum="")
    opened = Catalog({MirrorName("same"): catalog})
    rows = {row.hash: row for row in opened.rows(only_builds=False)}
    opened.close()
    return {str(hash_): row for hash_, row in rows.items()}


def test_probing(server: ScriptedServer) -> None:
    layout = probe(mirror_at(server).url)
    assert layout.name == "oci"
    assert server.paths() == [f"/v2/{NAME}/manifests/index.spack"]


def test_the_index_is_the_one_that_spack_wrote(
    client: MirrorClient, recording: Recording, golden: Path, tmp_path: Path
) -> None:
    record = client.index_record()
    assert record.is_binding
    digest = client.fetch_index(record, tmp_path / "index", progress=nothing)
    assert digest == record.sha256
    ours = rows_of(tmp_path / "index", tmp_path, "ours")
    pushed = {tag.removesuffix(".spack").rpartition("-")[2] for tag, _ in recording.manifests()}
    assert {hash_ for hash_, row in ours.items() if row.mirrors} == pushed - {"index"}
    theirs = rows_of(index_of(golden, "mirror-unsigned"), tmp_path, "unsigned")
    theirs |= rows_of(index_of(golden), tmp_path, "signed")
    # The same builds look the same, whichever way the catalog came.
    assert {hash_: theirs[hash_] for hash_ in ours} == ours


def test_every_image_is_the_build_of_its_tag(
    client: MirrorClient, recording: Recording, golden: Path, tmp_path: Path
) -> None:
    trust = verifier(client, tmp_path)
    checked = 0
    for tag, _ in recording.manifests():
        if tag == "index.spack":
            continue
        spec = spec_of(golden, tag.removesuffix(".spack"))
        manifest = trust.manifest(client.manifest(spec))
        assert manifest.signature is None
        document = client.spec_document(manifest)
        fetched = fetch_archive(client, manifest, document, tmp_path)
        artifact = trust.artifact(fetched)
        assert (artifact.spec.name, artifact.spec.hash) == (spec.name, spec.hash)
        sizes = json_object(document)
        assert sizes["archive_size"] == fetched.archive_size
        checked += 1
    assert checked == 9


def test_nothing_more_is_asked_for_than_needed(
    client: MirrorClient, server: ScriptedServer, golden: Path, tmp_path: Path
) -> None:
    server.asked.clear()
    fetched_kelp(client, golden, tmp_path)
    kinds = [path.removeprefix(f"/v2/{NAME}/").partition("/")[0] for path in server.paths()]
    assert kinds == ["manifests", "blobs", "blobs"]


def fetched_kelp(client: MirrorClient, golden: Path, tmp_path: Path) -> VerifiedManifest:
    trust = verifier(client, tmp_path)
    manifest = trust.manifest(client.manifest(spec_of(golden, KELP)))
    document = client.spec_document(manifest)
    trust.spec_document(manifest, document)
    downloads = tmp_path / "downloads"
    trust.artifact(fetch_archive(client, manifest, document, downloads))
    return manifest


def kelp_refused(client: MirrorClient, golden: Path, tmp_path: Path) -> SpackbinError:
    with pytest.raises(SpackbinError) as caught:
        fetched_kelp(client, golden, tmp_path)
    return caught.value


def test_a_registry_has_no_keys(client: MirrorClient) -> None:
    assert client.key_texts() == ()


def test_a_registry_cannot_be_signed(server: ScriptedServer) -> None:
    with pytest.raises(Refused, match="registries carry no signatures") as caught:
        open_mirror(mirror_at(server, signed=True))
    assert "--unsigned" in caught.value.hint
    assert server.asked == []


def test_a_login_in_the_url_is_refused() -> None:
    with pytest.raises(WrongUse, match="user name or password") as caught:
        probe("oci://user:hunter2@ghcr.io/a/b")
    assert "hunter2" not in str(caught.value)


def test_a_repository_that_is_not_there(server: ScriptedServer) -> None:
    with pytest.raises(MirrorError) as caught:
        open_mirror(mirror_at(server, "harbor/nowhere"))
    place = f"oci+http://{server.place}/harbor/nowhere"
    assert caught.value.title == f"There is no Spack build cache at {place}"


@pytest.mark.parametrize("tags", [b'{"tags": null}', b'{"tags": ["latest", 5]}'])
def test_a_repository_of_other_images(
    server: ScriptedServer, recording: Recording, tags: bytes
) -> None:
    put(recording, "manifests", "index.spack", b"{}", 404)
    put(recording, "tags", "list", tags)
    with pytest.raises(MirrorError, match="There is no Spack build cache"):
        open_mirror(mirror_at(server))


def test_a_build_cache_without_an_index(server: ScriptedServer, recording: Recording) -> None:
    put(recording, "manifests", "index.spack", b"{}", 404)
    opened = open_mirror(mirror_at(server))
    with pytest.raises(MirrorError, match="Mirror registry has no index") as caught:
        opened.index_record()
    assert "spack buildcache update-index" in caught.value.hint
    opened.close()


def test_an_image_that_is_missing(
    client: MirrorClient, recording: Recording, golden: Path, tmp_path: Path
) -> None:
    put(recording, "manifests", f"{KELP}.spack", b"{}", 404)
    error = kelp_refused(client, golden, tmp_path)
    assert isinstance(error, NotFound)
    assert error.title == "Mirror registry lists kelp@2024.1/6sbfuop and does not have it"


@pytest.mark.parametrize("number", [0, 1])
def test_a_blob_that_is_missing(
    client: MirrorClient, recording: Recording, golden: Path, tmp_path: Path, number: int
) -> None:
    put(recording, "blobs", digests(recording)[number], b"{}", 404)
    assert isinstance(kelp_refused(client, golden, tmp_path), NotFound)


def digests(recording: Recording) -> tuple[str, str]:
    """Archive and spec document of kelp."""
    archive, config = build_records(json.dumps(image(recording, f"{KELP}.spack")).encode())
    return f"sha256:{archive.sha256}", f"sha256:{config.sha256}"


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("spoil", ["change", "cut", "lengthen"])
def test_a_blob_that_was_spoilt(
    client: MirrorClient,
    recording: Recording,
    golden: Path,
    tmp_path: Path,
    number: int,
    spoil: str,
) -> None:
    digest = digests(recording)[number]
    good = recording.answers[f"/v2/{NAME}/blobs/{digest}"].answer.body
    changed = {"change": bytes([good[0] ^ 1]) + good[1:], "cut": good[:-1], "lengthen": good + b" "}
    put(recording, "blobs", digest, changed[spoil])
    error = kelp_refused(client, golden, tmp_path)
    assert isinstance(error, Refused)
    assert "manifest says" in error.title


def test_another_build_under_the_tag(
    client: MirrorClient, recording: Recording, golden: Path, tmp_path: Path
) -> None:
    change(recording, f"{KELP}.spack", **image(recording, f"{OTHER}.spack"))
    error = kelp_refused(client, golden, tmp_path)
    assert isinstance(error, Refused)
    assert "is for gcc-runtime@12.2.0" in error.title


def test_another_archive_in_the_image(
    client: MirrorClient, recording: Recording, golden: Path, tmp_path: Path
) -> None:
    change(recording, f"{KELP}.spack", layers=image(recording, f"{OTHER}.spack")["layers"])
    error = kelp_refused(client, golden, tmp_path)
    assert isinstance(error, Refused)
    assert "its binary_cache_checksum is not that of the last layer" in error.title


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"binary_cache_checksum": None}, "its binary_cache_checksum is not an object"),
        ({"binary_cache_checksum": {"hash_algorithm": "md5", "hash": "0"}}, "another kind"),
        ({"buildcache_layout_version": 4}, "needs a newer spackbin"),
        ({"spec": {"_meta": {"version": 6}, "nodes": []}}, "needs a newer spackbin"),
    ],
)
def test_configs_that_cannot_be_used(
    client: MirrorClient,
    recording: Recording,
    golden: Path,
    tmp_path: Path,
    fields: dict[str, Any],
    problem: str,
) -> None:
    old = recording.answers[f"/v2/{NAME}/blobs/{digests(recording)[1]}"].answer.body
    config = json.dumps({**json.loads(old), **fields}).encode()
    digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
    put(recording, "blobs", digest, config)
    kind = "application/vnd.oci.image.config.v1+json"
    record = {"mediaType": kind, "digest": digest, "size": len(config)}
    change(recording, f"{KELP}.spack", config=record)
    error = kelp_refused(client, golden, tmp_path)
    assert isinstance(error, Refused)
    assert problem in error.title


def layer(**fields: Any) -> dict[str, Any]:
    good = {"mediaType": LAYER_TYPES[0], "digest": "sha256:" + "0" * 64, "size": 10}
    return {**good, **fields}


BAD_IMAGES: list[tuple[dict[str, Any], str]] = [
    ({"mediaType": "application/vnd.oci.image.index.v1+json"}, "instead of a single image"),
    ({"mediaType": ["x"]}, "instead of a single image"),
    ({"manifests": []}, "instead of a single image"),
    ({"schemaVersion": 1}, "its schemaVersion is 1 instead of 2"),
    ({"layers": []}, "it has 0 layers"),
    ({"layers": None}, "its list of layers is not a list"),
    ({"layers": ["x"]}, "a layer is not an object"),
    ({"layers": [layer()] * 10_001}, "it has 10,001 layers"),
    ({"layers": [layer(mediaType="text/html")]}, "its last layer is of the kind 'text/html'"),
    ({"layers": [layer(mediaType=5)]}, "a mediaType is not text"),
    ({"layers": [layer(digest="sha512:" + "0" * 128)]}, "instead of sha256"),
    ({"layers": [layer(digest="sha256:../../etc/passwd")]}, "is not a SHA-256 digest"),
    ({"layers": [layer(digest=None)]}, "a digest is None"),
    ({"layers": [layer(size=-1)]}, "a size is -1 instead of a positive number"),
    ({"layers": [layer(size=True)]}, "a size is True instead of a positive number"),
    ({"layers": [layer(size=1 << 50)]}, "its archive has"),
    ({"config": layer(size=1 << 30)}, "its spec document has"),
    ({"config": None}, "its config is not an object"),
]


@pytest.mark.parametrize(("fields", "problem"), BAD_IMAGES)
def test_images_that_cannot_be_used(
    client: MirrorClient,
    recording: Recording,
    golden: Path,
    tmp_path: Path,
    fields: dict[str, Any],
    problem: str,
) -> None:
    change(recording, f"{KELP}.spack", **fields)
    error = kelp_refused(client, golden, tmp_path)
    assert isinstance(error, Refused)
    assert problem in error.title
    assert not (tmp_path / "downloads").exists()


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"", b'{"layers": [], "layers": []}'])
def test_manifests_that_are_none(
    client: MirrorClient, recording: Recording, golden: Path, tmp_path: Path, body: bytes
) -> None:
    put(recording, "manifests", f"{KELP}.spack", body)
    assert isinstance(kelp_refused(client, golden, tmp_path), Refused)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"layers": [layer(), layer()]}, "it has 2 layers instead of one"),
        ({"layers": [layer(size=1 << 40)]}, "too many to be true"),
        ({"mediaType": "text/html"}, "instead of a single image"),
    ],
)
def test_indices_that_cannot_be_used(
    server: ScriptedServer, recording: Recording, fields: dict[str, Any], problem: str
) -> None:
    change(recording, "index.spack", **fields)
    with pytest.raises(MirrorError) as caught:
        open_mirror(mirror_at(server))
    assert caught.value.title.startswith("The manifest of the index cannot be used: ")
    assert problem in caught.value.title


def test_an_index_that_was_spoilt(
    client: MirrorClient, recording: Recording, tmp_path: Path
) -> None:
    record = client.index_record()
    put(recording, "blobs", f"sha256:{record.sha256}", b"x" * (record.size or 0))
    with pytest.raises(MirrorError, match="is not what its manifest says"):
        client.fetch_index(record, tmp_path / "index", progress=nothing)
    assert list(tmp_path.glob("*index*")) == []


def test_images_in_dockers_form() -> None:
    document = {
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "schemaVersion": 2,
        "config": layer(mediaType="application/vnd.docker.container.image.v1+json"),
        "layers": [layer(mediaType=LAYER_TYPES[1])],
    }
    assert build_records(json.dumps(document).encode())[0].media_type == LAYER_TYPES[1]
    del document["mediaType"]
    assert len(read_image(json.dumps(document).encode()).layers) == 1
