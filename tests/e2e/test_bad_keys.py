"""Keys and mirrors that must not count, by the command line.

One case for each line of the table of bad input about keys; the number in the name is that of the
line.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from core.net.files import file_url
from tests.e2e.signed_world import REFUSED, UNKNOWN, World, assert_untouched, hash_of
from tests.e2e.test_terminal import terminal
from tests.program import Program
from tests.simulator.keys import KeyRing
from tests.simulator.mirror import SimulatedMirror, simulated_mirror


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("43 expired", "cannot be trusted: it is expired since 2026-03-01"),
        ("44 revoked", "cannot be trusted: it is revoked"),
        ("46 weak", "cannot be trusted: it is too weak (RSA 1024)"),
    ],
)
def test_keys_that_are_not_trusted(
    case: str, words: str, program: Program, key_ring: KeyRing, tmp_path: Path
) -> None:
    key = key_ring.generate(
        f"Bad {case} <bad@simulator.example>",
        algorithm="rsa1024" if "weak" in case else "ed25519",
        expires="20260301T000000" if "expired" in case else "never",
    )
    if "revoked" in case:
        key_ring.revoke(key)
    mirror = SimulatedMirror(tmp_path / "mirror", None)
    mirror.write_index()
    mirror.offer({key.fingerprint: key.public})
    program.good("mirror", "add", "harbor", mirror.url)
    said = program.refused(REFUSED, "key", "trust", "harbor", key.fingerprint)
    assert f"The key {key.fingerprint} {words}." in said
    assert program.json("mirror", "list")["mirrors"][0]["trusted_keys"] == 0


def test_52_a_file_of_many_keys_is_no_bunch(
    program: Program, world: World, key_ring: KeyRing
) -> None:
    many = [key_ring.generate(f"Number {n} <many{n}@simulator.example>") for n in range(5)]
    world.mirror.offer({world.owner.fingerprint: b"".join(key.public for key in many)})
    program.good("mirror", "add", "harbor", world.mirror.url)
    assert len(program.json("key", "list", "harbor")["keys"]) == 5
    program.good("key", "trust", "harbor", many[3].fingerprint)
    trusted = [key for key in program.json("key", "list", "harbor")["keys"] if key["trusted"]]
    assert [key["fingerprint"] for key in trusted] == [many[3].fingerprint]


def test_53_a_short_id_is_no_name_of_a_key(program: Program, world: World) -> None:
    program.good("mirror", "add", "harbor", world.mirror.url)
    for length in (8, 16, 39):
        short = world.owner.fingerprint[-length:]
        said = program.refused(2, "key", "trust", "harbor", short)
        assert "is not a full key fingerprint (40 hex digits)" in said
    assert world.owner.fingerprint in program.good("key", "list").replace(" ", "")


def test_54_a_user_id_reaches_no_terminal_as_it_is(
    program: Program, key_ring: KeyRing, tmp_path: Path
) -> None:
    key = key_ring.generate("\x1b[2J\x1b]0;owned\x07 " + "long " * 300 + "<x@simulator.example>")
    mirror = simulated_mirror(tmp_path / "mirror", (), key=key)
    program.good("mirror", "add", "harbor", mirror.url)
    for said in (program.good("key", "list"), program.good("key", "check", "harbor")):
        assert "\x1b" not in said
        assert "\x07" not in said


@pytest.mark.parametrize("text", ["{", '{"version": 9, "mirrors": []}'])
def test_55_a_damaged_file_of_pins_loses_nothing(text: str, program: Program, world: World) -> None:
    program.trusting(world.mirror.url, world.mirror.fingerprint)
    path = program.directory / "config" / "pins.json"
    path.write_text(text)
    for command in (
        ("install", "boat", "--yes"),
        ("key", "trust", "harbor", world.owner.fingerprint),
        ("key", "distrust", "harbor", world.owner.fingerprint),
    ):
        assert "The file of trusted keys" in program.refused(1, *command)
    assert path.read_text() == text
    assert_untouched(program)


def test_56_a_host_without_gnupg(program: Program, world: World, tmp_path: Path) -> None:
    program.trusting(world.mirror.url, world.mirror.fingerprint)
    done = run_with(program, {"PATH": str(tmp_path / "nowhere")}, "install", "boat", "--yes")
    assert done.returncode == REFUSED, done.stdout + done.stderr
    assert "GnuPG is not here, and without it no signature can be checked" in done.stderr
    assert_untouched(program)


def test_56_no_agent_no_socket_and_long_paths(
    program: Program, world: World, tmp_path: Path
) -> None:
    state = tmp_path / ("a long path of state " * 8)
    # GnuPG would make its sockets here, where those of other tests are too: so in a mount of ours.
    run = Path(f"/run/user/{os.getuid()}")
    script = f'mkdir -p {run} && mount -t tmpfs none {run} && "$@" && find {run} -mindepth 1 >&2'
    own = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    for command in (
        ("mirror", "add", "harbor", world.mirror.url),
        ("key", "trust", "harbor", world.owner.fingerprint),
        ("install", "boat", "--yes"),
    ):
        done = subprocess.run(
            [*own, "sh", "-c", script, "sh", *program.arguments("--quiet", *command)],
            env={
                **program.environment,
                "SPACKBIN_STATE_DIR": str(state),
                "TMPDIR": str(tmp_path),
            },
            cwd=program.directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{run}/gnupg/" not in done.stderr
    assert len(str(next(state.rglob("pins.gpg")))) > 108
    assert [path for path in tmp_path.rglob("*") if path.is_socket()] == []
    assert not (program.directory / ".gnupg").exists()
    mine = [line for line in command_lines() if os.fsencode(tmp_path) in line]
    assert [line for line in mine if b"agent" in line or b"keyboxd" in line] == []


def test_57_a_key_that_changed_is_shown_and_not_taken(program: Program, world: World) -> None:
    program.trusting(world.mirror.url, world.mirror.fingerprint)
    world.mirror.offer({world.other.fingerprint: world.other.public})
    for name in ("tide", "boat"):
        world.mirror.sign_by(name, world.other)
    said = program.refused(REFUSED, "install", "boat", "--yes")
    assert UNKNOWN.format(hash=hash_of(world), other=world.other.fingerprint) in said
    assert_untouched(program)
    shown = program.good("key", "check", "harbor")
    assert "The keys of mirror harbor have changed since you last trusted one." in shown
    before, _, now = shown.partition("Before:")[2].partition("Now:")
    assert world.owner.fingerprint in before.replace(" ", "")
    assert world.other.fingerprint in now.replace(" ", "")
    report = program.json("key", "check", "harbor")
    assert report["has_changed"]
    assert [key["fingerprint"] for key in report["report"]["before"]] == [world.owner.fingerprint]


def test_58_a_second_source_that_disagrees_stops(
    program: Program, world: World, tmp_path: Path
) -> None:
    page = tmp_path / "keys.txt"
    page.write_text(f"We sign with {world.other.fingerprint}\n")
    program.good("mirror", "add", "harbor", world.mirror.url, "--keys-page", file_url(page))
    done = program.run("key", "check", "harbor")
    assert done.returncode == REFUSED
    assert f"keys page: DISAGREES ({file_url(page)} names {world.other.fingerprint}" in done.stdout
    said = program.refused(REFUSED, "key", "trust", "harbor", world.owner.fingerprint)
    assert "is not trusted: second sources name another one" in said
    assert_untouched(program)
    assert program.refused(REFUSED, "install", "boat", "--yes")
    despite = ("--although-sources-disagree",)
    program.good("key", "trust", "harbor", world.owner.fingerprint, *despite)
    pins = json.loads((program.directory / "config" / "pins.json").read_text())
    assert world.other.fingerprint in pins["mirrors"][0]["pins"][0]["exception"]


def test_58_a_second_source_that_is_away_agrees_to_nothing(program: Program, world: World) -> None:
    page = "http://127.0.0.1:9/keys"
    program.good("mirror", "add", "harbor", world.mirror.url, "--keys-page", page)
    (card,) = program.json("key", "check", "harbor")["report"]["cards"]
    opinions = {source["name"]: source for source in card["sources"]}
    assert opinions["keys page"]["opinion"] == "not checked"
    assert f"{page} cannot be read" in opinions["keys page"]["detail"]
    program.good("key", "trust", "harbor", world.owner.fingerprint)


# Mirrors that nobody vouches for


def test_38_a_doubtful_mirror_is_not_added_by_yes_alone(program: Program, golden: Path) -> None:
    url = str(golden / "dev" / "mirror-unsigned")
    said = program.refused(REFUSED, "mirror", "add", "plain", url, "--unsigned")
    assert "Mirror plain (UNSIGNED) is not added without its name typed once more" in said
    assert "--allow-doubtful plain" in said
    program.refused(
        REFUSED, "mirror", "add", "bot", url, "--channel", "PR", "--allow-doubtful", "x"
    )
    assert program.json("mirror", "list")["mirrors"] == []


def test_38_a_pull_request_is_quarantined_and_comes_last(program: Program, golden: Path) -> None:
    url = str(golden / "dev" / "mirror-prbot")
    program.good("mirror", "add", "prbot", url, "--channel", "PR", "--allow-doubtful", "prbot")
    program.good("key", "trust", "prbot", "D775EB400B42B5C4E1D0936FFB56286B2FEC7170")
    assert "PR, signed, 1 trusted" in program.good("mirror", "list")
    plan = program.json("plan", "kelp")
    apart = program.store.with_name(f"{program.store.name}-quarantine-prbot")
    assert plan["store"] == str(apart)
    assert "pull request" in plan["notes"][0]
    program.good("install", "kelp", "--yes")
    assert list(apart.glob("*/kelp-*"))
    assert not program.store.exists()
    # As soon as a mirror that somebody vouches for has it, it comes from there.
    program.trusting(golden / "dev" / "mirror-signed")
    plan = program.json("plan", f"/{plan['roots'][0]}")
    assert plan["store"] == str(program.store)
    assert [node["source"]["mirror"] for node in plan["nodes"] if node["source"]] == ["harbor"]


def test_29_an_older_index_is_refused_until_confirmed(program: Program, world: World) -> None:
    program.trusting(world.mirror.url, world.mirror.fingerprint)
    old = world.mirror.index_manifest.read_bytes()
    world.mirror.builds.pop("boat")
    world.mirror.write_index()
    program.good("mirror", "refresh")
    world.mirror.index_manifest.write_bytes(old)
    said = program.refused(REFUSED, "mirror", "refresh")
    assert "Mirror harbor has gone back to an older index" in said
    assert program.json("mirror", "list")["mirrors"][0]["builds"] == 1
    program.refused(2, "mirror", "refresh", "--accept-older")
    program.good("mirror", "refresh", "harbor", "--accept-older")
    assert program.json("mirror", "list")["mirrors"][0]["builds"] == 2


def run_with(
    program: Program, changes: dict[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        program.arguments(*arguments),
        env={**program.environment, **changes},
        cwd=program.directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def command_lines() -> list[bytes]:
    found: list[bytes] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes())
        except OSError:
            continue
    return found


# Questions, on a terminal


def test_every_key_is_asked_about_and_no_is_the_answer(program: Program, world: World) -> None:
    offered = {key.fingerprint: key.public for key in (world.owner, world.other)}
    world.mirror.offer(offered)
    program.good("mirror", "add", "harbor", world.mirror.url)
    with terminal(program, "key", "trust", "harbor") as opened:
        opened.sees("Trust this key for mirror harbor only? [y/N]")
        opened.press("\r")
        opened.sees("Somebody Else", "Owner", "not checked")
        opened.press("y\r")
        opened.sees("Trusted for mirror harbor only:")
    trusted = [key for key in program.json("key", "list", "harbor")["keys"] if key["trusted"]]
    assert len(trusted) == 1


def test_the_name_of_a_doubtful_mirror_is_asked_for(program: Program, golden: Path) -> None:
    command = ("mirror", "add", "plain", str(golden / "dev" / "mirror-unsigned"), "--unsigned")
    for answer, words in (("y", "is not added without its name"), ("plain", "Added mirror plain")):
        with terminal(program, *command) as opened:
            opened.sees("Mirror plain is unsigned.", "type its name")
            opened.press(f"{answer}\r")
            opened.sees(words)
    assert [one["badge"] for one in program.json("mirror", "list")["mirrors"]] == ["UNSIGNED"]
