"""The conditions under which Spack 1.1 and later include a scope."""

import ast
import platform
from collections.abc import Callable

from core.errors import WrongUse
from core.spack.instance import SpackInstance

_COMPARISONS: dict[type[ast.cmpop], Callable[[object, object], bool]] = {
    ast.Eq: lambda left, right: left == right,
    ast.NotEq: lambda left, right: left != right,
    ast.In: lambda left, right: left in right,  # type: ignore[operator]
    ast.NotIn: lambda left, right: left not in right,  # type: ignore[operator]
}


def holds(condition: str, spack: SpackInstance) -> bool:
    """True if a condition holds here; it is looked at, never run.

    Understood are `env`, `platform` and `hostname`, compared by `==`, `!=`, `in` and `not in`, and
    joined by `and`, `or` and `not`.

    Raises:
        WrongUse: it needs more than that.
    """
    names: dict[str, object] = {
        "env": dict(spack.environ),
        "platform": spack.platform,
        "hostname": platform.node(),
    }
    try:
        return bool(_value(ast.parse(condition.strip(), mode="eval").body, names))
    except (SyntaxError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise WrongUse(f"the condition {condition!a} is not understood") from error


def _value(node: ast.expr, names: dict[str, object]) -> object:
    match node:
        case ast.Constant(value=str() | bool() as value):
            return value
        case ast.Name(id=name):
            return names[name]
        case ast.Subscript(value=ast.Name(id="env"), slice=ast.Constant(value=str() as name)):
            return dict.__getitem__(names["env"], name)  # type: ignore[arg-type]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _value(operand, names)
        case ast.BoolOp(op=operator, values=values):
            join = all if isinstance(operator, ast.And) else any
            return join(_value(value, names) for value in values)
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            return _COMPARISONS[type(operator)](_value(left, names), _value(right, names))
        case _:
            raise ValueError(ast.dump(node))
