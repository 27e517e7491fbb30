"""Which paths stand in a binary: what decides whether it can be moved, wherever it goes."""

from collections.abc import Iterator

from core.model.facts import StringPath
from core.relocate.cstrings import old_strings
from core.relocate.data import Data
from core.relocate.elf import ElfPaths, read_elf_paths
from core.relocate.macho import is_spared, loader_paths
from core.relocate.prefixes import PrefixMap, make_prefix_map


class Survey:
    """Collects the paths of many binaries of one package.

    Args:
        prefixes: the map to relocate by. What it maps to does not matter.
        is_for_macos: true where the loader reads Mach-O files, false where it reads ELF files.
    """

    def __init__(self, prefixes: PrefixMap, *, is_for_macos: bool = False) -> None:
        self._prefixes = prefixes
        self._is_for_macos = is_for_macos
        self._strings: set[StringPath] = set()
        self._loader_paths: set[str] = set()

    def look_at(self, path: str, data: Data) -> None:
        """Take in a binary, and where it is in the package, as it came before relocation."""
        starts = dict(self._loader_starts(path, data))
        self._loader_paths.update(starts.values())
        for start, old, rest in old_strings(data, self._prefixes):
            if start not in starts:
                self._strings.add(StringPath(_text(old), rest))

    @property
    def strings(self) -> tuple[StringPath, ...]:
        """Distinct paths in strings, but those that the loader reads and that may grow."""
        return tuple(
            sorted(
                self._strings, key=lambda path: (path.old, -1 if path.rest is None else path.rest)
            )
        )

    @property
    def loader_paths(self) -> tuple[str, ...]:
        """Distinct old paths with which those that the loader reads begin."""
        return tuple(sorted(self._loader_paths))

    def _loader_starts(self, path: str, data: Data) -> Iterator[tuple[int, str]]:
        if not self._is_for_macos:
            yield from _elf_starts(read_elf_paths(data), self._prefixes)
        elif not is_spared(path):
            for start, text in loader_paths(data, self._prefixes):
                if old := self._prefixes.old_at_start(text):
                    yield start, _text(old)


def survey_map(sbang: str, prefixes: tuple[str, ...], root: str) -> PrefixMap:
    """A map for a survey: the paths of a build info, in the order of relocation."""
    return make_prefix_map(
        (sbang, sbang) if sbang else None, [(path, path) for path in prefixes], (root, root)
    )


def _elf_starts(paths: ElfPaths | None, prefixes: PrefixMap) -> Iterator[tuple[int, str]]:
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
