"""What a client makes of mirrors that are not as they should be."""

import gzip
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.errors import MirrorError, NotFound, Refused
from core.mirror.client import MirrorClient, open_mirror, probe
from core.mirror.layout import IndexRecord
from core.model.ident import Sha256
from core.net.files import path_of
from tests.core.mirror.reading import believed, fetch_archive, nothing
from tests.simulator.fixtures import Serve
from tests.simulator.keys import SigningKey
from tests.simulator.mirror import SimulatedMirror, manifest_text, simulated_mirror
from tests.simulator.server import Fault

# Recognising a mirror


def test_a_mirror_is_recognised_by_any_of_three_documents(simulated: SimulatedMirror) -> None:
    documents = [
        simulated.root / "v3/layout.json",
        simulated.index_manifest,
        simulated.root / "v3/manifests/key/keys.manifest.json",
    ]
    for document in documents:
        assert probe(simulated.url).name == "v3"
        document.unlink()
    with pytest.raises(MirrorError, match="There is no Spack build cache at"):
        probe(simulated.url)


def test_where_nothing_is_that_is_said(tmp_path: Path, serving: Serve) -> None:
    with pytest.raises(MirrorError) as caught:
        probe((tmp_path / "nowhere at all").as_uri())
    assert caught.value.title == f"There is no directory {tmp_path}/nowhere at all"
    for url in (tmp_path.as_uri(), serving(tmp_path).url):
        with pytest.raises(MirrorError) as caught:
            probe(url)
        assert caught.value.title == f"There is no Spack build cache at {url}"
        assert "v3 and blobs" in caught.value.hint


def test_a_login_page_in_the_way_is_not_a_mirror(tmp_path: Path, serving: Serve) -> None:
    server = serving(tmp_path)
    server.fail("", Fault(body=b"<html>Please log in</html>"))
    with pytest.raises(MirrorError) as caught:
        probe(server.url)
    assert caught.value.title == "layout.json cannot be used: it is a web page, not JSON"


def test_a_mirror_that_is_away_is_said(simulated: SimulatedMirror, serving: Serve) -> None:
    server = serving(simulated.root)
    server.fail("", Fault(status=401))
    with pytest.raises(MirrorError, match="asks for a login"):
        open_mirror(simulated.mirror(url=server.url))


# The index


def test_a_view_is_read_in_place_of_the_whole_index(simulated: SimulatedMirror) -> None:
    whole = open_mirror(simulated.mirror()).index_record()
    view = simulated.index_manifest.parent / "teams" / "climate" / "index.manifest.json"
    view.parent.mkdir(parents=True)
    some = simulated.put("application/vnd.spack.db.v8+json", b'{"database": {}}')
    view.write_bytes(manifest_text([some]))
    client = open_mirror(replace(simulated.mirror(), view="teams/climate"))
    assert client.index_record().sha256 == some["checksum"] != whole.sha256
    other = open_mirror(replace(simulated.mirror(), view="teams/ocean"))
    with pytest.raises(MirrorError) as caught:
        other.index_record()
    assert caught.value.title.endswith("has no index named teams/ocean")
    assert caught.value.hint.endswith("update-index --name teams/ocean")


def test_a_mirror_without_an_index(simulated: SimulatedMirror, client: MirrorClient) -> None:
    simulated.index_manifest.unlink()
    with pytest.raises(MirrorError) as caught:
        client.index_record()
    assert caught.value.title == "Mirror simulated has no index"
    assert "spack buildcache update-index" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b'{"version": 3, "data": []}', "it names no index"),
        (b'{"version": 3, "data": [', "it is not complete JSON (line 1, column 25)"),
        (b'{"version": 3, "version": 3, "data": []}', "it has the same key twice in one object"),
        (b'{"version": NaN, "data": []}', "it holds NaN, which is not JSON"),
        (b"[" * 100_000, "it is nested too deep"),
        (b"<html></html>", "it is a web page, not JSON"),
        (gzip.compress(b" " * 3_000_000, mtime=0), "it unpacks to more than 1,048,576 bytes"),
    ],
)
def test_an_index_manifest_that_makes_no_sense(
    text: bytes, why: str, simulated: SimulatedMirror, client: MirrorClient
) -> None:
    simulated.index_manifest.write_bytes(text)
    with pytest.raises(MirrorError) as caught:
        client.index_record()
    assert caught.value.title == f"index.manifest.json cannot be used: {why}"


def test_an_index_of_a_newer_spack(simulated: SimulatedMirror, client: MirrorClient) -> None:
    simulated.write_index_text(b"{}", "application/vnd.spack.db.v9+json")
    with pytest.raises(MirrorError, match="its index has format 9, which needs a newer spackbin"):
        client.index_record()


def test_a_manifest_that_was_compressed_on_the_way(
    simulated: SimulatedMirror, client: MirrorClient
) -> None:
    good = client.index_record()
    simulated.index_manifest.write_bytes(gzip.compress(simulated.index_manifest.read_bytes()))
    assert client.index_record() == good


