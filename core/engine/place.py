"""From a verified archive to a staged tree: what the final prefix will be, bit for bit.

The stage may lie anywhere: relocation only deals with the paths that are to hold later. Until the
very end it has no `.spack/spec.json`, by which `spack reindex` would take it for a package.
"""

import ctypes
import os
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.archive.buildinfo import BuildInfo, parse_build_info
from core.archive.contents import SPEC, check_metadata, check_spec, listed
from core.archive.extract import Progress, write_members
from core.archive.limits import Limits
from core.archive.members import BUILD_INFO, Inventory, Kind, read_inventory
from core.archive.paths import path_bytes, refuse, shown
from core.cancel import CancelToken
from core.errors import RelocationError
from core.model.artifact import StagedTree, VerifiedArtifact
from core.model.blobs import ARCHIVE
from core.model.ident import DagHash
from core.model.spec import ConcreteSpec
from core.relocate.cstrings import relocate_cstrings
from core.relocate.elf import MAGIC, drop_redundant_rpaths, relocate_elf
from core.relocate.links import relocate_link
from core.relocate.prefixes import PrefixMap, make_prefix_map
from core.relocate.shebang import sbang_shebang
from core.relocate.text import relocate_text
from core.store.disk import store_error
from core.store.manifest import MANIFEST, write_manifest
from core.store.permissions import set_permissions
from core.store.sbang import system_shebang_limit

PARKED_SPEC = ".spack/.spec.json.staged"
"""Where the spec is until everything else is done."""
LARGEST_DOCUMENT = 64 * 2**20
"""Bytes of a spec document or build info that are read."""


@dataclass(frozen=True, slots=True)
class ExtractedTree:
    """The contents of an archive on disk, not relocated yet."""

    spec: ConcreteSpec
    """What it is."""
    stage: Path
    """Where it lies."""
    inventory: Inventory
    """What is in it."""
    build_info: BuildInfo
    """What must be relocated."""


def extract(
    artifact: VerifiedArtifact,
    stage: Path,
    *,
    progress: Progress,
    cancel: CancelToken,
    limits: Limits | None = None,
) -> ExtractedTree:
    """Unpack an archive into `stage`, which is made if need be and must be empty.

    The archive is looked through before anything is written. After an error the caller removes
    the stage.

    Args:
        artifact: what to unpack.
        stage: where to.
        progress: called with the members done and all of them.
        cancel: looked at between members and within large ones.
        limits: bounds for what comes out.

    Raises:
        Refused: the archive is damaged, unsafe, too large, or another package than asked for.
        StoreError: the archive cannot be read or the stage not be written.
        Interrupted: `cancel` was cancelled.
    """
    layout = ARCHIVE.number_of(artifact.manifest.archive) or ARCHIVE.newest
    with _plain_errors("The archive cannot be read", artifact.archive):
        inventory = read_inventory(artifact.archive, layout=layout, limits=limits, cancel=cancel)
    check_metadata(inventory, manifest=MANIFEST, parked=PARKED_SPEC)
    with _plain_errors("The package cannot be unpacked", stage):
        stage.mkdir(exist_ok=True)
        write_members(
            artifact.archive,
            inventory,
            stage,
            names={SPEC: PARKED_SPEC},
            progress=progress,
            limits=limits,
            cancel=cancel,
        )
        check_spec(_read_small(stage / PARKED_SPEC), artifact.spec)
        build_info = parse_build_info(_read_small(stage / BUILD_INFO), limits)
        to_relocate = listed(build_info, inventory, layout)
        return ExtractedTree(artifact.spec, stage, inventory, to_relocate)


def relocate(
    extracted: ExtractedTree,
    *,
    prefix: Path,
    root: Path,
    sbang: Path,
    prefixes: Mapping[DagHash, Path],
    progress: Progress,
    cancel: CancelToken,
    exists: Callable[[str], bool] = os.path.lexists,
    shebang_limit: int | None = None,
) -> StagedTree:
    """Make of an extracted tree what Spack would have installed at `prefix`.

    Relocation, then what Spack does after an install, in its order: long first lines through
    sbang, RPATH entries that lead nowhere dropped, modes, manifest (1.x `hooks/__init__.py`).

    Args:
        extracted: the tree. After an error it is of no more use.
        prefix: where it will be.
        root: root of the install tree.
        sbang: the store's sbang.
        prefixes: prefixes of the installed dependencies.
        progress: called with the steps done and all of them.
        cancel: looked at between files.
        exists: whether there is something at an absolute path outside of `prefix`.
        shebang_limit: bytes of a first line that the kernel takes; `None` to ask the system.

    Raises:
        RelocationError: the package cannot be moved to `prefix`.
        StoreError: the stage cannot be read or written.
        Interrupted: `cancel` was cancelled.
    """
    if extracted.spec.platform in ("darwin", "windows"):
        raise RelocationError(f"Packages for {extracted.spec.platform} cannot be relocated")
    stage = extracted.stage
    moves = prefix_map(extracted, prefix=prefix, root=root, sbang=sbang, prefixes=prefixes)
    limit = system_shebang_limit() if shebang_limit is None else shebang_limit
    there = _existence(stage, prefix, exists)

    def finish(data: bytes, executable: bool) -> bytes:
        if executable:
            data = sbang_shebang(data, os.fsencode(sbang), limit)
        return drop_redundant_rpaths(data, there)

    with _plain_errors("The package cannot be relocated", stage):
        steps = _steps(extracted, moves, finish)
        for done, (path, step) in enumerate(steps, start=1):
            cancel.check()
            with _naming(path):
                step(_on_disk(stage, path))
            progress(done, len(steps))
        set_permissions(stage)
        write_manifest(stage, prefix, {PARKED_SPEC: SPEC}, cancel)
        (stage / PARKED_SPEC).rename(stage / SPEC)
        _flush(stage)
    return StagedTree(extracted.spec, stage, prefix, len(extracted.inventory.members))


