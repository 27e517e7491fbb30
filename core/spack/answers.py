"""What Spack answered, as values. It is read as strictly as anything from outside."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from core.errors import NotAvailable, WrongUse
from core.model.daghash import HashCheck, check_hash
from core.model.documents import as_list, as_object
from core.model.environment import Environment, EnvironmentRoot
from core.model.graph import ALL_DEPTYPES, SpecGraph
from core.model.ident import DagHash, dag_hash, package_name
from core.model.spackfacts import RecipeDetails, RecipeView, Repository, RunningSpack
from core.model.spec import ConcreteSpec, spec_from_node

Answer = Mapping[str, object]
"""An answer as it was parsed."""

_T = TypeVar("_T")


class _Repository(msgspec.Struct):
    namespace: str
    path: str


class _Running(msgspec.Struct):
    version: str
    python: str
    python_version: str
    repositories: tuple[_Repository, ...]


class _Recipes(msgspec.Struct):
    recipes: tuple[tuple[str, str], ...]


class _Recipe(msgspec.Struct):
    name: str
    namespace: str
    summary: str
    homepage: str
    versions: tuple[str, ...]


class _Names(msgspec.Struct):
    names: frozenset[str]


def running_spack(answer: Answer) -> RunningSpack:
    """What a running Spack says of itself."""
    read = _read(answer, _Running)
    repositories = tuple(Repository(item.namespace, item.path) for item in read.repositories)
    return RunningSpack(read.version, read.python, read.python_version, repositories)


def recipe_views(answer: Answer) -> tuple[RecipeView, ...]:
    """Its recipes, by name."""
    return tuple(
        RecipeView(package_name(name), namespace)
        for name, namespace in _read(answer, _Recipes).recipes
    )


def recipe_details(answer: Answer) -> RecipeDetails:
    """One recipe."""
    read = _read(answer, _Recipe)
    return RecipeDetails(
        package_name(read.name), read.namespace, read.summary, read.homepage, read.versions
    )


def names(answer: Answer) -> frozenset[str]:
    """Names of packages."""
    return _read(answer, _Names).names


def concretized(answer: Answer, asked: tuple[str, ...]) -> Environment:
    """What Spack decided on, one root for each spec that was asked for.

    Raises:
        NotAvailable: it is not whole, or a node does not have the hash that it claims.
    """
    try:
        roots = [dag_hash(root) for root in as_list(answer.get("roots"), "its list of roots")]
        nodes = _nodes(as_object(answer.get("nodes"), "its list of nodes"))
        if len(roots) != len(asked):
            raise WrongUse(f"it has {len(roots)} roots for {len(asked)} specs")
        graph = SpecGraph(tuple(dict.fromkeys(roots)), nodes)
        lost = {root for root in roots if root not in nodes} | graph.missing(ALL_DEPTYPES)
        if lost:
            raise WrongUse(f"it does not describe /{min(lost)[:7]}")
    except WrongUse as error:
        raise _unreadable(error) from error
    pairs = zip(roots, asked, strict=True)
    return Environment(tuple(EnvironmentRoot(hash_, text) for hash_, text in pairs), graph)


def _nodes(found: Mapping[str, object]) -> dict[DagHash, ConcreteSpec]:
    nodes: dict[DagHash, ConcreteSpec] = {}
    for key, node in found.items():
        spec = spec_from_node(as_object(node, "a spec"), key)
        if spec.hash != key or check_hash(spec) is HashCheck.DIFFERS:
            raise WrongUse(f"{spec.label} does not have the hash that it claims")
        nodes[spec.hash] = spec
    return nodes


def _read(answer: Answer, form: type[_T]) -> _T:
    try:
        return msgspec.convert(answer, form)
    except msgspec.ValidationError as error:
        raise _unreadable(WrongUse(str(error))) from error


def _unreadable(error: WrongUse) -> NotAvailable:
    return NotAvailable(f"Spack's answer cannot be used: {error.title}")