@pytest.mark.parametrize("spoil", ["damage", "truncate", "lengthen"])
def test_a_wrong_index_does_not_replace_the_good_one(
    spoil: str, simulated: SimulatedMirror, client: MirrorClient, tmp_path: Path
) -> None:
    record = client.index_record()
    place = tmp_path / "cache" / "index"
    client.fetch_index(record, place, progress=nothing)
    good = place.read_bytes()
    arguments = (100,) if spoil == "truncate" else ()
    getattr(simulated, spoil)(path_of(record.url), *arguments)
    with pytest.raises(MirrorError) as caught:
        client.fetch_index(record, place, progress=nothing)
    assert caught.value.title == "The index of mirror simulated is not what its manifest says"
    assert caught.value.retry
    assert place.read_bytes() == good
    assert [path.name for path in place.parent.iterdir()] == ["index"]


def test_a_missing_index_blob(simulated: SimulatedMirror, client: MirrorClient) -> None:
    record = client.index_record()
    path_of(record.url).unlink()
    with pytest.raises(NotFound):
        client.fetch_index(record, simulated.root.parent / "index", progress=nothing)


# Manifests and spec documents


def test_a_listed_build_that_is_not_there(simulated: SimulatedMirror, client: MirrorClient) -> None:
    wanted = simulated.wanted("boat")
    simulated.manifest_path("boat").unlink()
    with pytest.raises(NotFound) as caught:
        client.manifest(simulated.spec("boat"))
    assert caught.value.title == f"Mirror simulated lists {wanted.label} and does not have it"
    assert "boat-3.0-" in caught.value.detail
    assert "spackbin mirror refresh simulated" in caught.value.hint


def test_an_endless_manifest_is_cut_short(simulated: SimulatedMirror, client: MirrorClient) -> None:
    simulated.write_raw_manifest("boat", b" " * ((1 << 20) + 1))
    with pytest.raises(MirrorError, match="has more than 1,048,576 bytes"):
        client.manifest(simulated.spec("boat"))


def test_missing_blobs_are_named(simulated: SimulatedMirror, client: MirrorClient) -> None:
    manifest = believed(simulated, client, "boat")
    document = client.spec_document(manifest)
    simulated.archive_path("boat").unlink()
    with pytest.raises(NotFound, match=r"lists boat@3.0/\w{7} and does not have its archive"):
        fetch_archive(client, manifest, document, simulated.root.parent)
    simulated.spec_path("boat").unlink()
    with pytest.raises(NotFound, match="and does not have its spec document"):
        client.spec_document(manifest)


def test_a_spec_document_longer_than_said(simulated: SimulatedMirror, client: MirrorClient) -> None:
    manifest = believed(simulated, client, "boat")
    simulated.lengthen(simulated.spec_path("boat"))
    with pytest.raises(Refused) as caught:
        client.spec_document(manifest)
    label = manifest.wanted.label
    assert caught.value.title == f"The spec document of {label} is longer than its manifest says"


# Keys


def test_keys_on_offer(
    simulated: SimulatedMirror,
    client: MirrorClient,
    signing_key: SigningKey,
    other_key: SigningKey,
) -> None:
    assert client.key_texts() == (signing_key.public,)
    simulated.offer({key.fingerprint: key.public for key in (signing_key, other_key)})
    assert set(client.key_texts()) == {signing_key.public, other_key.public}


def test_no_keys_on_offer(tmp_path: Path) -> None:
    client = open_mirror(simulated_mirror(tmp_path / "mirror").mirror())
    assert client.key_texts() == ()


def test_too_many_keys(simulated: SimulatedMirror, client: MirrorClient) -> None:
    simulated.offer({f"{number:040X}": b"key" for number in range(51)})
    with pytest.raises(MirrorError, match="it offers 51 keys, and more than 50 are not looked at"):
        client.key_texts()


def test_a_key_index_that_points_elsewhere(
    simulated: SimulatedMirror, client: MirrorClient
) -> None:
    text = json.dumps({"keys": {"../../../etc/passwd": {}}}).encode()
    record = simulated.put("application/vnd.spack.keyindex.v1+json", text)
    manifest = simulated.root / "v3/manifests/key/keys.manifest.json"
    manifest.write_bytes(manifest_text([record]))
    with pytest.raises(MirrorError, match="is not a full key fingerprint"):
        client.key_texts()


def test_keys_that_are_not_what_their_manifest_says(
    simulated: SimulatedMirror, client: MirrorClient, signing_key: SigningKey
) -> None:
    area = simulated.root / "v3/manifests/key"
    manifest = area / f"{signing_key.fingerprint}.key.manifest.json"
    good = manifest.read_bytes()
    record = json.loads(good)["data"][0]
    for records, why in (
        ([], "it names no blob"),
        ([{**record, "contentLength": 1 << 21}], "its blob has 2,097,152 bytes"),
    ):
        manifest.write_bytes(manifest_text(records))
        with pytest.raises(MirrorError, match=why):
            client.key_texts()
    manifest.write_bytes(good)
    simulated.damage(simulated.blob_path(record["checksum"]))
    with pytest.raises(MirrorError, match="A blob is not what its manifest says"):
        client.key_texts()
    manifest.unlink()
    with pytest.raises(NotFound):
        client.key_texts()


def test_an_index_record_of_another_mirror_is_not_found(client: MirrorClient) -> None:
    record = IndexRecord("file:///nowhere/index", Sha256("0" * 64), 5, is_binding=True)
    with pytest.raises(NotFound):
        client.fetch_index(record, Path("unused"), progress=nothing)
