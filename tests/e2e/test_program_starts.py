"""Most tests run copies of a loaded program: they do as one does that starts anew."""

from pathlib import Path

import pytest

from tests.program import KEY, Program


@pytest.mark.parametrize(
    "arguments",
    [
        ("--version",),
        ("--help",),
        ("no-such-command",),
        ("mirror", "list", "--json"),
        ("list", "--no-such-option"),
        ("show", "reef"),
        ("show", "no-such-package"),
        (),
    ],
    ids=" ".join,
)
def test_a_copy_does_what_a_new_one_does(
    program: Program, golden: Path, arguments: tuple[str, ...]
) -> None:
    program.trusting(golden / "dev" / "mirror-signed", KEY)
    copied, anew = program.run(*arguments), program.run_anew(*arguments)
    assert (copied.returncode, copied.stdout) == (anew.returncode, anew.stdout)
    assert copied.stderr == anew.stderr
