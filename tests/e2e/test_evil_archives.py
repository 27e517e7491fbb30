"""Archives that must not be unpacked although they are well signed, by the real program.

One case at least for each line of the table of bad input about archives; the number in the name is
that of the line. All of them are one mirror and one `spackbin install`: each package fails by
itself, with its own refusal and exit status 3, and the store is as if nothing had happened.
"""

import gzip
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.program import Program
from tests.simulator.keys import SigningKey
from tests.simulator.mirror import SimulatedMirror
from tests.simulator.server import serve
from tests.simulator.spoilt import (
    Spoil,
    adding,
    bomb,
    ending,
    gnu,
    instead,
    member,
    packed,
    push_spoilt,
    summed,
    with_size,
)

REFUSED = 3
BUILD_INFO = ".spack/binary_distribution"
ESCAPED = "/tmp/spackbin-escaped"
"""Written by nobody: where the archives here try to get to."""

FIFO, DEVICE, DISK = tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE
LINK, HARD, DIRECTORY = tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE

LEADS_OUTSIDE = "a name leads outside"
NOT_BELOW = "a member is outside of the prefix of the package"
NO_DIRECTORY = "a member does not follow a directory that holds it"
NO_EARLIER_FILE = "a hard link does not lead to an earlier file"
NO_KIND = "a member is neither file, directory nor link"
SET_ID = "a file would run with the rights of its owner (set-uid or set-gid)"
TWICE = "it holds a name twice"
CONTROL = "a name holds a control character"
NOT_TO_ITS_END = "it cannot be read to its end"
FOLLOWS = "something follows its end"
NO_SIZE = "a member does not say its size plainly"
OURS = "a member is where the installation writes its own file"


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", **more: Any) -> Spoil:
    """Adds one member; `@` stands for the prefix."""
    return adding(
        lambda top: member(name.replace("@", top), kind, link=link.replace("@", top), **more)
    )


def after(change: Any) -> Spoil:
    """Changes the packed archive as a whole."""
    return lambda archive, _top: change(archive)


def unpacked(change: Any) -> Spoil:
    """Changes the unpacked archive as a whole."""
    return lambda archive, _top: packed(change(gzip.decompress(archive)))


def sized(field: bytes) -> Spoil:
    """Adds a member that says its size in these bytes."""
    return adding(with_size(member("x"), field))


