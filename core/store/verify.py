"""Comparing an installed package with what was registered when it was installed.

`.spack/install_manifest.json` is the measure (Spack 1.x `verify.py`). Spack itself keeps the
builder's manifest when it installs from a cache; such a one is recognised by its paths.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from core.cancel import CancelToken
from core.model.artifact import wanted_of
from core.model.installed import InstalledRecord
from core.model.views import FileProblem, VerifyReport
from core.store.dangling import Links
from core.store.leftovers import BUILD_INFO, BuildInfo, names_builder, read_build_info
from core.store.manifest import MANIFEST, TIMES, manifest_entry
from core.store.paths import store_above
from core.store.registered import Entry, Registered, read_registered

_METADATA = ".spack"
_KINDS = {
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "link",
    stat.S_IFREG: "file",
}


def verify_prefix(record: InstalledRecord, *, cancel: CancelToken | None = None) -> VerifyReport:
    """Compare one installed package with what was registered, and look for what cannot work.

    Found are changed, missing and added files, links into the store that lead nowhere, paths of
    the builder in files that should have been relocated, and libraries that the loader would not
    find. A link that led nowhere when it was packed already is only noted, see `Links`. What the
    system provides is only checked for being there.

    Args:
        record: the package.
        cancel: looked at before each file.

    Raises:
        StoreError: it is in no store.
        Interrupted: `cancel` was set.
    """
    prefix = Path(record.prefix) if record.prefix else None
    if prefix and not prefix.exists():
        return _report(record, 0, [FileProblem(".", "The prefix is gone")])
    if prefix is None or record.is_external:
        return _report(record, 0, [])
    token = cancel or CancelToken()
    store = store_above(prefix).root
    names = sorted(_names(prefix))
    problems: list[FileProblem] = []
    info = _build_info(prefix, problems)
    problems += _differences(prefix, names, info, token)
    links = Links(prefix, store)
    for name in names:
        token.check()
        problems += _unusable(prefix, name, info, links)
    return _report(record, len(names), problems, links.notes)


def changes(prefix: Path, cancel: CancelToken | None = None) -> tuple[FileProblem, ...]:
    """What in `prefix` is not as its manifest says, whether it is registered or not.

    Args:
        prefix: a tree that an installer has finished, or not.
        cancel: looked at before each file.

    Raises:
        Interrupted: `cancel` was set.
    """
    problems: list[FileProblem] = []
    info = _build_info(prefix, problems)
    problems += _differences(prefix, sorted(_names(prefix)), info, cancel or CancelToken())
    return tuple(problems)


def _report(
    record: InstalledRecord,
    files: int,
    problems: list[FileProblem],
    notes: Sequence[FileProblem] = (),
) -> VerifyReport:
    return VerifyReport(
        hash=record.hash,
        label=wanted_of(record.spec).label,
        prefix=record.prefix or "",
        files=files,
        problems=tuple(sorted(problems, key=lambda problem: problem.path)),
        notes=tuple(notes),
    )


def _names(prefix: Path) -> Iterator[str]:
    """Everything to compare, relative to the prefix."""
    yield "."
    for top, directories, files in os.walk(prefix):
        for name in (*directories, *files):
            relative = str(Path(top, name).relative_to(prefix))
            if relative != MANIFEST and name != TIMES:
                yield relative


def _build_info(prefix: Path, problems: list[FileProblem]) -> BuildInfo | None:
    try:
        return read_build_info(prefix)
    except (OSError, ValueError) as error:
        problems.append(FileProblem(BUILD_INFO, f"It cannot be read: {error}"))
        return None


def _differences(
    prefix: Path, names: list[str], info: BuildInfo | None, token: CancelToken
) -> Iterator[FileProblem]:
    """What is not as the manifest says."""
    try:
        registered = read_registered(prefix)
    except FileNotFoundError:
        yield FileProblem(MANIFEST, "It is missing, so that contents cannot be compared")
        return
    except (OSError, ValueError) as error:
        yield FileProblem(MANIFEST, f"It cannot be read: {error}")
        return
    ignored: frozenset[str] = frozenset()
    if registered.builder:
        yield FileProblem(
            MANIFEST,
            f"It names the paths of the builder ({registered.builder}), as Spack leaves it when it"
            " installs from a cache; relocated files cannot be compared",
        )
        ignored = _relocated(prefix, names, info)
        ignored |= {name for name in (*names, *registered.entries) if _is_metadata(name)}
    for name in names:
        token.check()
        entry = registered.entries.get(name)
        if name in ignored:
            continue
        if entry is None:
            yield from _added(name, registered)
        else:
            yield from _changes(prefix, name, entry, strict=not registered.builder)
    for name in registered.entries.keys() - ignored - set(names):
        if Path(name).name != TIMES:
            yield FileProblem(name, "It is missing")


def _added(name: str, registered: Registered) -> Iterator[FileProblem]:
    # A directory that was added stands for all that is in it.
    if str(Path(name).parent) in registered.entries:
        yield FileProblem(name, "It was added after the installation")


def _is_metadata(name: str) -> bool:
    return name.split("/", 1)[0] == _METADATA


def _relocated(prefix: Path, names: list[str], info: BuildInfo | None) -> frozenset[str]:
    """Files that installing has changed: those listed, and hard links to them, which are not."""
    if info is None:
        return frozenset()
    present = info.files & set(names)
    inodes = {(prefix / name).lstat().st_ino for name in present}
    return present | {name for name in names if (prefix / name).lstat().st_ino in inodes}


def _changes(prefix: Path, name: str, entry: Entry, *, strict: bool) -> Iterator[FileProblem]:
    try:
        found = msgspec.convert(manifest_entry(prefix / name), Entry)
    except OSError as error:
        yield FileProblem(name, f"It cannot be read: {error.strerror}")
        return
    was, now = entry.mode or 0, found.mode or 0
    if stat.S_IFMT(was) != stat.S_IFMT(now):
        yield FileProblem(name, f"It was a {_kind(was)} and is a {_kind(now)}")
        return
    if found.dest is not None:
        if found.dest != entry.dest:
            yield FileProblem(name, f"It leads to {found.dest}, and led to {entry.dest}")
        return
    bits = 0o7777 if strict else 0o777
    if (was ^ now) & bits:
        yield FileProblem(name, f"Its mode is {now & bits:04o}, and was {was & bits:04o}")
    if found.size != entry.size:
        yield FileProblem(name, f"Its size is {found.size} bytes, and was {entry.size}")
    elif found.hash != entry.hash:
        yield FileProblem(name, "Its content was changed")


def _kind(mode: int) -> str:
    return _KINDS.get(stat.S_IFMT(mode), "special file")


def _unusable(
    prefix: Path, name: str, info: BuildInfo | None, links: Links
) -> Iterator[FileProblem]:
    """What cannot work in a file, however it came to be so."""
    path = prefix / name
    try:
        if path.is_symlink():
            yield from links.problems(name)
        elif not path.is_file():
            return
        elif not _is_metadata(name):
            # Reads ELF by a large library, which those who only compare files do without.
            from core.store.libraries import missing_libraries

            for library in missing_libraries(prefix, path):
                yield FileProblem(name, f"It needs {library}, which the loader does not find")
        if info and name in info.files and names_builder(path, info, links.store):
            yield FileProblem(name, f"It still names the builder's path {info.root}")
    except OSError as error:
        yield FileProblem(name, f"It cannot be read: {error.strerror}")
