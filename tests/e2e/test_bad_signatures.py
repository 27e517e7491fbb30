"""Signatures that must not count, by the command line.

One case for each line of the table of bad input about signatures; the number in the name is that of
the line. Each ends with the exact refusal, exit status 3, and a store that nobody has touched.
"""

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.signed_world import REFUSED, UNKNOWN, World, assert_untouched, hash_of
from tests.program import Program
from tests.simulator.keys import KeyRing
from tests.simulator.mirror import simulated_mirror

BAD = "tide@2.1/{hash} has a bad signature: it was changed after it was signed"
UNUSUAL = "The manifest of tide@2.1/{hash} has an unusual header before the signed text"
OUTSIDE = (
    "The manifest of tide@2.1/{hash} has text outside of its signed block, or the block is not"
    " complete"
)
CONTROL = "The manifest of tide@2.1/{hash} has control characters in it"
UNSIGNED = "tide@2.1/{hash} is not signed, and mirror harbor must be"
WEAK = "tide@2.1/{hash} has a signature made with a weak digest (MD5, SHA-1 or the like)"
SHA512 = ("--digest-algo", "SHA512")
OLD = ("--faked-system-time", "20260201T000000")


CASES: dict[str, tuple[Callable[[World], None], str]] = {
    "39 unsigned": (lambda w: w.mirror.unsign("tide"), UNSIGNED),
    "40 changed text": (lambda w: w.change(b'"gzip"', b'"none"'), BAD),
    "40 signature of another text": (
        lambda w: w.mirror.write_raw_manifest(
            "tide",
            w.mirror.manifest_path("tide").read_bytes().partition(b"-----BEGIN PGP SIGNATURE")[0]
            + b"-----BEGIN PGP SIGNATURE"
            + w.mirror.manifest_path("boat").read_bytes().partition(b"-----BEGIN PGP SIGNATURE")[2],
        ),
        BAD,
    ),
    "41 unknown key": (lambda w: w.mirror.sign_by("tide", w.other), UNKNOWN),
    "43 expired signature": (
        lambda w: w.sign(w.text, *OLD, "--default-sig-expire", "1d"),
        "tide@2.1/{hash} has a signature that has expired",
    ),
    "46 SHA-1": (lambda w: w.sign(w.text, "--digest-algo", "SHA1"), WEAK),
    "47 two blocks": (
        lambda w: w.around(after=w.mirror.manifest_path("boat").read_bytes()),
        "The manifest of tide@2.1/{hash} has more than one signed block",
    ),
    "47 two signatures": (
        lambda w: w.sign(w.text, "--local-user", w.other.fingerprint, *SHA512),
        "tide@2.1/{hash} has 2 signatures instead of one",
    ),
    "47 text before": (lambda w: w.around(before=b"{}\n"), UNSIGNED),
    "47 text after": (lambda w: w.around(after=b"{}\n"), OUTSIDE),
    "48 form feed": (lambda w: w.change(b"{", b"\x0c{"), CONTROL),
    "48 escape code": (lambda w: w.change(b"{", b"\x1b[2K{"), CONTROL),
    "48 escape code, well signed": (
        lambda w: w.sign(w.text.replace(b"{", b"{\x1b[2K", 1)),
        CONTROL,
    ),
    "49 long line": (
        lambda w: w.change(b"{", b"{" + b" " * 20_000),
        "The manifest of tide@2.1/{hash} has a line of more than 19,995 characters",
    ),
    "49 long line, cut off when it was signed": (
        lambda w: w.sign(b'{"note":"' + b"x" * 20_000 + b'",' + w.text[1:]),
        "The manifest of tide@2.1/{hash} cannot be accepted: it is not complete JSON",
    ),
    "51 lying Hash header": (
        lambda w: w.change(b"Hash: SHA512", b"Hash: SHA256"),
        "tide@2.1/{hash} has a signature that GnuPG cannot check",
    ),
    "51 extra header": (lambda w: w.change(b"\n\n{", b"\nComment: {}\n\n{"), UNUSUAL),
    "51 no Hash header": (lambda w: w.change(b"Hash: SHA512\n", b""), UNUSUAL),
    "36 well signed, and of another package": (
        lambda w: w.mirror.substitute("tide", "boat"),
        "The manifest at the place of tide@2.1/{hash} is for boat@3.0/",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_does_not_count_is_refused(case: str, program: Program, world: World) -> None:
    spoil, words = CASES[case]
    spoil(world)
    program.trusting(world.mirror.url, world.mirror.fingerprint)
    said = program.refused(REFUSED, "install", "boat", "--yes")
    assert words.format(hash=hash_of(world), other=world.other.fingerprint) in said
    assert said.startswith("tide@2.1") or "tide@2.1 cannot be trusted" in said
    assert_untouched(program)


def test_42_a_key_of_another_mirror(program: Program, world: World, tmp_path: Path) -> None:
    spare = simulated_mirror(tmp_path / "spare", (), key=world.other)
    world.mirror.sign_by("tide", world.other)
    program.trusting(world.mirror.url, world.mirror.fingerprint)
    program.good("mirror", "add", "spare", spare.url)
    program.good("key", "trust", "spare", world.other.fingerprint)
    said = program.refused(REFUSED, "install", "boat", "--yes")
    assert UNKNOWN.format(hash=hash_of(world), other=world.other.fingerprint) in said
    assert_untouched(program)


def test_45_a_subkey_of_a_trusted_key_may_sign(
    program: Program, key_ring: KeyRing, tmp_path: Path
) -> None:
    key = key_ring.generate("With Subkey <sub@simulator.example>")
    key_ring.add_signing_subkey(key)
    mirror = simulated_mirror(tmp_path / "mirror", key=key)
    program.trusting(mirror.url, key.fingerprint)
    plan = program.json("plan", "boat")
    assert plan["is_ready"]
    assert [signer["fingerprint"] for signer in plan["signers"]] == [key.fingerprint]


def test_50_line_ends_do_not_matter(program: Program, world: World) -> None:
    path = world.mirror.manifest_path("tide")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    program.trusting(world.mirror.url, world.mirror.fingerprint)
    assert program.json("plan", "boat")["is_ready"]


def test_36_an_archive_of_another_package_well_signed(program: Program, world: World) -> None:
    boat = world.mirror.archive_path("boat").read_bytes()
    world.mirror.replace_archive("tide", boat)
    program.trusting(world.mirror.url, world.mirror.fingerprint)
    said = program.refused(REFUSED, "install", "tide", "--yes")
    assert "it is boat@3.0" in said
    assert "not tide@2.1" in said
    assert_untouched(program)


def test_36_build_info_of_another_package_well_signed(program: Program, world: World) -> None:
    def with_info_of_boat(archive: bytes) -> bytes:
        out = io.BytesIO()
        with (
            tarfile.open(fileobj=io.BytesIO(archive)) as old,
            tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as new,
        ):
            for member in old.getmembers():
                stream = old.extractfile(member) if member.isreg() else None
                if stream and member.name.endswith(".spack/binary_distribution"):
                    tide, boat = world.mirror.builds["tide"].hash, world.mirror.builds["boat"].hash
                    changed = stream.read().replace(tide.encode(), boat.encode())
                    member.size, stream = len(changed), io.BytesIO(changed)
                new.addfile(member, stream)
        return gzip.compress(out.getvalue(), mtime=0)

    good = world.mirror.archive_path("tide").read_bytes()
    world.mirror.replace_archive("tide", with_info_of_boat(good))
    program.trusting(world.mirror.url, world.mirror.fingerprint)
    said = program.refused(REFUSED, "install", "tide", "--yes")
    assert "its build info is not that of tide@2.1/" in said
    assert_untouched(program)
