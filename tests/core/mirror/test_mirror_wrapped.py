"""The archive in an archive of Spack 0.17: only what the signature is about counts."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import MirrorError, NotFound, Refused
from core.mirror.client import MirrorClient, open_mirror
from core.model.artifact import ManifestForm, VerifiedManifest
from core.trust.keys import read_keys
from core.trust.pins import PinStore
from core.trust.policy import policy_of
from core.trust.verify import Verifier
from tests.core.mirror.reading import fetch_archive
from tests.simulator.fixtures import Serve
from tests.simulator.keys import SigningKey
from tests.simulator.wrapped_mirror import WrappedMirror, wrapped_mirror


@pytest.fixture
def old(tmp_path: Path, signing_key: SigningKey) -> WrappedMirror:
    return wrapped_mirror(tmp_path / "mirror", signing_key)


def verifier_of(old: WrappedMirror) -> Verifier:
    mirror = old.mirror()
    store = PinStore(old.root.parent / "pins.json")
    if old.key:
        store.add(mirror, read_keys(old.key.public)[0])
    keyrings = old.root.parent / "keyrings"
    return Verifier(mirror, store.pins(mirror), policy_of(mirror), keyrings)


def arrives(old: WrappedMirror, client: MirrorClient, name: str = "boat") -> VerifiedManifest:
    """All steps of a build."""
    verifier = verifier_of(old)
    raw = client.manifest(old.spec(name))
    assert raw.form is ManifestForm.DETACHED
    manifest = verifier.manifest(raw)
    document = client.spec_document(manifest)
    assert verifier.spec_document(manifest, document).hash == old.builds[name].hash
    fetched = fetch_archive(client, manifest, document, old.root.parent / "to")
    artifact = verifier.artifact(fetched)
    assert artifact.archive.read_bytes() == old.members(name)[".tar.gz"]
    return manifest


@pytest.fixture
def refusal(old: WrappedMirror) -> Callable[[], str]:
    """The title with which a build is refused."""

    def call() -> str:
        client = open_mirror(old.mirror())
        with pytest.raises(Refused) as caught:
            arrives(old, client)
        client.close()
        return caught.value.title

    return call


def test_a_signed_one(old: WrappedMirror) -> None:
    client = open_mirror(old.mirror())
    manifest = arrives(old, client)
    assert manifest.signature is not None
    assert old.key
    assert manifest.signature.primary == old.key.fingerprint
    client.close()


def test_an_unsigned_one(tmp_path: Path) -> None:
    old = wrapped_mirror(tmp_path / "mirror")
    client = open_mirror(old.mirror())
    assert arrives(old, client).signature is None
    client.close()


@pytest.mark.parametrize("obeys_ranges", [True, False])
def test_the_package_is_not_fetched_for_its_signature(
    obeys_ranges: bool, old: WrappedMirror, serving: Serve
) -> None:
    # A package much larger than what is read at once.
    members = {**old.members("boat"), ".tar.gz": bytes(5 << 20)}
    old.write_outer("boat", members)
    server = serving(old.root)
    server.obeys_ranges = obeys_ranges
    client = open_mirror(old.mirror(server.url))
    before = len(server.requests)
    raw = client.manifest(old.spec("boat"))
    assert raw.data == members[".spec.json"] + members[".spec.json.asc"]
    archive = str(old.archive_path("boat").relative_to(old.root))
    starts = [
        headers.get("Range")
        for path, headers in server.requests[before:]
        if path == archive and "Range" in headers
    ]
    assert len(starts) == 1
    assert int(starts[0].removeprefix("bytes=").rstrip("-")) > 5 << 20
    client.close()


def test_a_broken_download_goes_on(old: WrappedMirror, serving: Serve) -> None:
    server = serving(old.root)
    client = open_mirror(old.mirror(server.url))
    manifest = arrives(old, client)
    place = old.root.parent / "to/blobs/sha256" / manifest.archive.sha256[:2]
    blob = place / manifest.archive.sha256
    blob.unlink()
    blob.with_name(f"{blob.name}.part").write_bytes(old.members("boat")[".tar.gz"][:700])
    before = len(server.requests)
    arrives(old, client)
    asked = [headers.get("Range") for _, headers in server.requests[before:]]
    assert f"bytes={512 + 700}-" in asked
    client.close()


def test_another_package(old: WrappedMirror, refusal: Callable[[], str]) -> None:
    members = old.members("boat")
    old.write_outer("boat", {**members, ".tar.gz": members[".tar.gz"] + b"x"})
    assert "is not what its manifest says: it has another checksum" in refusal()


def test_another_digest_outside(old: WrappedMirror) -> None:
    """Spack compares with that; who can change it can also change the package."""
    path = old.manifest_path("boat")
    fields = json.loads(path.read_bytes())
    fields["binary_cache_checksum"]["hash"] = "0" * 64
    path.write_text(json.dumps(fields))
    client = open_mirror(old.mirror())
    arrives(old, client)
    client.close()


def test_another_spec_inside(old: WrappedMirror, refusal: Callable[[], str]) -> None:
    members = old.members("boat")
    changed = members[".spec.json"].replace(b"boat", b"goat")
    old.write_outer("boat", {**members, ".spec.json": changed})
    assert refusal().endswith("has a bad signature: it was changed after it was signed")


def test_the_package_of_another_build(old: WrappedMirror, refusal: Callable[[], str]) -> None:
    old.write_outer("boat", old.members("tide"))
    assert refusal().startswith("The manifest at the place of boat@3.0/")


def test_no_signature(old: WrappedMirror, refusal: Callable[[], str]) -> None:
    members = old.members("boat")
    del members[".spec.json.asc"]
    old.write_outer("boat", members)
    assert refusal().endswith("is not signed, and mirror simulated must be")


@pytest.mark.parametrize("signature", [b"-----BEGIN PGP SIGNATURE-----\n\nAAAA\n", b"x"])
def test_a_signature_that_is_none(
    signature: bytes, old: WrappedMirror, refusal: Callable[[], str]
) -> None:
    old.write_outer("boat", {**old.members("boat"), ".spec.json.asc": signature})
    assert "signed" in refusal() or "signature" in refusal()


def test_two_signatures(
    old: WrappedMirror, refusal: Callable[[], str], other_key: SigningKey
) -> None:
    members = old.members("boat")
    both = members[".spec.json.asc"] + other_key.detached(members[".spec.json"])
    old.write_outer("boat", {**members, ".spec.json.asc": both})
    assert f"is signed by the key {other_key.fingerprint}, which is not trusted" in refusal()
    both = other_key.detached(members[".spec.json"]) + members[".spec.json.asc"]
    old.write_outer("boat", {**members, ".spec.json.asc": both})
    assert refusal().endswith("has a bad signature: it was changed after it was signed")


def test_the_key_of_somebody_else(
    old: WrappedMirror, refusal: Callable[[], str], other_key: SigningKey
) -> None:
    members = old.members("boat")
    theirs = other_key.detached(members[".spec.json"])
    old.write_outer("boat", {**members, ".spec.json.asc": theirs})
    assert f"is signed by the key {other_key.fingerprint}, which is not trusted" in refusal()


def test_a_newer_archive_signed_as_an_old_one(
    old: WrappedMirror, refusal: Callable[[], str]
) -> None:
    members = old.members("boat")
    text = json.dumps({**json.loads(members[".spec.json"]), "buildcache_layout_version": 2})
    assert old.key
    signature = old.key.detached(text.encode())
    old.write_outer(
        "boat", {".tar.gz": b"", ".spec.json": text.encode(), ".spec.json.asc": signature}
    )
    assert "it is for another kind of archive than the one that it is in" in refusal()


BAD: list[tuple[dict[str, bytes], str]] = [
    ({}, "it is not a tar with a tar in it"),
    ({".spec.json": b"{}"}, "the package or its spec is not in it"),
    ({".tar.gz": b"x"}, "the package or its spec is not in it"),
    ({".tar.bz2": b"x", ".spec.json": b"{}"}, "it is of a Spack older than 0.17"),
    ({".tar.gz": b"x", ".spec.yaml": b"x"}, "it is of a Spack older than 0.17"),
    ({f"{number}.txt": b"x" for number in range(9)}, "it has members that do not belong there"),
    ({".spec.json": bytes((8 << 20) + 1)}, "a member of it is too large to be true"),
]


@pytest.mark.parametrize(("members", "problem"), BAD, ids=[problem for _, problem in BAD])
def test_outer_archives_that_are_none(
    members: dict[str, bytes], problem: str, old: WrappedMirror
) -> None:
    old.write_outer("boat", members)
    if not members:
        old.archive_path("boat").write_bytes(b"not a tar at all" * 100)
    client = open_mirror(old.mirror())
    with pytest.raises(MirrorError, match=problem):
        client.manifest(old.spec("boat"))
    client.close()


def test_one_that_is_missing_and_one_in_yaml(old: WrappedMirror) -> None:
    client = open_mirror(old.mirror())
    old.archive_path("boat").unlink()
    with pytest.raises(NotFound, match=r"lists boat@3\.0/"):
        client.manifest(old.spec("boat"))
    path = old.manifest_path("tide")
    path.rename(path.with_name(path.name.replace(".json", ".yaml")))
    with pytest.raises(MirrorError, match=r"is in YAML, as Spack 0\.16 and older wrote it"):
        client.manifest(old.spec("tide"))
    client.close()