def prefix_map(
    extracted: ExtractedTree,
    *,
    prefix: Path,
    root: Path,
    sbang: Path,
    prefixes: Mapping[DagHash, Path],
) -> PrefixMap:
    """Which of the builder's paths becomes which one here; arguments as for `relocate`."""
    info = extracted.build_info
    here = {**prefixes, extracted.spec.hash: prefix}
    return make_prefix_map(
        (info.sbang, str(sbang)) if info.sbang else None,
        [(old, str(here[hash_])) for hash_, old in info.prefixes.items() if hash_ in here],
        (info.root, str(root)),
    )


def _steps(
    extracted: ExtractedTree, moves: PrefixMap, finish: Callable[[bytes, bool], bytes]
) -> list[tuple[str, Callable[[Path], None]]]:
    """What is to be done with which file, in Spack's order (`relocate_package`, then the hooks)."""
    info = extracted.build_info
    first_names = {
        member.path: member.target
        for member in extracted.inventory.members
        if member.kind is Kind.HARDLINK
    }

    def binary(path: Path) -> None:
        _rewrite(path, lambda data: relocate_cstrings(relocate_elf(data, moves), moves))

    def text(path: Path) -> None:
        _rewrite(path, lambda data: relocate_text(data, moves))

    def link(path: Path) -> None:
        _relink(path, lambda target: relocate_link(target, moves))

    def last(path: Path) -> None:
        _finish(path, finish)

    # Each inode once, else a path could be replaced within its own replacement.
    binaries = dict.fromkeys(first_names.get(path, path) for path in info.binaries)
    texts = dict.fromkeys(first_names.get(path, path) for path in info.texts)
    files = [path for path in extracted.inventory.paths(Kind.FILE) if path != SPEC]
    return [
        *((path, binary) for path in binaries),
        *((path, link) for path in dict.fromkeys(info.links)),
        *((path, text) for path in texts),
        *((path, last) for path in sorted(files)),
    ]


def _rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change a file in place: its hard links go along."""
    with path.open("r+b") as file:
        old = file.read()
        new = change(old)
        if new != old:
            file.seek(0)
            file.write(new)
            file.truncate()


def _relink(path: Path, change: Callable[[bytes], bytes]) -> None:
    old = os.fsencode(path.readlink())
    new = change(old)
    if new != old:
        path.unlink()
        path.symlink_to(os.fsdecode(new))


def _finish(path: Path, change: Callable[[bytes, bool], bytes]) -> None:
    with path.open("rb") as file:
        magic = file.read(len(MAGIC))
        executable = bool(os.fstat(file.fileno()).st_mode & 0o111)
    if magic == MAGIC or (executable and magic.startswith(b"#!")):
        _rewrite(path, lambda data: change(data, executable))


def _existence(stage: Path, prefix: Path, exists: Callable[[str], bool]) -> Callable[[str], bool]:
    """`exists` as it will answer when the stage has become the prefix."""

    def will_exist(path: str) -> bool:
        plain = os.path.normpath(path)
        if plain == str(prefix) or plain.startswith(f"{prefix}/"):
            return os.path.lexists(stage / os.path.relpath(plain, prefix))
        return exists(plain if path.startswith(f"{prefix}/") else path)

    return will_exist


def _read_small(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(LARGEST_DOCUMENT + 1)
    if len(data) > LARGEST_DOCUMENT:
        raise refuse(f"a document has more than {LARGEST_DOCUMENT} bytes", path.name)
    return data


def _on_disk(stage: Path, path: str) -> Path:
    """`path` of the archive in the stage; names are bytes there, whatever the locale says."""
    return stage / os.fsdecode(path_bytes(path))


@contextmanager
def _naming(path: str) -> Generator[None]:
    """Say in errors which file they are about."""
    try:
        yield
    except RelocationError as error:
        detail = f"{shown(path)}: {error.detail}" if error.detail else shown(path)
        raise RelocationError(error.title, detail, error.hint) from error


@contextmanager
def _plain_errors(what: str, where: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise store_error(what, where, error) from error


def _flush(stage: Path) -> None:
    """Have everything on disk before the rename that makes it a package.

    One call for the file system of the stage: `fsync` of each of many thousand small files takes
    minutes, and `sync` waits for every other file system too, a hanging one for ever.
    """
    descriptor = os.open(stage, os.O_RDONLY | os.O_DIRECTORY)
    try:
        syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)  # Linux alone has it
        if syncfs is None:
            os.sync()
        elif syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(stage))
    finally:
        os.close(descriptor)
