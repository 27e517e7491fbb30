"""What is said, and whether it is what was asked for."""

import gzip
import json
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.errors import Refused
from core.mirror.client import MirrorClient, open_mirror
from core.model.artifact import FetchedArtifact
from core.model.ident import Sha256
from core.trust.verify import Verifier
from tests.core.mirror.reading import fetch_archive
from tests.simulator.keys import SigningKey
from tests.simulator.mirror import ARCHIVE, SPEC, SimulatedMirror, simulated_mirror
from tests.simulator.packages import Package
from tests.simulator.pins import verifier_of


@pytest.fixture
def client(simulated: SimulatedMirror) -> Generator[MirrorClient]:
    opened = open_mirror(simulated.mirror())
    yield opened
    opened.close()


@pytest.fixture
def verifier(simulated: SimulatedMirror, tmp_path: Path, signing_key: SigningKey) -> Verifier:
    return verifier_of(simulated.mirror(), [signing_key], tmp_path / "keyrings")


@pytest.fixture
def refusal(simulated: SimulatedMirror, client: MirrorClient, verifier: Verifier):
    """The title with which boat is refused, at whatever step."""

    def call() -> str:
        with pytest.raises(Refused) as caught:
            fetch(simulated, client, verifier)
        assert "simulated" in caught.value.detail
        return caught.value.title

    return call


def fetch(
    simulated: SimulatedMirror, client: MirrorClient, verifier: Verifier, name: str = "boat"
) -> FetchedArtifact:
    """All steps; the last one, the archive, is verified too."""
    manifest = verifier.manifest(client.manifest(simulated.spec(name)))
    document = client.spec_document(manifest)
    assert verifier.spec_document(manifest, document).hash == simulated.builds[name].hash
    directory = simulated.root.parent / "downloads"
    fetched = fetch_archive(client, manifest, document, directory)
    verifier.artifact(fetched)
    return fetched


def label(simulated: SimulatedMirror, name: str = "boat") -> str:
    return simulated.wanted(name).label


def test_all_is_well(simulated: SimulatedMirror, client: MirrorClient, verifier: Verifier) -> None:
    fetched = fetch(simulated, client, verifier)
    artifact = verifier.artifact(fetched)
    assert artifact.archive == fetched.archive
    assert artifact.spec.label == "boat@3.0"
    assert [edge.name for edge in artifact.spec.dependencies] == ["tide"]


# The manifest


@pytest.mark.parametrize(
    ("number", "fields", "why"),
    [
        (0, {"mediaType": "text/html"}, "it names no archive"),
        (1, {"mediaType": "text/html"}, "it names no spec document"),
        (1, {"mediaType": ARCHIVE}, "it names 2 blobs of the kind archive"),
        (0, {"mediaType": SPEC}, "it names no archive"),
        (
            0,
            {"mediaType": "application/vnd.spack.install.v3.tar+gzip"},
            "its archive has format 3, which needs a newer spackbin",
        ),
        (
            1,
            {"mediaType": "application/vnd.spack.spec.v6+json"},
            "its spec document has format 6, which needs a newer spackbin",
        ),
        (0, {"contentLength": 0}, "a contentLength is 0 instead of a positive number"),
        (0, {"contentLength": 1 << 41}, "its archive has 2,199,023,255,552 bytes, too many"),
        (1, {"contentLength": 1 << 30}, "its spec document has 1,073,741,824 bytes, too many"),
        (0, {"checksumAlgorithm": "md5"}, "a checksum is of the kind 'md5' instead of sha256"),
        (0, {"compression": "xz"}, "a compression is 'xz' instead of gzip or none"),
        (0, {"checksum": "../../../../etc/passwd"}, "'../../../../etc/passwd' is not a SHA-256"),
        (0, {"checksum": "A" * 64}, f"'{'A' * 64}' is not a SHA-256"),
    ],
)
def test_well_signed_nonsense(
    number: int, fields: dict[str, object], why: str, simulated: SimulatedMirror, refusal
) -> None:
    simulated.change_record("boat", number, **fields)
    title = refusal()
    assert title.startswith(f"The manifest of {label(simulated)} cannot be accepted: {why}")


def test_too_few_and_too_many_records(simulated: SimulatedMirror, refusal) -> None:
    archive, document = simulated.records("boat")
    for records, why in (
        ([], "it names no archive"),
        ([archive], "it names no spec document"),
        ([archive, archive, document], "it names 2 blobs of the kind archive"),
        ([archive, document, {**document, "mediaType": "x/y"}], "it names 3 blobs instead of two"),
    ):
        simulated.write_manifest("boat", records)
        assert refusal() == f"The manifest of {label(simulated)} cannot be accepted: {why}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "it is not complete JSON (line 2, column 1)"),
        (b"hello\n", "it is not complete JSON (line 1, column 1)"),
        (b'{"version": 2, "data": []}\n', "its version is 2 instead of 3"),
        (b'{"version": 3, "data": [], "data": []}\n', "it has the same key twice in one object"),
        (b'{"version": 3, "data": ' + b"[\n" * 100_000, "it is nested too deep"),
    ],
)
def test_well_signed_bad_json(
    text: bytes, why: str, simulated: SimulatedMirror, signing_key: SigningKey, refusal
) -> None:
    simulated.write_raw_manifest("boat", signing_key.clearsign(text))
    assert refusal() == f"The manifest of {label(simulated)} cannot be accepted: {why}"


# The spec document


def test_a_manifest_of_another_package_at_this_place(simulated: SimulatedMirror, refusal) -> None:
    simulated.substitute("boat", "tide")
    title = f"The manifest at the place of {label(simulated)} is for {label(simulated, 'tide')}"
    assert refusal() == title