CASES: dict[str, tuple[Spoil, str]] = {
    "59 up": (entry("@/../../../escaped"), LEADS_OUTSIDE),
    "59 up in the middle": (entry("@/share/../../../../escaped"), LEADS_OUTSIDE),
    "59 up alone": (entry(".."), LEADS_OUTSIDE),
    "59 up and down again": (entry("@/share/../share/x"), LEADS_OUTSIDE),
    "59 a dot": (entry("@/./x"), "a name is not in its plain form"),
    "59 an empty part": (entry("@//x"), "a name is not in its plain form"),
    "59 an empty name": (entry("x", pax={"path": ""}), "a name is not in its plain form"),
    "60 absolute": (entry(ESCAPED), "a name is absolute"),
    "61 sibling": (entry("@-sibling/escaped"), NOT_BELOW),
    "61 sibling without a slash": (entry("@x"), NOT_BELOW),
    "62 through a link": (
        adding(
            lambda top: member(f"{top}/out", LINK, link="/tmp"),
            lambda top: member(f"{top}/out/spackbin-escaped", data=b"x"),
        ),
        NO_DIRECTORY,
    ),
    "62 through a link within": (
        adding(
            lambda top: member(f"{top}/out", LINK, link="share"),
            lambda top: member(f"{top}/out/x", data=b"x"),
        ),
        NO_DIRECTORY,
    ),
    "62 a directory becomes a link": (
        adding(
            lambda top: member(f"{top}/share", LINK, link="/tmp"),
            lambda top: member(f"{top}/share/spackbin-escaped", data=b"x"),
        ),
        TWICE,
    ),
    "62 a link becomes a file": (
        adding(
            lambda top: member(f"{top}/out", LINK, link=ESCAPED),
            lambda top: member(f"{top}/out", data=b"x"),
        ),
        TWICE,
    ),
    "62 metadata is a link": (entry("@/.spack", LINK, "/tmp"), TWICE),
    "63 outside": (entry("@/passwd", HARD, "/etc/passwd"), "a hard link leads outside"),
    "63 up": (entry("@/up", HARD, "@/../x"), NO_EARLIER_FILE),
    "63 missing": (entry("@/gone", HARD, "@/missing"), NO_EARLIER_FILE),
    "63 to what comes later": (
        adding(
            lambda top: member(f"{top}/early", HARD, link=f"{top}/late"),
            lambda top: member(f"{top}/late", data=b"x"),
        ),
        NO_EARLIER_FILE,
    ),
    "63 to a link": (
        adding(
            lambda top: member(f"{top}/way", LINK, link="/etc/passwd"),
            lambda top: member(f"{top}/hard", HARD, link=f"{top}/way"),
        ),
        NO_EARLIER_FILE,
    ),
    "63 to a directory": (entry("@/hard", HARD, "@/share"), NO_EARLIER_FILE),
    "63 to the spec": (
        entry("@/hard", HARD, "@/.spack/spec.json"),
        "a hard link leads to the spec",
    ),
    "63 nowhere": (entry("@/nowhere", LINK), "a link leads nowhere"),
    "64 device": (entry("@/null", DEVICE), NO_KIND),
    "64 block device": (entry("@/disk", DISK), NO_KIND),
    "64 FIFO": (entry("@/pipe", FIFO), NO_KIND),
    "64 socket": (entry("@/socket", b"s"), NO_KIND),
    "65 set-uid": (entry("@/bin", mode=0o4755), SET_ID),
    "65 set-gid": (entry("@/bin", mode=0o2755), SET_ID),
    "67 twice": (entry("@/share/good"), TWICE),
    "67 a file and a directory": (entry("@/share/good", DIRECTORY), TWICE),
    "67 two specs": (entry("@/.spack/spec.json", data=b"{}"), TWICE),
    "69 newline": (entry("@/a\nb"), CONTROL),
    "69 escape code": (entry("@/a\x1b[2Jb"), CONTROL),
    "69 escape code of one byte": (entry("@/a\x9b2Jb"), CONTROL),
    "69 NUL": (entry("x", pax={"path": "x\0/../y"}), CONTROL),
    "69 newline in a target": (entry("@/way", LINK, "a\nb"), CONTROL),
    "69 long part": (entry("@/" + "x" * 256), "a part of a name is longer than 255 bytes"),
    "69 long part in UTF-8": (entry("@/" + "ü" * 128), "a part of a name is longer than 255 bytes"),
    "69 long path": (entry("@" + "/xxxxxxxxx" * 290), "a name is longer than 3000 bytes"),
    "69 long target": (entry("@/way", LINK, "x" * 4097), "a name is longer than 3000 bytes"),
    "70 many zeros": (
        after(lambda archive: bomb(gzip.decompress(archive), 544 << 20)),
        "it unpacks to more than 536870912 bytes",
    ),
    "70 huge and small": (sized(b"7" * 11), "it unpacks to more than 536870912 bytes"),
    "70 huge by an extended header": (
        entry("@/huge", pax={"size": str(1 << 40)}),
        "it unpacks to more than 536870912 bytes",
    ),
    "70 many empty files": (
        adding(b"".join(member(f"{number}") for number in range(10_001))),
        "it has more than 10000 members",
    ),
    "70 sparse": (entry("@/holes", b"S"), NO_KIND),
    "70 sparse by an extended header": (
        entry("@/holes", data=b"x", pax={"GNU.sparse.realsize": str(1 << 40)}),
        NO_SIZE,
    ),
    "71 cut short": (after(lambda archive: archive[:-9]), "it is cut short"),
    "71 something after it": (after(lambda archive: archive + b"x"), FOLLOWS),
    "71 zeros after it": (after(lambda archive: archive + bytes(512)), FOLLOWS),
    "71 a second stream": (after(lambda archive: archive + packed(b"x")), FOLLOWS),
    "71 not its checksum": (
        after(lambda archive: archive[:-8] + bytes(4) + archive[-4:]),
        "its compression is damaged",
    ),
    "71 no gzip": (after(gzip.decompress), "its compression is damaged"),
    "71 something after the tar": (unpacked(lambda raw: raw + b"x"), NOT_TO_ITS_END),
    "71 a tar after the tar": (unpacked(lambda raw: raw + raw), NOT_TO_ITS_END),
    "71 no end of the tar": (unpacked(lambda raw: raw[: ending(raw)]), "it is cut short"),
    "71 a header with a wrong checksum": (
        adding(lambda top: member(f"{top}/x")[:150] + b"9" + member(f"{top}/x")[151:]),
        NOT_TO_ITS_END,
    ),
    "72 deep": (entry("@" + "/d" * 200), "a name is deeper than 200 directories"),
    "72 very deep": (entry("@" + "/d" * 10_000), "a name is longer than 3000 bytes"),
    "73 no build info": (
        instead(BUILD_INFO),
        "it is no Spack package, .spack/binary_distribution is missing",
    ),
    "73 two build infos": (
        entry(f"@/{BUILD_INFO}", data=b"{}"),
        "it holds .spack/binary_distribution more than once",
    ),
    "73 a package in a package": (
        adding(
            lambda top: member(f"{top}/in", DIRECTORY),
            lambda top: member(f"{top}/in/.spack", DIRECTORY),
            lambda top: member(f"{top}/in/{BUILD_INFO}", data=b"{}"),
        ),
        "it holds .spack/binary_distribution more than once",
    ),
    "73 no spec": (
        instead(".spack/spec.json"),
        "it is no Spack package, .spack/spec.json is missing",
    ),
    "73 the spec is a link": (
        instead(
            ".spack/spec.json",
            lambda top: member(f"{top}/.spack/spec.json", LINK, link="/etc/passwd"),
        ),
        "it is no Spack package, .spack/spec.json is missing",
    ),
    "74 another name": (entry("x", pax={"path": "../../escaped"}), LEADS_OUTSIDE),
    "74 another absolute name": (entry("x", pax={"path": ESCAPED}), "a name is absolute"),
    "74 another target": (
        entry("@/hard", HARD, "@/share/good", pax={"linkpath": "/etc/passwd"}),
        "a hard link leads outside",
    ),
    "74 smaller than it is": (
        entry("@/x", data=b"x" * 2048, pax={"size": "512"}),
        NOT_TO_ITS_END,
    ),
    "74 larger than it is": (
        # The member takes in the build info.
        entry("@/x", data=b"x", pax={"size": str(2048)}),
        NOT_TO_ITS_END,
    ),
    "74 a negative size": (entry("@/x", data=b"x", pax={"size": "-512"}), NO_SIZE),
    "74 a size with a sign": (entry("@/x", data=b"x", pax={"size": "+1"}), NO_SIZE),
    "74 a negative size in binary": (
        sized(b"\xff" * 12),
        NO_SIZE,
    ),
    "74 a huge size in binary": (
        sized(b"\x80" + b"\x7f" * 11),
        f"it unpacks to more than {512 << 20} bytes",
    ),
    "74 a size that is no number": (
        sized(b"0000000000x"),
        NO_SIZE,
    ),
    "74 for all members": (
        adding(tarfile.TarInfo.create_pax_global_header({"path": "../../escaped"})),
        "it has a header that holds for all members",
    ),
    "74 long name": (adding(gnu(b"L", b"../../escaped"), member("x")), LEADS_OUTSIDE),
    "74 long target": (
        adding(
            lambda top: gnu(b"L", f"{top}/x".encode()),
            gnu(b"K", b"/etc/passwd"),
            member("x", HARD, link="y"),
        ),
        "a hard link leads outside",
    ),
    "74 a long name of many bytes": (
        adding(gnu(b"L", b"x" * (2 << 20)), lambda top: member(f"{top}/x")),
        "a header is too large",
    ),
    "74 long names and no member": (
        unpacked(lambda raw: raw[: ending(raw)] + gnu(b"L", b"x") * 50 + bytes(1024)),
        NOT_TO_ITS_END,
    ),
    "74 a mode that is no number": (
        adding(summed(member("x")[:100] + b"rwxr-xr-" + member("x")[108:])),
        "a member does not say its mode plainly",
    ),
    "where the spec waits": (entry("@/.spack/.spec.json.staged", data=b"{}"), OURS),
    "a link where the manifest is": (entry("@/.spack/install_manifest.json", LINK, ESCAPED), OURS),
    "a directory where the manifest is": (
        entry("@/.spack/install_manifest.json", DIRECTORY),
        OURS,
    ),
}


