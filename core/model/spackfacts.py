"""What is known of a Spack beside us, and of its recipes. All text is foreign."""

from core.model.ident import PackageName
from core.model.value import Value


class SpackFacts(Value, frozen=True):
    """A Spack, as its files describe it; environments of its user are left out."""

    prefix: str
    """Where it is; `$spack` stands for it."""
    version: str
    """Its version, e.g. `1.3.0.dev0`; empty if it does not say."""
    python: str
    """The Python that would run it; empty if none is found."""
    scopes: tuple[str, ...]
    """Places of its configuration that exist, lowest first."""
    install_tree: str
    """Root of its install tree, as configured and with its variables put in."""
    padding: int
    """Length to which the root is padded; 0 if it is not."""
    projections: tuple[tuple[str, str], ...]
    """(spec, projection) of prefixes below the root, as configured."""
    upstreams: tuple[tuple[str, str], ...]
    """(name, root) of the install trees of others that it uses."""
    notes: tuple[str, ...]
    """What could not be read of its configuration, as sentences."""


class Repository(Value, frozen=True):
    """A repository of recipes."""

    namespace: str
    """Namespace of its recipes, e.g. `builtin`."""
    path: str
    """Where it is."""


class RunningSpack(Value, frozen=True):
    """What only a Spack that runs can say."""

    version: str
    """Its version."""
    python: str
    """The Python that it runs in."""
    python_version: str
    """Version of that."""
    repositories: tuple[Repository, ...]
    """Its repositories; where two have a recipe of one name, that of the first is taken."""


class RecipeView(Value, frozen=True):
    """A package that can be built, by the name of its recipe."""

    name: PackageName
    """Package name."""
    namespace: str
    """Namespace of the recipe."""


class RecipeDetails(Value, frozen=True):
    """What a recipe says of its package."""

    name: PackageName
    """Package name."""
    namespace: str
    """Namespace of the recipe."""
    summary: str
    """The first paragraph of its description, in one line; may be empty."""
    homepage: str
    """URL of the project; may be empty."""
    versions: tuple[str, ...]
    """Versions that the recipe knows, newest first."""
