"""The program in GNU screen: with its one screen, or two, and whatever it says that it is."""

from pathlib import Path

import pytest

from tests.multiplexers.inside import be_resized, inside, leave, use
from tests.program import Program


@pytest.mark.parametrize("altscreen", ["on", "off"])
@pytest.mark.parametrize("term", ["screen", "screen-256color"])
def test_in_screen(program: Program, golden: Path, term: str, altscreen: str) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    wishes = program.directory / "screenrc"
    wishes.write_text(f"startup_message off\ndefutf8 on\nterm {term}\naltscreen {altscreen}\n")
    starts = ("screen", "-U", "-c", str(wishes), "-S", "spackbin")
    with inside(program, starts, ("screen", "-S", "spackbin", "-X", "quit")) as opened:
        use(opened, program)
        be_resized(opened)
        leave(opened)
