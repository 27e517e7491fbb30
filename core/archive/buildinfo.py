"""`.spack/binary_distribution`: where a package was built and what in it must be relocated.

It is YAML, one flow mapping, last member of the archive (Spack
`binary_distribution.py:get_buildinfo_dict`).
"""

from collections.abc import Mapping

from core.archive.limits import Limits
from core.archive.paths import check_path, refuse, shown
from core.errors import Refused, WrongUse
from core.model.ident import DagHash, dag_hash
from core.model.plainyaml import PlainNode, plain_mapping
from core.model.value import Value

_METADATA = ".spack"
_DEEPEST = 1


class BuildInfo(Value, frozen=True):
    """What the builder noted for relocation."""

    sbang: str
    """Path of the builder's sbang; empty if not noted. It lies below the unpadded root."""
    root: str
    """Root of the builder's install tree, padding included."""
    prefixes: Mapping[DagHash, str]
    """Build prefixes of the package, what it links to, and what it directly runs."""
    binaries: tuple[str, ...]
    """ELF and Mach-O files, relative to the prefix."""
    texts: tuple[str, ...]
    """Text files that hold a prefix, relative to the prefix. Before Spack 0.19 all text files."""
    links: tuple[str, ...]
    """Absolute symbolic links that begin with a prefix, relative to the prefix."""


def parse_build_info(data: bytes, limits: Limits | None = None) -> BuildInfo:
    """The build info in `data`.

    Every scalar is taken as text: a hash or a path that looks like a number stays what it is.

    Raises:
        Refused: `data` is no build info, or it names a file outside of the package.
    """
    try:
        fields = plain_mapping(data, _DEEPEST)
    except WrongUse as error:
        raise _unreadable(error.title) from error
    limits = limits or Limits()
    return BuildInfo(
        sbang=_prefix(fields, "sbang_install_path") if "sbang_install_path" in fields else "",
        root=_prefix(fields, "buildpath"),
        prefixes=_prefixes(fields),
        binaries=_paths(fields, "relocate_binaries", limits),
        texts=_paths(fields, "relocate_textfiles", limits),
        links=_paths(fields, "relocate_links", limits),
    )


def _prefixes(fields: Mapping[str, PlainNode]) -> dict[DagHash, str]:
    """By hash; before Spack 0.20 the mapping stands the other way round."""
    prefixes, hashes = fields.get("hash_to_prefix"), fields.get("prefix_to_hash")
    try:
        if isinstance(prefixes, dict):
            return {dag_hash(key): _prefix(prefixes, key) for key in prefixes}
        if isinstance(hashes, dict):
            # External packages that come as modules have no prefix there.
            items = ((key, hash_) for key, hash_ in hashes.items() if key.startswith("/"))
            return {dag_hash(hash_): _absolute(key, key) for key, hash_ in items}
    except WrongUse as error:
        raise _unreadable(error.title) from error
    raise _unreadable("it has no mapping of prefixes")


def _prefix(fields: Mapping[str, PlainNode], key: str) -> str:
    return _absolute(fields.get(key), key)


def _absolute(value: PlainNode | None, key: str) -> str:
    if not isinstance(value, str) or not value.strip("/") or not value.startswith("/"):
        raise _unreadable(f"{key} is no absolute path")
    check_path(value.strip("/"), Limits())
    return value


def _paths(fields: Mapping[str, PlainNode], key: str, limits: Limits) -> tuple[str, ...]:
    values = fields.get(key, [])
    if not isinstance(values, list):
        raise _unreadable(f"{key} is no list")
    paths: list[str] = []
    for value in values:
        if not isinstance(value, str):
            raise _unreadable(f"{key} holds something else than a path")
        check_path(value, limits)
        # What Spack keeps in .spack says how the package was built; it is never relocated.
        if value.split("/")[0] == _METADATA:
            raise _unreadable(f"{key} names {shown(value)}")
        paths.append(value)
    return tuple(paths)


def _unreadable(reason: str) -> Refused:
    return refuse(f"its build info cannot be used: {reason}")
