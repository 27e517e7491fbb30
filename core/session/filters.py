"""The filters of mirrors: which of their builds are not to be offered.

Format: `include_binary` and `exclude_binary` of an entry in `mirrors.yaml`, lists of specs (Spack
1.2 and newer, `mirrors/mirror.py:matches_binary`). A build is taken from the mirror if it satisfies
one of the first, or there are none, and none of the second. Spack looks at them when it installs
(`new_installer.py:install_from_buildcache`, `binary_distribution.py:download_tarball`), for every
package of a closure, and not when it lists or concretizes.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from core.catalog.reader import Catalog
from core.catalog.shelf import Shelf
from core.errors import WrongUse
from core.model.ident import DagHash, MirrorName
from core.model.mirror import Mirror


def check_filters(mirror: Mirror) -> None:
    """Do nothing if the filters of a mirror can be understood.

    Raises:
        WrongUse: one of them is no spec.
    """
    if not mirror.has_filter:
        return
    from core.query.parse import parse_query

    for text in (*mirror.include, *mirror.exclude):
        try:
            query = parse_query(text)
            if len(query.alternatives) > 1:
                raise WrongUse("It is more than one spec", hint="Make each an entry of its own")
        except WrongUse as error:
            raise WrongUse(
                f"The filter {text!a} of mirror {mirror.name} cannot be understood",
                str(error),
                "Correct include_binary and exclude_binary",
            ) from error


def hidden_builds(
    mirrors: Iterable[Mirror], catalog: Catalog
) -> dict[MirrorName, AbstractSet[DagHash]]:
    """The builds that filters hide, of those mirrors that have filters.

    Args:
        mirrors: the mirrors.
        catalog: all that they have.
    """
    shelves = {shelf.mirror: shelf for shelf in catalog.shelves}
    return {
        mirror.name: _hidden(mirror, catalog, shelves[mirror.name])
        for mirror in mirrors
        if mirror.has_filter and mirror.name in shelves
    }


def filter_words(mirror: Mirror) -> str:
    """The filters of a mirror as they stand in its entry; empty if it has none."""
    parts: Mapping[str, tuple[str, ...]] = {
        "include_binary": mirror.include,
        "exclude_binary": mirror.exclude,
    }
    return "; ".join(f"{key}: {', '.join(specs)}" for key, specs in parts.items() if specs)


def _hidden(mirror: Mirror, catalog: Catalog, shelf: Shelf) -> AbstractSet[DagHash]:
    everything = frozenset(hash_ for hash_, _, _ in shelf.all_builds())
    try:
        included = _matching(mirror.include, catalog, shelf) if mirror.include else everything
        excluded = _matching(mirror.exclude, catalog, shelf)
    except WrongUse:
        # Only recipes know the answer: what the filter may have been meant to keep away stays away.
        return everything
    return everything - (included - excluded)


def _matching(texts: Iterable[str], catalog: Catalog, shelf: Shelf) -> AbstractSet[DagHash]:
    """The builds of a mirror that satisfy any of some specs."""
    from core.query.parse import parse_query
    from core.session.finder import specs_matching

    found: set[DagHash] = set()
    for text in texts:
        query = parse_query(text)
        query.check_names(catalog.package_names(), catalog.providers())
        found.update(shelf.columns.hashes_of(specs_matching(catalog, shelf, query)))
    return found
