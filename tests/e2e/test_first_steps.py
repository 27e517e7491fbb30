"""Who has no mirror yet is told how to get one, whatever they ask for first."""

from pathlib import Path
from shlex import quote

import pytest

from tests.program import Program


@pytest.mark.parametrize("command", [("list",), ("list", "zlib", "--all"), ("mirror", "list")])
def test_nothing_can_be_listed(program: Program, command: tuple[str, ...]) -> None:
    said = program.run(*command)
    assert said.returncode == 0
    assert "No mirror is configured. Add one: spackbin mirror add NAME URL" in said.stderr
    assert "spackbin mirror known" in said.stderr
    assert "--all" not in said.stderr


@pytest.mark.parametrize("command", ["show", "plan", "install"])
def test_nothing_can_be_had(program: Program, command: str) -> None:
    said = program.refused(4, command, "zlib")
    assert "No mirror offers 'zlib'." in said
    assert "add one: spackbin mirror add NAME URL" in said


DOUBTFUL = ("--unsigned", "--allow-doubtful", "loose")


def test_no_key_is_listed_and_why(program: Program, golden: Path) -> None:
    assert "No mirror is configured. Add one" in program.run("key", "list").stderr
    program.good("mirror", "add", "loose", str(golden / "dev" / "mirror-unsigned"), *DOUBTFUL)
    said = program.run("key", "list")
    assert (said.stdout, said.stderr) == ("", "All mirrors are unsigned: they need no key.\n")
    assert program.run("key", "list", "loose").stderr == "loose offers no key.\n"


def test_a_name_that_is_no_mirror_is_not_taken_for_a_directory(program: Program) -> None:
    program.good("mirror", "known")
    said = program.refused(2, "--mirror", "harbour", "list")
    assert "There is no mirror called 'harbour'." in said
    assert "Known mirrors: none is configured." in said
    assert "give the URL or the directory of another" in said
    assert "There is no mirror called 'harbour'." in program.refused(2, "--mirror", "harbour")


def test_a_mirror_that_was_not_read_yet_says_how_to_read_it(program: Program, golden: Path) -> None:
    url = str(golden / "dev" / "mirror-signed")
    said = program.run("--mirror", url, "list")
    (line,) = said.stderr.splitlines()
    command = f"spackbin --mirror {quote(url)} mirror refresh"
    assert line.endswith(f"To read the index: {command}")
    assert said.stdout == ""
    program.good("--mirror", url, "mirror", "refresh")
    said = program.run("--mirror", url, "list")
    assert "kelp@2024.1" in said.stdout
    assert said.stderr == ""


@pytest.mark.parametrize("group", [(), ("key",), ("mirror",), ("cache",), ("fleet",)])
def test_no_help_is_cut(program: Program, group: tuple[str, ...]) -> None:
    said = program.good(*group, "--help")
    commands = said[said.index("\nCommands:") :]
    assert "..." not in commands.replace("SPEC...", "")
