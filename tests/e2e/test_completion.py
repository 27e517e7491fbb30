"""What the shell is told when it asks how a line could go on."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.program import Program

MAIN = "import sys; sys.argv = ['spackbin']; from tui.cli.__main__ import main; main()"


def completed(program: Program, line: str) -> list[str]:
    """The values that bash is offered for the last word of a line."""
    words = shlex.split(line.replace(" ''", ""))
    number = len(words) if line.endswith("''") else len(words) - 1
    asked = {
        "_SPACKBIN_COMPLETE": "bash_complete",
        "COMP_WORDS": shlex.join(words),
        "COMP_CWORD": str(number),
    }
    done = subprocess.run(
        [sys.executable, "-c", MAIN],
        env={**program.environment, **asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return [found.removeprefix("plain,") for found in done.stdout.split()]


@pytest.fixture
def harbor(program: Program, golden: Path) -> Program:
    program.good("mirror", "add", "harbor", str(golden / "dev" / "mirror-signed"))
    return program


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("spackbin mat", ["matrix"]),
        ("spackbin key im", ["import"]),
        ("spackbin install li", ["libharbor", "libtide"]),
        ("spackbin plan reef wr", ["wreck"]),
        ("spackbin list k", ["kelp"]),
        ("spackbin info tr", ["trawl"]),
        ("spackbin key trust ''", ["harbor"]),
        ("spackbin mirror remove h", ["harbor"]),
        ("spackbin mirror refresh h", ["harbor"]),
        ("spackbin --mirror h", ["harbor"]),
        ("spackbin --config /nowhere key trust ''", []),
        ("spackbin fleet remove h", []),
    ],
)
def test_names_are_completed(harbor: Program, line: str, values: list[str]) -> None:
    assert completed(harbor, line) == values


def test_what_cannot_be_read_completes_to_nothing(harbor: Program) -> None:
    (harbor.directory / "config" / "mirrors.yaml").write_text("mirrors: [1")
    assert completed(harbor, "spackbin key trust ''") == []
