"""The program in tmux."""

from pathlib import Path

import pytest

from tests.multiplexers.inside import inside, leave, use
from tests.program import Program


@pytest.mark.parametrize("term", ["screen", "tmux-256color"])
def test_in_tmux(program: Program, golden: Path, term: str) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    wishes = program.directory / "tmux.conf"
    wishes.write_text(f"set -g status off\nset -g default-terminal {term}\n")
    tmux = ("tmux", "-u", "-L", "spackbin", "-f", str(wishes))
    with inside(program, (*tmux, "new-session"), (*tmux, "kill-server")) as opened:
        use(opened, program)
        leave(opened)
