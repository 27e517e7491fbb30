"""Which paths stand in a binary: what decides whether it can be moved, wherever it goes."""

from collections.abc import Iterator

from core.model.facts import StringPath
from core.relocate.cstrings import old_strings
from core.relocate.data import Data
from core.relocate.elf import ElfPaths, read_elf_paths
from core.relocate.prefixes import PrefixMap, make_prefix_map


class Survey:
    """Collects the paths of many binaries of one package.

    Args:
        prefixes: the map to relocate by. What it maps to does not matter.
    """

    def __init__(self, prefixes: PrefixMap) -> None:
        self._prefixes = prefixes
        self._strings: set[StringPath] = set()
        self._loader_paths: set[str] = set()

    def look_at(self, data: Data) -> None:
        """Take in a binary as it came, before it is relocated."""
        starts = dict(_loader_starts(read_elf_paths(data), self._prefixes))
        self._loader_paths.update(starts.values())
        for start, old, rest in old_strings(data, self._prefixes):
            if start not in starts:
                self._strings.add(StringPath(_text(old), rest))

    @property
    def strings(self) -> tuple[StringPath, ...]:
        """Distinct paths in strings, interpreters and RPATH entries excepted."""
        return tuple(
            sorted(
                self._strings, key=lambda path: (path.old, -1 if path.rest is None else path.rest)
            )
        )

    @property
    def loader_paths(self) -> tuple[str, ...]:
        """Distinct old paths with which interpreters and RPATH entries begin."""
        return tuple(sorted(self._loader_paths))


def survey_map(sbang: str, prefixes: tuple[str, ...], root: str) -> PrefixMap:
    """A map for a survey: the paths of a build info, in the order of relocation."""
    return make_prefix_map(
        (sbang, sbang) if sbang else None, [(path, path) for path in prefixes], (root, root)
    )


def _loader_starts(paths: ElfPaths | None, prefixes: PrefixMap) -> Iterator[tuple[int, str]]:
    """Where in the file an interpreter or an RPATH entry begins with which old path."""
    if paths is None:
        return
    texts = [(paths.interpreter.offset, paths.interpreter.value)] if paths.interpreter else []
    if paths.rpath:
        offset = paths.rpath.offset
        for entry in paths.rpath.value.split(b":"):
            texts.append((offset, entry))
            offset += len(entry) + 1
    for offset, text in texts:
        if old := prefixes.old_at_start(text):
            yield offset, _text(old)


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
