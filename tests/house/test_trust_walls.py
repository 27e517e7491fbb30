"""What is not verified is not unpacked: by the types, and by who may import what."""

import ast
import inspect
import typing
from pathlib import Path

import pytest

from core.engine.place import extract
from core.model.artifact import VerifiedArtifact
from core.planning.survey import survey_archive

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for room in ("core", "tui") for path in (ROOT / room).rglob("*.py"))

UNPACKERS = {"bz2", "gzip", "isal", "lzma", "tarfile", "zipfile", "zlib", "zlib_ng", "zstandard"}
MAY_UNPACK = {
    "core/archive/headers.py": {"zlib"},  # a checksum, and nothing of compression
    "core/archive/inflate.py": {"zlib", "zlib_ng"},
    "core/mirror/wrapped.py": {"tarfile"},  # layout 0 has the signature itself in a plain tar
    "core/model/documents.py": {"zlib"},  # indices, keys, and spec documents of a known digest
}
OPENERS = {"inflate", "open_unpacked", "read_headers", "read_inventory", "MemberReader"}
MAY_OPEN = {"core/engine/place.py", "core/planning/survey.py"}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(path: Path) -> set[str]:
    """The modules that a file imports, and what it imports from modules."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or "", *(alias.name for alias in node.names)}
    return found


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_only_few_can_unpack(path: Path) -> None:
    tops = {name.split(".")[0] for name in imported(path)}
    assert tops & UNPACKERS <= MAY_UNPACK.get(named(path), set())


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_archives_are_opened_in_two_places(path: Path) -> None:
    if not path.is_relative_to(ROOT / "core" / "archive") and named(path) not in MAY_OPEN:
        assert imported(path).isdisjoint(OPENERS)


@pytest.mark.parametrize("function", [extract, survey_archive])
def test_those_take_nothing_that_is_not_verified(function: object) -> None:
    assert callable(function)
    first = next(iter(inspect.signature(function).parameters))
    assert typing.get_type_hints(function)[first] is VerifiedArtifact


@pytest.mark.parametrize("name", sorted(MAY_OPEN))
def test_nothing_else_there_lets_an_archive_in(name: str) -> None:
    """What others can call there has an archive from its verified artifact alone."""
    for node in ast.parse((ROOT / name).read_text()).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            kinds = {ast.unparse(item.annotation) for item in node.args.args if item.annotation}
            calls = {
                ast.unparse(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)
            }
            if calls & OPENERS:
                assert "VerifiedArtifact" in kinds
