"""Manifests of layout v2: the signed text is the spec document itself."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.errors import Refused
from core.mirror.client import open_mirror
from core.model.artifact import FetchedArtifact, ManifestForm, VerifiedManifest
from core.model.ident import MirrorName
from core.model.mirror import Mirror
from core.trust.verify import Verifier
from tests.core.mirror.reading import fetch_archive
from tests.simulator.indexes import listed_builds
from tests.simulator.keys import SigningKey
from tests.simulator.mirror import lines_of, simulated_mirror
from tests.simulator.old_mirror import OldMirror, old_mirror
from tests.simulator.packages import Built
from tests.simulator.pins import verifier_of


@pytest.fixture
def old(tmp_path: Path, signing_key: SigningKey) -> OldMirror:
    return old_mirror(tmp_path / "mirror", signing_key)


@pytest.fixture
def verifier(old: OldMirror, tmp_path: Path, signing_key: SigningKey) -> Verifier:
    return verifier_of(old.mirror(), [signing_key], tmp_path / "keyrings")


@pytest.fixture
def title(old: OldMirror, verifier: Verifier) -> Callable[[], str]:
    """The title with which the manifest of boat, as it is now, is refused."""

    def call() -> str:
        with pytest.raises(Refused) as caught:
            believe(verifier, old)
        assert "simulated" in caught.value.detail
        return caught.value.title

    return call


def believe(verifier: Verifier, old: OldMirror) -> None:
    manifest = verifier.manifest(old.raw_manifest("boat"))
    verifier.spec_document(manifest, manifest.text)


def label(built: Built) -> str:
    return f"{built.package.name}@{built.package.version}/{built.hash[:7]}"


def fetched(old: OldMirror, manifest: VerifiedManifest, directory: Path) -> FetchedArtifact:
    client = open_mirror(old.mirror())
    document = client.spec_document(manifest)
    done = fetch_archive(client, manifest, document, directory)
    client.close()
    return done


def test_all_is_well(old: OldMirror, verifier: Verifier, tmp_path: Path) -> None:
    manifest = verifier.manifest(old.raw_manifest("boat"))
    assert manifest.signature is not None
    assert manifest.signature.primary == old.key.fingerprint if old.key else False
    assert manifest.archive.size is None
    assert manifest.archive.media_type == "application/vnd.spack.install.v2.tar+gzip"
    artifact = verifier.artifact(fetched(old, manifest, tmp_path / "to"))
    assert (artifact.spec.label, artifact.spec.compiler) == ("boat@3.0", "gcc@12.2.0")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"buildcache_layout_version": 0}, "its archive is of the kind that Spack 0.17 and older"),
        ({"buildcache_layout_version": 3}, "its archive has format 3, which needs a newer"),
        ({"buildcache_layout_version": True}, "its buildcache_layout_version is no number"),
        ({"buildcache_layout_version": "2"}, "its buildcache_layout_version is no number"),
        ({"buildcache_layout_version": -1}, "its buildcache_layout_version is no number"),
        ({"binary_cache_checksum": None}, "its binary_cache_checksum is not an object"),
        ({"binary_cache_checksum": {"hash": "0" * 64}}, "its checksum is of another kind than"),
        (
            {"binary_cache_checksum": {"hash_algorithm": "md5", "hash": "0" * 32}},
            "its checksum is of another kind than sha256",
        ),
        (
            {"binary_cache_checksum": {"hash_algorithm": "sha256", "hash": "../../etc/passwd"}},
            "'../../etc/passwd' is not a SHA-256",
        ),
        ({"spec": []}, "its spec is not an object"),
    ],
)
def test_well_signed_nonsense(
    changes: dict[str, object], why: str, old: OldMirror, title: Callable[[], str]
) -> None:
    old.write_manifest("boat", {**old.fields("boat"), **changes})
    built = old.builds["boat"]
    assert title().startswith(f"The manifest of {label(built)} cannot be accepted: {why}")


def test_an_archive_of_spack_0_17(old: OldMirror, title: Callable[[], str]) -> None:
    fields = old.fields("boat")
    del fields["buildcache_layout_version"]
    old.write_manifest("boat", fields)
    assert "made, and not read" in title()


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"nodes": []}, "its _meta is not an object"),
        ({"_meta": {"version": 6}, "nodes": []}, "it has format 6, which needs a newer spackbin"),
        ({"_meta": {"version": 4}, "nodes": []}, "it has no nodes"),
        ({"_meta": {"version": 4}, "nodes": [{"name": "../x"}]}, "'../x' is not a package name"),
    ],
)
def test_a_spec_that_makes_no_sense(
    spec: dict[str, object], why: str, old: OldMirror, title: Callable[[], str]
) -> None:
    old.write_manifest("boat", {**old.fields("boat"), "spec": spec})
    built = old.builds["boat"]
    assert title() == f"The spec document of {label(built)} cannot be accepted: {why}"


def test_another_package_at_this_place(old: OldMirror, title: Callable[[], str]) -> None:
    old.write_manifest("boat", old.fields("tide"))
    boat, tide = (label(old.builds[name]) for name in ("boat", "tide"))
    assert title() == f"The manifest at the place of {boat} is for {tide}"


def test_changed_after_it_was_signed(old: OldMirror, title: Callable[[], str]) -> None:
    path = old.manifest_path("boat")
    path.write_bytes(path.read_bytes().replace(b'"gcc"', b'"gbb"'))
    assert "has a bad signature: it was changed after it was signed" in title()


def test_text_beside_the_signed_text_is_refused(old: OldMirror, title: Callable[[], str]) -> None:
    path = old.manifest_path("boat")
    path.write_bytes(path.read_bytes() + b'{"spec": {}}\n')
    assert "has text outside of its signed block" in title()


def test_not_signed(old: OldMirror, title: Callable[[], str]) -> None:
    old.manifest_path("boat").write_bytes(lines_of(old.fields("boat")))
    built = old.builds["boat"]
    assert title() == f"{label(built)} is not signed, and mirror simulated must be"


def test_an_unsigned_mirror(tmp_path: Path) -> None:
    old = old_mirror(tmp_path / "unsigned")
    verifier = verifier_of(old.mirror(), [], tmp_path / "keyrings")
    manifest = verifier.manifest(old.raw_manifest("boat"))
    assert manifest.signature is None
    assert verifier.spec_document(manifest, manifest.text).hash == old.builds["boat"].hash


def test_manifests_of_one_form_say_nothing_in_the_other(
    old: OldMirror, verifier: Verifier, tmp_path: Path, signing_key: SigningKey
) -> None:
    new = simulated_mirror(tmp_path / "new", key=signing_key)
    for raw, why in (
        (replace(old.raw_manifest("boat"), form=ManifestForm.BLOBS), "its version is None"),
        (replace(new.raw_manifest("boat"), form=ManifestForm.SPEC), "its spec is not an object"),
    ):
        with pytest.raises(Refused, match=why):
            verifier.manifest(raw)


def test_another_archive(old: OldMirror, verifier: Verifier, tmp_path: Path) -> None:
    manifest = verifier.manifest(old.raw_manifest("boat"))
    old.archive_path("boat").write_bytes(old.archive_path("tide").read_bytes())
    with pytest.raises(Refused, match="it has another checksum"):
        verifier.artifact(fetched(old, manifest, tmp_path / "to"))


def test_another_spec_document(old: OldMirror, verifier: Verifier) -> None:
    manifest = verifier.manifest(old.raw_manifest("boat"))
    other = manifest.text.replace(b"gcc", b"gbb")
    with pytest.raises(Refused, match="is not what its manifest says: it has another checksum"):
        verifier.spec_document(manifest, other)


def test_a_large_document_of_many_nodes(old: OldMirror, verifier: Verifier) -> None:
    fields = {**old.fields("boat"), "note": ["x" * 1000] * 3000}
    old.write_manifest("boat", fields)
    manifest = verifier.manifest(old.raw_manifest("boat"))
    assert len(manifest.text) > 3_000_000
    assert verifier.spec_document(manifest, manifest.text).name == "boat"


@pytest.mark.parametrize("version", ["v0.23.1", "v0.18.1"])
def test_what_spack_did_not_sign(version: str, golden: Path, tmp_path: Path) -> None:
    url = (golden / version / "mirror-unsigned").as_uri()
    client = open_mirror(Mirror(MirrorName("loose"), url, signed=False))
    loose = verifier_of(client.mirror, [], tmp_path / "keyrings")
    strict = verifier_of(replace(client.mirror, signed=True), [], tmp_path / "keyrings")
    specs = listed_builds(client, tmp_path)
    assert {spec.name for spec in specs} >= {"kelp", "libtide"}
    for spec in specs:
        raw = client.manifest(spec)
        manifest = loose.manifest(raw)
        done = fetch_archive(client, manifest, client.spec_document(manifest), tmp_path)
        assert loose.artifact(done).spec.hash == spec.hash
        with pytest.raises(Refused, match="is not signed, and mirror loose must be"):
            strict.manifest(raw)
    client.close()
