"""Who has no mirror yet is told how to get one, whatever they ask for first."""

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