def test_an_older_build_of_the_same_package_at_this_place(
    tmp_path: Path, signing_key: SigningKey, simulated: SimulatedMirror, refusal
) -> None:
    old = simulated_mirror(
        tmp_path / "old", [Package("boat", "3.0", files={"bin/boat": b""})], signing_key
    )
    assert old.builds["boat"].hash != simulated.builds["boat"].hash
    for blob in ("archive_path", "spec_path"):
        data = getattr(old, blob)("boat").read_bytes()
        simulated.put(ARCHIVE, data)
    simulated.write_raw_manifest("boat", old.manifest_path("boat").read_bytes())
    assert refusal() == (f"The manifest at the place of {label(simulated)} is for {label(old)}")


def test_a_spec_document_with_another_checksum(simulated: SimulatedMirror, refusal) -> None:
    simulated.damage(simulated.spec_path("boat"))
    title = f"The spec document of {label(simulated)} is not what its manifest says: "
    assert refusal() == title + "it has another checksum"
    size = simulated.spec_path("boat").stat().st_size
    simulated.truncate(simulated.spec_path("boat"), 100)
    assert refusal() == title + f"it has 100 bytes instead of {size}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"{}", "its spec is not an object"),
        (b"[]", "it is not an object"),
        (b'{"spec": {"nodes": []}}', "its _meta is not an object"),
        (b'{"spec": {"_meta": {"version": "5"}}}', "it does not say its format"),
        (b'{"spec": {"_meta": {"version": 0}}}', "it does not say its format"),
        (
            b'{"spec": {"_meta": {"version": 6}, "nodes": []}}',
            "it has format 6, which needs a newer spackbin",
        ),
        (b'{"spec": {"_meta": {"version": 5}}}', "its list of nodes is not a list"),
        (b'{"spec": {"_meta": {"version": 5}, "nodes": []}}', "it has no nodes"),
        (b'{"spec": {"_meta": {"version": 5}, "nodes": [3]}}', "its first node is not an object"),
        (b'{"buildcache_layout_version": 4}', "its layout needs a newer spackbin"),
        (b'{"buildcache_layout_version": true}', "its layout needs a newer spackbin"),
        (b'{"spec": NaN}', "it holds NaN, which is not JSON"),
        (
            b'{"spec": {"_meta": {"version": 5}, "nodes": [{"name": "../x"}]}}',
            "'../x' is not a package name",
        ),
    ],
)
def test_spec_documents_that_make_no_sense(
    text: bytes, why: str, simulated: SimulatedMirror, refusal
) -> None:
    simulated.replace_spec_document("boat", text)
    assert refusal() == f"The spec document of {label(simulated)} cannot be accepted: {why}"


def test_a_spec_document_that_is_a_bomb(simulated: SimulatedMirror, refusal) -> None:
    simulated.replace_spec_document("boat", b" " * ((64 << 20) + 1))
    assert refusal().endswith("cannot be accepted: it unpacks to more than 67,108,864 bytes")


def test_a_spec_document_that_is_not_compressed(
    simulated: SimulatedMirror, client: MirrorClient, verifier: Verifier
) -> None:
    plain = gzip.decompress(simulated.spec_path("boat").read_bytes())
    simulated.upload("boat", simulated.archive_path("boat").read_bytes(), plain)
    assert simulated.records("boat")[1]["compression"] == "none"
    fetch(simulated, client, verifier)


def test_one_changed_letter_of_the_name_is_another_package(
    simulated: SimulatedMirror, refusal
) -> None:
    document = json.loads(gzip.decompress(simulated.spec_path("boat").read_bytes()))
    for field, value in (("name", "boar"), ("version", "3.1"), ("hash", "a" * 32)):
        changed = json.loads(json.dumps(document))
        changed["spec"]["nodes"][0][field] = value
        simulated.replace_spec_document("boat", json.dumps(changed).encode())
        assert refusal().startswith(f"The manifest at the place of {label(simulated)} is for ")


# The archive


def test_an_archive_with_another_checksum(simulated: SimulatedMirror, refusal) -> None:
    simulated.damage(simulated.archive_path("boat"))
    assert refusal() == (
        f"The archive of {label(simulated)} is not what its manifest says: it has another checksum"
    )


def test_a_shorter_archive(simulated: SimulatedMirror, refusal) -> None:
    size = simulated.archive_path("boat").stat().st_size
    simulated.truncate(simulated.archive_path("boat"), size - 1)
    assert refusal() == (
        f"The archive of {label(simulated)} is not what its manifest says:"
        f" it has {size - 1:,} bytes instead of {size:,}"
    )


def test_an_artifact_is_checked_from_its_own_values(
    simulated: SimulatedMirror, client: MirrorClient, verifier: Verifier
) -> None:
    fetched = fetch(simulated, client, verifier)
    for wrong in (
        replace(fetched, archive_sha256=Sha256("0" * 64)),
        replace(fetched, archive_size=fetched.archive_size + 1),
        replace(fetched, spec_document=fetched.spec_document[:-1]),
        replace(fetched, spec_document=simulated.spec_path("tide").read_bytes()),
    ):
        with pytest.raises(Refused, match="is not what its manifest says"):
            verifier.artifact(wrong)


def test_threads_share_a_verifier(
    simulated: SimulatedMirror, client: MirrorClient, verifier: Verifier
) -> None:
    with ThreadPoolExecutor(8) as pool:
        names = ["boat", "tide"] * 12
        got = list(pool.map(lambda name: fetch(simulated, client, verifier, name), names))
    assert all(item.manifest.signature for item in got)
