"""Who says so: only a good signature by a key that is pinned for this very mirror counts."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core.errors import Refused, WrongUse
from core.mirror.client import open_mirror
from core.model.ident import MirrorName
from core.model.mirror import Mirror
from core.trust.keys import read_keys
from core.trust.pins import PinStore
from core.trust.policy import ACCEPT_UNSIGNED_BINARIES, policy_of
from core.trust.verify import Verifier
from tests.core.mirror.reading import fetch_archive
from tests.core.trust.trusting import Verify, refusal
from tests.simulator.indexes import listed_builds
from tests.simulator.keys import KeyRing, SigningKey
from tests.simulator.mirror import SimulatedMirror, manifest_text
from tests.simulator.pins import pin_of


def text_of(simulated: SimulatedMirror) -> bytes:
    return manifest_text(simulated.records("boat"))


@pytest.mark.parametrize(
    ("version", "count", "key", "size_is_known"),
    [
        ("dev", 16, "559EE7965466D9E9E4AAD601E7B01DEF7EE06A2A", True),
        ("v0.23.1", 16, "858194366637A9132F3C74A8328F77E827858E14", False),
        ("v0.18.1", 14, "166E5B65CBC07F8837F20F80E35427DF5790AF48", False),
    ],
)
def test_every_manifest_that_spack_signed_is_good(
    version: str, count: int, key: str, size_is_known: bool, golden: Path, tmp_path: Path
) -> None:
    mirror = Mirror(MirrorName("harbor"), (golden / version / "mirror-signed").as_uri())
    store = PinStore(tmp_path / "pins.json")
    store.add(mirror, read_keys((golden / version / "keys/harbor-release.pub").read_bytes())[0])
    verifier = Verifier(mirror, store.pins(mirror), policy_of(mirror), tmp_path / "keyrings")
    client = open_mirror(mirror)
    specs = listed_builds(client, tmp_path)
    assert len(specs) == count
    for spec in specs:
        manifest = verifier.manifest(client.manifest(spec))
        assert manifest.signature is not None
        assert manifest.signature.primary == key
        assert manifest.signature.user_id.startswith("Harbor Release")
        assert (manifest.archive.size is not None) == size_is_known
        document = client.spec_document(manifest)
        assert verifier.spec_document(manifest, document).hash == spec.hash
        fetched = fetch_archive(client, manifest, document, tmp_path / "downloads")
        assert verifier.artifact(fetched).spec.name == spec.name


def test_a_good_signature(
    verify: Verify, simulated: SimulatedMirror, signing_key: SigningKey
) -> None:
    manifest = verify()
    assert manifest.wanted == simulated.wanted("boat")
    assert manifest.mirror == "simulated"
    assert manifest.archive.sha256 == simulated.archive_path("boat").name
    assert manifest.spec_blob.sha256 == simulated.spec_path("boat").name
    assert manifest.signature is not None
    assert manifest.signature.primary == manifest.signature.signer == signing_key.fingerprint
    assert manifest.signature.user_id == signing_key.user_id


def test_a_subkey_of_a_pinned_key_may_sign(
    verify: Verify, simulated: SimulatedMirror, key_ring: KeyRing
) -> None:
    key = key_ring.generate("Signs By Subkey <bysub@simulator.example>")
    key_ring.add_signing_subkey(key)
    subkey = read_keys(key.public)[0].subkeys[0].fingerprint
    data = key_ring.run(
        "--local-user", f"{subkey}!", "--armor", "--clearsign", text=text_of(simulated)
    )
    signature = verify(data, [pin_of(key)]).signature
    assert signature is not None
    assert signature.primary == key.fingerprint
    assert signature.signer == subkey


def test_unsigned(verify: Verify, simulated: SimulatedMirror) -> None:
    simulated.unsign("boat")
    error = refusal(verify)
    label = simulated.wanted("boat").label
    assert error.title == f"{label} is not signed, and mirror simulated must be"
    assert "--unsigned" in error.hint


@pytest.mark.parametrize("before", [b"\n", b" ", b"\xef\xbb\xbf", b"x\n"])
def test_text_before_the_block_makes_it_unsigned(
    before: bytes, verify: Verify, simulated: SimulatedMirror
) -> None:
    error = refusal(verify, before + simulated.raw_manifest("boat").data)
    assert "is not signed, and mirror simulated must be" in error.title


def test_an_encrypted_or_packed_message_is_not_signed_text(
    verify: Verify, simulated: SimulatedMirror, signing_key: SigningKey
) -> None:
    packed = signing_key.ring.run(
        "--local-user", signing_key.fingerprint, "--armor", "--sign", text=text_of(simulated)
    )
    assert "is not signed" in refusal(verify, packed).title


@pytest.mark.parametrize("pinned", [False, True])
def test_an_unknown_key(
    pinned: bool,
    verify: Verify,
    simulated: SimulatedMirror,
    signing_key: SigningKey,
    other_key: SigningKey,
) -> None:
    # A key that is pinned for another mirror is as unknown here as any.
    simulated.sign_by("boat", other_key)
    error = refusal(verify, None, [pin_of(signing_key)] if pinned else [])
    label = simulated.wanted("boat").label
    assert error.title == (
        f"{label} is signed by the key {other_key.fingerprint},"
        " which is not trusted for mirror simulated"
    )
    assert error.hint.endswith(f"spackbin key trust simulated {other_key.fingerprint}")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"contentLength":', b'"contentLength":1'),
        (b'"version":3', b'"version": 3'),
        (b"iH", b"iI"),
        (b"Hash: SHA256", b"Hash: SHA512"),
        (b"Hash: SHA256", b"Hash: MD5"),
    ],
)
def test_changed_after_signing(
    old: bytes, new: bytes, verify: Verify, simulated: SimulatedMirror
) -> None:
    data = simulated.raw_manifest("boat").data
    assert old in data
    error = refusal(verify, data.replace(old, new, 1))
    label = simulated.wanted("boat").label
    assert error.title in (
        f"{label} has a bad signature: it was changed after it was signed",
        f"{label} has a signature that GnuPG cannot check",
    )


def test_a_bad_signature_is_called_bad(verify: Verify, simulated: SimulatedMirror) -> None:
    data = simulated.raw_manifest("boat").data.replace(b'"gzip"', b'"none"')
    label = simulated.wanted("boat").label
    title = f"{label} has a bad signature: it was changed after it was signed"
    assert refusal(verify, data).title == title


def test_an_expired_key(verify: Verify, simulated: SimulatedMirror, key_ring: KeyRing) -> None:
    key = key_ring.generate("Ran Out <out@simulator.example>", expires="20260301T000000")
    simulated.sign_by("boat", key, "--faked-system-time", "20260201T000000")
    error = refusal(verify, None, [pin_of(key)])
    label = simulated.wanted("boat").label
    assert error.title == f"{label} is signed by the key {key.fingerprint}, which has expired"
    assert "with a later date" in error.hint


def test_an_expired_signature(
    verify: Verify, simulated: SimulatedMirror, signing_key: SigningKey
) -> None:
    simulated.sign_by(
        "boat",
        signing_key,
        *("--faked-system-time", "20260201T000000", "--default-sig-expire", "1d"),
    )
    assert refusal(verify).title.endswith("has a signature that has expired")


def test_a_revoked_key(verify: Verify, simulated: SimulatedMirror, key_ring: KeyRing) -> None:
    key = key_ring.generate("Revoked Later <later@simulator.example>")
    simulated.sign_by("boat", key)
    assert verify(None, [pin_of(key)]).signature is not None
    key_ring.revoke(key)
    error = refusal(verify, None, [pin_of(key)])
    assert error.title.endswith(f"is signed by the key {key.fingerprint}, which is revoked")


@pytest.mark.parametrize("digest", ["SHA1", "RIPEMD160", "SHA224"])
def test_a_weak_digest(
    digest: str, verify: Verify, simulated: SimulatedMirror, key_ring: KeyRing
) -> None:
    key = key_ring.generate(f"Weak {digest} <w@simulator.example>", algorithm="rsa2048")
    simulated.sign_by("boat", key, "--digest-algo", digest)
    assert refusal(verify, None, [pin_of(key)]).title.endswith(
        "has a signature made with a weak digest (MD5, SHA-1 or the like)"
    )


@pytest.mark.parametrize("digest", ["SHA256", "SHA384", "SHA512"])
def test_strong_digests(
    digest: str, verify: Verify, simulated: SimulatedMirror, signing_key: SigningKey
) -> None:
    simulated.sign_by("boat", signing_key, "--digest-algo", digest)
    assert verify().signature is not None


def test_two_signatures_of_one_text(
    verify: Verify, simulated: SimulatedMirror, signing_key: SigningKey, other_key: SigningKey
) -> None:
    simulated.sign_by("boat", signing_key, "--local-user", other_key.fingerprint)
    pins = [pin_of(signing_key), pin_of(other_key)]
    assert refusal(verify, None, pins).title.endswith("has 2 signatures instead of one")


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        (lambda good: good + b"{}\n", "has text outside of its signed block"),
        (lambda good: good + good, "has more than one signed block"),
        (lambda good: good[:-60], "has text outside of its signed block, or the block is not"),
        (lambda good: good.partition(b"-----BEGIN PGP SIGNATURE")[0], "has text outside of its"),
        (lambda good: good.replace(b"\n\n{", b"\nComment: {}\n\n{", 1), "has an unusual header"),
        (lambda good: good.replace(b"Hash: SHA256\n", b"", 1), "has an unusual header before"),
        (lambda good: good.replace(b"Hash: ", b"Hash:\t", 1), "has an unusual header before"),
        (lambda good: good.replace(b"{", b"\x0c{", 1), "has control characters in it"),
        (lambda good: good.replace(b"{", b"\x1b[2K{", 1), "has control characters in it"),
        (lambda good: good.replace(b"{", b"\x00{", 1), "has control characters in it"),
        (lambda good: good.replace(b"{\n", b"{\r", 1), "has control characters in it"),
        (lambda good: good.replace(b"{", "{\u0085".encode(), 1), "has control characters in it"),
        (lambda good: good.replace(b"{", b"{\xff", 1), "has signed text that is not UTF-8"),
        (
            lambda good: good.replace(b"{", b"{" + b" " * 20_000, 1),
            "has a line of more than 19,995",
        ),
    ],
)
def test_the_form_is_checked_before_gnupg_sees_it(
    change: Callable[[bytes], bytes], flaw: str, verify: Verify, simulated: SimulatedMirror
) -> None:
    error = refusal(verify, change(simulated.raw_manifest("boat").data))
    label = simulated.wanted("boat").label
    assert error.title.startswith(f"The manifest of {label} {flaw}")


@pytest.mark.parametrize(
    "order", [("message",), ("message", "signature"), ("signature", "message"), ("bomb",)]
)
def test_a_signature_block_that_holds_other_things(
    order: tuple[str, ...], verify: Verify, simulated: SimulatedMirror, signing_key: SigningKey
) -> None:
    # The text outside is the attacker's; a well-signed text of the owner hides in the armour.
    ring, user = signing_key.ring, ("--local-user", signing_key.fingerprint)
    packets = {
        "message": ring.run(*user, "--compress-level", "0", "--sign", text=text_of(simulated)),
        "signature": ring.run(*user, "--textmode", "--detach-sign", text=text_of(simulated)),
        "bomb": ring.run("--store", text=b"0" * 20_000_000),
    }
    block = base64.encodebytes(b"".join(packets[name] for name in order))
    head, _, _ = simulated.raw_manifest("boat").data.partition(b"-----BEGIN PGP SIGNATURE")
    begin, end = b"-----BEGIN PGP SIGNATURE-----\n\n", b"-----END PGP SIGNATURE-----\n"
    changed = head.replace(b'"gzip"', b'"none"')
    assert "has a" in refusal(verify, changed + begin + block + end).title


def test_a_text_that_gnupg_cut_off_when_it_signed(
    verify: Verify, simulated: SimulatedMirror, signing_key: SigningKey
) -> None:
    text = b'{"note":"' + b"x" * 20_000 + b'",' + text_of(simulated)[1:]
    data = signing_key.clearsign(text)
    assert max(map(len, data.split(b"\n"))) < 20_000
    assert "it is not complete JSON" in refusal(verify, data).title


def test_other_line_ends_say_the_same(verify: Verify, simulated: SimulatedMirror) -> None:
    good, data = replace(verify(), text=b""), simulated.raw_manifest("boat").data
    others = (
        data.replace(b"\n", b"\r\n"),
        data.replace(b',\n"data', b', \t\n"data'),
        data + b"\n\n",
    )
    for other in others:
        assert replace(verify(other), text=b"") == good


def test_dash_escapes_are_undone_by_gnupg(
    verify: Verify, simulated: SimulatedMirror, signing_key: SigningKey
) -> None:
    text = text_of(simulated).replace(b"\n]\n}", b'\n],\n"note":\n-1\n}')
    data = signing_key.clearsign(text)
    assert b"\n- -1\n" in data
    assert verify(data).archive == verify().archive


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_change_makes_a_signed_manifest_say_something_else(
    data: st.DataObject, verify: Verify, simulated: SimulatedMirror
) -> None:
    good = simulated.raw_manifest("boat").data
    start = data.draw(st.integers(0, len(good)))
    stop = data.draw(st.integers(start, min(len(good), start + 40)))
    pieces = st.sampled_from([b"", b"\n", b" ", b"- ", b"{}", b'"a":1,', good[:60], good[-60:]])
    changed = good[:start] + data.draw(pieces | st.binary(max_size=6)) + good[stop:]
    try:
        found = verify(changed)
    except Refused:
        return
    assert found == verify(good)


def test_an_unsigned_mirror(verify: Verify, simulated: SimulatedMirror) -> None:
    simulated.unsign("boat")
    manifest = verify(signed=False)
    assert manifest.signature is None
    assert manifest.archive.sha256 == simulated.archive_path("boat").name


def test_a_signature_on_an_unsigned_mirror(
    verify: Verify, simulated: SimulatedMirror, other_key: SigningKey
) -> None:
    assert verify(signed=False).signature is not None
    simulated.sign_by("boat", other_key)
    assert verify(signed=False).signature is None
    data = simulated.raw_manifest("boat").data.replace(b'"gzip"', b'"none"')
    assert verify(data, signed=False).signature is None
    bad = refusal(verify, data, [pin_of(other_key)], signed=False)
    assert bad.title.endswith("has a bad signature: it was changed after it was signed")


def test_the_unsafe_policy_needs_an_unsigned_mirror(
    simulated: SimulatedMirror, tmp_path: Path
) -> None:
    with pytest.raises(WrongUse, match="Mirror simulated is configured as signed"):
        Verifier(simulated.mirror(), (), ACCEPT_UNSIGNED_BINARIES, tmp_path)


def test_a_manifest_of_another_mirror_is_not_judged(
    simulated: SimulatedMirror, tmp_path: Path
) -> None:
    mirror = simulated.mirror("another")
    verifier = Verifier(mirror, (), policy_of(mirror), tmp_path)
    with pytest.raises(Refused, match="comes from mirror simulated"):
        verifier.manifest(simulated.raw_manifest("boat"))
