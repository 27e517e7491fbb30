"""Mach-O files become what real Spack has made of them; `tests/interop` makes it again."""

import hashlib
import json
from pathlib import Path

import pytest

from core.errors import RelocationError
from core.relocate.cstrings import relocate_cstrings
from core.relocate.data import patched
from core.relocate.macho import is_spared, relocate_macho
from core.relocate.prefixes import PrefixMap, make_prefix_map
from core.relocate.signature import renewal
from tests.core.relocate.macho_cases import MOVES, files, signed_files

CASES = [(move, name) for move in MOVES for name in files()]
SIGNED = [(move, name) for move in MOVES for name in signed_files()]


def prefixes_of(move: str) -> PrefixMap:
    return make_prefix_map(None, MOVES[move][:-1], MOVES[move][-1])


@pytest.fixture(scope="module")
def recorded(golden: Path) -> dict[str, dict[str, str]]:
    return json.loads((golden / "macho" / "expected.json").read_text())


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(("move", "name"), CASES)
def test_the_bytes_are_those_of_spack(
    recorded: dict[str, dict[str, str]], move: str, name: str
) -> None:
    data, prefixes = files()[name], prefixes_of(move)
    try:
        new = data if is_spared(name) else relocate_macho(data, prefixes)
        found = digest(relocate_cstrings(new, prefixes))
    except RelocationError:
        found = "refused"
    assert found == recorded[move][name]


@pytest.mark.parametrize(("move", "name"), SIGNED)
def test_the_signature_is_that_of_llvm(
    recorded: dict[str, dict[str, str]], move: str, name: str
) -> None:
    new = relocate_macho(signed_files()[name], prefixes_of(move))
    patches = renewal(new)
    assert patches
    assert digest(patched(new, patches)) == recorded[f"{move}, signed"][name]
