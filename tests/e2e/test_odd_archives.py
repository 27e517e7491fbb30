"""Archives that are odd and not dangerous: what becomes of them, by the real program.

The number in a name is that of the line of the table of bad input about archives.
"""

import os
import stat
import tarfile
from pathlib import Path

import pytest

from tests.program import Program
from tests.simulator.fixtures import Serve
from tests.simulator.keys import SigningKey
from tests.simulator.mirror import SimulatedMirror
from tests.simulator.spoilt import adding, member, push_spoilt

LATIN = "caf\udce9"
"""A name that is not UTF-8."""
COMPOSED, DECOMPOSED = "\u00fc", "u\u0308"
"""The same letter to a reader, in two forms."""


def owned(top: str) -> bytes:
    """A file of root's, with capabilities, an access list and a time to come."""
    owner = {
        "uid": "0",
        "gid": "0",
        "uname": "root",
        "gname": "root",
        "mtime": "99999999999",
        "SCHILY.xattr.user.note": "x",
        "SCHILY.xattr.security.capability": "\x01\x00\x00\x02",
        "SCHILY.acl.access": "user::rwx,user:nobody:rwx",
        "LIBARCHIVE.xattr.user.note": "eA==",
    }
    return member(f"{top}/share/owned", data=b"x", pax=owner)


@pytest.fixture
def mirror(tmp_path: Path, signing_key: SigningKey) -> SimulatedMirror:
    made = SimulatedMirror(tmp_path / "mirror", signing_key)
    made.offer({signing_key.fingerprint: signing_key.public})
    return made


def test_what_is_odd_and_harmless(program: Program, mirror: SimulatedMirror) -> None:
    spoil = adding(
        lambda top: member(f"{top}/share/sticky", data=b"x", mode=0o1644),
        lambda top: member(f"{top}/share/for-all", data=b"x", mode=0o666),
        lambda top: member(f"{top}/share/open", tarfile.DIRTYPE, mode=0o7777),
        owned,
        lambda top: member(f"{top}/share/Good", data=b"another"),
        lambda top: member(f"{top}/share/{COMPOSED}", data=b"composed"),
        lambda top: member(f"{top}/share/{DECOMPOSED}", data=b"decomposed"),
        lambda top: member(f"{top}/share/{LATIN}", data=b"latin"),
        lambda top: member(f"{top}/share/{'x' * 255}", data=b"long"),
        lambda top: member(f"{top}/share/out", tarfile.SYMTYPE, link="/usr/lib"),
        lambda top: member(f"{top}/share/up", tarfile.SYMTYPE, link="../../../../x"),
        lambda top: member(f"{top}/.spack/install_manifest.json", data=b"planted"),
        lambda top: member(
            f"{top}/share/manifest",
            tarfile.LNKTYPE,
            link=f"{top}/.spack/install_manifest.json",
        ),
    )
    push_spoilt(mirror, "odd", spoil)
    mirror.write_index()
    program.trusting(mirror.url, mirror.fingerprint)
    program.good("install", "odd", "--yes")
    share = program.prefix("odd") / "share"
    # 65: no bit but those of Spack's.
    assert {path.name: stat.S_IMODE(path.lstat().st_mode) for path in share.iterdir()} == {
        **dict.fromkeys(("good", "Good", "sticky", "for-all", "owned", "manifest"), 0o644),
        **dict.fromkeys((COMPOSED, DECOMPOSED, LATIN, "x" * 255), 0o644),
        **dict.fromkeys(("out", "up"), 0o777),
        "open": 0o2755,
    }
    # 66: owners, times and attributes of the archive do not count.
    status = (share / "owned").stat()
    assert (status.st_uid, status.st_gid) == (os.getuid(), (share / "good").stat().st_gid)
    assert status.st_mtime == 0
    assert os.listxattr(share / "owned") == []
    # 68: where the file system tells them apart, so do we.
    assert [(share / name).read_bytes() for name in ("good", "Good")] == [b"good\n", b"another"]
    assert (share / COMPOSED).read_bytes() == b"composed"
    assert (share / DECOMPOSED).read_bytes() == b"decomposed"
    # 69: any bytes may be a name, as long as a terminal can show it.
    assert (share / LATIN).read_bytes() == b"latin"
    assert b"caf\xe9" in os.listdir(os.fsencode(share))
    # A link may lead anywhere, as in Spack (externals are linked to so); nothing follows it.
    assert str((share / "out").readlink()) == "/usr/lib"
    assert str((share / "up").readlink()) == "../../../../x"
    # What is planted in the place of our manifest is not what lies there.
    manifest = program.prefix("odd") / ".spack/install_manifest.json"
    assert manifest.read_text().startswith("{")
    assert (share / "manifest").read_bytes() == b"planted"
    program.good("verify", "odd")


def test_75_an_archive_with_another_checksum_is_not_kept(
    program: Program, mirror: SimulatedMirror, serving: Serve
) -> None:
    push_spoilt(mirror, "spoilt", lambda archive, _top: archive)
    mirror.write_index()
    place = mirror.archive_path("spoilt")
    good = place.read_bytes()
    mirror.damage(place)
    program.trusting(serving(mirror.root).url, mirror.fingerprint)
    said = program.refused(3, "install", "spoilt", "--yes")
    assert "is not what its manifest says: it has another checksum" in said
    assert program.left_in_store() == []
    kept = [path.name for path in (program.directory / "cache").rglob("*")]
    assert place.name not in kept
    assert not [name for name in kept if name.startswith((".new-", "spackbin-"))]
    place.write_bytes(good)
    program.good("install", "spoilt", "--yes")