def named(case: str) -> str:
    """A package name for a case."""
    return "p" + case.lower().replace(" ", "-")


@dataclass(frozen=True)
class Attempt:
    """What one install of everything came to."""

    program: Program
    status: int
    events: list[dict[str, Any]]
    hashes: dict[str, str]
    left: list[str]

    def failure(self, case: str) -> dict[str, Any]:
        node = self.hashes[named(case)]
        (event,) = (
            item for item in self.events if item["event"] == "NodeFailed" and item["node"] == node
        )
        return event


@pytest.fixture(scope="module")
def attempt(tmp_path_factory: pytest.TempPathFactory, signing_key: SigningKey) -> Attempt:
    """All the packages of `CASES`, from a web server."""
    place = tmp_path_factory.mktemp("bad-archives")
    (place / "world").mkdir()
    program = Program(place / "world", place / "store")
    mirror = SimulatedMirror(place / "mirror", signing_key)
    for case, (spoil, _) in CASES.items():
        push_spoilt(mirror, named(case), spoil)
    mirror.write_index()
    mirror.offer({signing_key.fingerprint: signing_key.public})
    with serve(mirror.root) as server:
        program.trusting(server.url, signing_key.fingerprint)
        done = program.run("install", *map(named, CASES), "--yes", "--json")
    assert done.stdout, done.stderr
    assert "Traceback" not in done.stderr
    document = json.loads(done.stdout)
    hashes = {name: built.hash for name, built in mirror.builds.items()}
    return Attempt(program, done.returncode, document["events"], hashes, program.left_in_store())


@pytest.mark.parametrize("case", CASES)
def test_a_bad_archive_is_refused(case: str, attempt: Attempt) -> None:
    failure = attempt.failure(case)
    assert failure["title"] == f"The archive is refused: {CASES[case][1]}"
    assert failure["exit_status"] == REFUSED
    assert failure["detail"].isprintable()
    assert "mirror" in failure["hint"]
    assert not [path for path in attempt.left if named(case) in path]


def test_nothing_at_all_is_left_of_them(attempt: Attempt) -> None:
    assert attempt.status == REFUSED
    assert attempt.left == []
    assert not Path(ESCAPED).exists()
    assert not [item for item in attempt.events if item["event"] == "NodeFinished"]
