"""What the command line says while it installs: each signer once, each prefix, how to go on."""

from pathlib import Path
from shlex import quote

from tests.program import KEY, Program

SIGNERS = "  From harbor, signatures good: Harbor Release"


def test_a_signer_is_named_once_and_verbose_says_it_of_every_package(
    program: Program, golden: Path
) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    said = program.run("install", "libharbor", "kelp", "--yes").stderr
    assert said.count(SIGNERS) == 1
    grouped = " ".join(KEY[at : at + 4] for at in range(0, 20, 4))
    assert grouped in said
    assert ": signature good" not in said
    assert "relocated" not in said
    assert said.count(": installed in ") == 4

    said = program.run("attach", "--verbose").stderr
    assert said.count(": signature good, Harbor Release") == 4
    assert said.count(": relocated, ") >= 3
    assert SIGNERS not in said


def test_how_to_run_what_was_asked_for_is_said(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    said = program.run("install", "beacon@1.3.0", "--yes").stderr
    programs = quote(str(program.prefix("beacon") / "bin"))
    assert [line for line in said.splitlines() if "export PATH" in line] == [
        f"To run its programs: export PATH={programs}:$PATH"
    ]


def test_quiet_says_nothing(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    assert program.run("--quiet", "install", "kelp@2024.1 os=debian12", "--yes").stderr == ""
