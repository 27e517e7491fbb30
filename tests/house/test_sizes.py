"""Small files, small functions, every field explained: the habits of the house."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HARD_LIMIT = 400
SOURCES = sorted(path for room in ("core", "tui") for path in (ROOT / room).rglob("*.py"))
ALL = SOURCES + sorted((ROOT / "tests").rglob("*.py"))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", ALL, ids=named)
def test_no_file_is_too_long(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= HARD_LIMIT


def value_classes(tree: ast.AST) -> list[ast.ClassDef]:
    found: list[ast.ClassDef] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            decorators = [ast.unparse(item) for item in node.decorator_list]
            bases = [ast.unparse(item) for item in node.bases]
            is_value = any("dataclass" in item for item in decorators)
            if is_value or "msgspec.Struct" in bases or "_Event" in bases:
                found.append(node)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_every_field_of_a_value_says_what_it_is(path: Path) -> None:
    silent: list[str] = []
    for value in value_classes(ast.parse(path.read_text())):
        if value.name.startswith("_"):
            continue
        for field, after in zip(value.body, [*value.body[1:], None], strict=True):
            if not isinstance(field, ast.AnnAssign) or "ClassVar" in ast.unparse(field.annotation):
                continue
            name = ast.unparse(field.target)
            is_said = (
                isinstance(after, ast.Expr)
                and isinstance(after.value, ast.Constant)
                and isinstance(after.value.value, str)
            )
            if not is_said and not name.startswith("_"):
                silent.append(f"{value.name}.{name}")
    assert silent == []


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_only_trust_calls_a_thing_verified(path: Path) -> None:
    if path.is_relative_to(ROOT / "core" / "trust"):
        return
    calls = {
        ast.unparse(node.func).split(".")[-1]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
    }
    assert calls.isdisjoint({"VerifiedManifest", "VerifiedArtifact"})
