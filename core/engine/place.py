"""From a verified archive to a staged tree: what the final prefix will be, bit for bit.

The stage may lie anywhere: relocation only deals with the paths that are to hold later. Until the
very end it has no `.spack/spec.json`, by which `spack reindex` would take it for a package.
"""

import ctypes
import os
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from core.archive.buildinfo import BuildInfo, parse_build_info
from core.archive.contents import SPEC, check_has_spec, check_places, check_spec, listed
from core.archive.extract import Progress, write_members
from core.archive.identity import check_build_info
from core.archive.limits import Limits
from core.archive.members import (
    BUILD_INFO,
    PLAIN_MODES,
    Inventory,
    Kind,
    Member,
    MemberReader,
    read_inventory,
)
from core.archive.pace import Pace
from core.archive.paths import refuse, shown
from core.archive.stream import UnpackedStream, open_unpacked
from core.archive.writers import WrittenFile
from core.cancel import CancelToken
from core.engine.holder import Holder
from core.engine.machos import MachOs
from core.engine.refit import Refit, Task
from core.engine.relocation import Relocation
from core.errors import RelocationError, StoreError
from core.model.artifact import StagedTree, VerifiedArtifact
from core.model.blobs import ARCHIVE
from core.model.ident import DagHash
from core.model.modes import DIRECTORY
from core.model.spec import ConcreteSpec
from core.model.value import Value
from core.relocate.codesign import find_codesign
from core.relocate.prefixes import PrefixMap, make_prefix_map
from core.store.disk import remove_tree, store_error
from core.store.manifest import MANIFEST, Entry, manifest_entry, save_manifest
from core.store.sbang import system_shebang_limit

PARKED_SPEC = ".spack/.spec.json.staged"
"""Where the spec is until everything else is done."""
LARGEST_DOCUMENT = 64 * 2**20
"""Bytes of a spec document or build info that are read."""


class ExtractedTree(Value, frozen=True):
    """The contents of an archive on disk, not relocated yet.

    Files that may have to be relocated are still empty there, and held in memory.
    """

    spec: ConcreteSpec
    """What it is."""
    stage: Path
    """Where it lies."""
    inventory: Inventory
    """What is in it."""
    build_info: BuildInfo
    """What must be relocated."""
    files: dict[str, WrittenFile]
    """Its files by path; relocation changes them."""
    is_slow: bool
    """True if the file system lets those wait who make files."""


def extract(
    artifact: VerifiedArtifact,
    stage: Path,
    *,
    progress: Progress,
    cancel: CancelToken,
    limits: Limits | None = None,
    threads: int | None = None,
) -> ExtractedTree:
    """Unpack an archive into `stage`, which is made if need be and must be empty.

    In one pass, if the archive is in the order of Spack's (layout 2): each member is checked,
    hashed, and written with its final mode as it comes. Else the archive is looked through first.
    After an error the caller removes the stage. See docs/adr/0008.

    Args:
        artifact: what to unpack.
        stage: where to.
        progress: called with the members done and those known of.
        cancel: looked at between members and within large ones.
        limits: bounds for what comes out.
        threads: how many may work on it if it is large; `None` for as many as there are cores.

    Raises:
        Refused: the archive is damaged, unsafe, too large, or another package than asked for.
        StoreError: the archive cannot be read or the stage not be written.
        Interrupted: `cancel` was cancelled.
    """
    cancel.check()
    with _plain_errors("The archive cannot be read", artifact.archive):
        limits = (limits or Limits()).within(artifact.archive.stat().st_size)
    layout = ARCHIVE.number_of(artifact.manifest.archive) or ARCHIVE.newest
    unpacking = _Unpacking(
        artifact, stage, progress, cancel, limits, threads or os.cpu_count() or 1, Pace()
    )
    with _plain_errors("The package cannot be unpacked", stage):
        stage.mkdir(exist_ok=True)
        found = unpacking.in_one_pass() if layout >= PLAIN_MODES else None
        inventory, files = found or unpacking.in_two_passes(layout)
        check_has_spec(inventory)
        check_spec(_read_small(stage / PARKED_SPEC), artifact.spec)
        build_info = parse_build_info(_read_small(stage / BUILD_INFO), limits)
        check_build_info(build_info, artifact.spec)
        to_relocate = listed(build_info, inventory, layout)
    return ExtractedTree(
        artifact.spec, stage, inventory, to_relocate, files, unpacking.pace.is_slow
    )


class _Unpacking(Value, frozen=True):
    """One archive on its way into one stage; the fields are the arguments of `extract`."""

    artifact: VerifiedArtifact
    stage: Path
    progress: Progress
    cancel: CancelToken
    limits: Limits
    threads: int
    pace: Pace

    def in_one_pass(self) -> "tuple[Inventory, dict[str, WrittenFile]] | None":
        """Everything in it; `None`, and an empty stage, if its members are in another order."""
        with self._opened() as stream:
            reader = MemberReader(stream, self.artifact.spec.hash, self.limits)
            files = self._write(stream, reader, Holder(lambda: reader.prefix))
        if reader.inventory is None:
            for path in self.stage.iterdir():
                remove_tree(path)
            return None
        return reader.inventory, files

    def in_two_passes(self, layout: int) -> "tuple[Inventory, dict[str, WrittenFile]]":
        """Everything in it, looked through before anything is written."""
        with _plain_errors("The archive cannot be read", self.artifact.archive):
            inventory = read_inventory(
                self.artifact.archive, layout=layout, limits=self.limits, cancel=self.cancel
            )
        with self._opened() as stream:
            return inventory, self._write(stream, inventory.members, Holder(lambda: ""))

    @contextmanager
    def _opened(self) -> Generator[UnpackedStream]:
        archive = self.artifact.archive
        with ExitStack() as stack:
            with _plain_errors("The archive cannot be read", archive):
                stream = stack.enter_context(
                    open_unpacked(archive, self.limits, self.cancel, threads=self.threads)
                )
            yield stream

    def _write(
        self, stream: UnpackedStream, members: Iterable[Member], holder: Holder
    ) -> dict[str, WrittenFile]:
        try:
            return write_members(
                stream,
                check_places(members, manifest=MANIFEST, parked=PARKED_SPEC),
                self.stage,
                choose=holder.choose,
                progress=self.progress,
                names={SPEC: PARKED_SPEC},
                cancel=self.cancel,
                threads=self.threads,
                pace=self.pace,
            )
        except FileExistsError as error:
            # The stage was empty, and no name comes twice.
            raise _one_to_the_file_system(self.stage, error) from error


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
    threads: int = 1,
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
        threads: how many may work on it.

    Raises:
        RelocationError: the package cannot be moved to `prefix`.
        StoreError: the stage cannot be read or written.
        Interrupted: `cancel` was cancelled.
    """
    if extracted.spec.platform == "windows":
        raise RelocationError("Packages for windows cannot be relocated")
    stage = extracted.stage
    moves = prefix_map(extracted, prefix=prefix, root=root, sbang=sbang, prefixes=prefixes)
    refit = Refit(
        stage,
        extracted.files,
        moves,
        sbang=os.fsencode(sbang),
        limit=system_shebang_limit() if shebang_limit is None else shebang_limit,
        exists=_existence(stage, prefix, exists),
        machos=MachOs(moves, find_codesign()) if extracted.spec.platform == "darwin" else None,
    )
    relocation = Relocation(extracted.files, refit, moves)
    with _plain_errors("The package cannot be relocated", stage):
        # First, because RPATHs may lead through them.
        for path in dict.fromkeys(extracted.build_info.links):
            cancel.check()
            relocation.link(path)
        tasks = [task for task in _tasks(extracted) if refit.is_work(task)]
        with relocation.begun(tasks, threads, cancel, is_slow=extracted.is_slow) as begun:
            for done, task in enumerate(tasks, start=1):
                cancel.check()
                try:
                    relocation.file(task, begun)
                except RelocationError as error:
                    raise _naming(task.path, error) from error
                progress(done, len(tasks))
        stage.chmod(DIRECTORY)
        save_manifest(stage, prefix, _entries(extracted, relocation))
        (stage / PARKED_SPEC).rename(stage / SPEC)
    files = len(extracted.inventory.members)
    return StagedTree(extracted.spec, stage, prefix, files, relocation.report())


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


def _tasks(extracted: ExtractedTree) -> list[Task]:
    """Every file but the spec once, under the name of its first member: first what is named."""
    first_names = _first_names(extracted)
    binaries, texts = (
        # Each inode once, else a path could be replaced within its own replacement.
        dict.fromkeys(first_names.get(path, path) for path in paths)
        for paths in (extracted.build_info.binaries, extracted.build_info.texts)
    )
    paths = dict.fromkeys([*binaries, *texts, *(path for path in extracted.files if path != SPEC)])
    return [Task(path, path in binaries, path in texts) for path in paths]


def _first_names(extracted: ExtractedTree) -> dict[str, str]:
    """For each hard link the member that it is a link to."""
    return {
        member.path: member.target
        for member in extracted.inventory.members
        if member.kind is Kind.HARDLINK
    }


def _entries(extracted: ExtractedTree, relocation: Relocation) -> dict[str, Entry]:
    """What the install manifest says about everything in the tree."""
    members = extracted.inventory.members
    files = relocation.entries([m.path for m in members if m.kind is Kind.FILE])
    entries: dict[str, Entry] = {}
    for member in members:
        if member.kind is Kind.FILE:
            entries[member.path] = next(files)
        elif member.kind is Kind.HARDLINK:
            entries[member.path] = entries[member.target]
        else:
            entries[member.path] = manifest_entry(relocation.on_disk(member.path))
    return entries


def _existence(stage: Path, prefix: Path, exists: Callable[[str], bool]) -> Callable[[str], bool]:
    """`exists` as it will answer when the stage has become the prefix."""

    def will_exist(path: str) -> bool:
        plain = os.path.normpath(path)
        if plain == str(prefix) or plain.startswith(f"{prefix}/"):
            return os.path.lexists(stage / os.path.relpath(plain, prefix))
        return exists(plain if path.startswith(f"{prefix}/") else path)

    return will_exist


def _one_to_the_file_system(stage: Path, error: FileExistsError) -> StoreError:
    return StoreError(
        "The package has names that the file system of the store cannot tell apart: they differ by"
        " case alone, or by the form of a letter",
        f"{stage}: {shown(os.fsdecode(error.filename2 or error.filename or ''))}",
        "Choose a store on another file system with --store",
    )


def _read_small(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(LARGEST_DOCUMENT + 1)
    if len(data) > LARGEST_DOCUMENT:
        raise refuse(f"a document has more than {LARGEST_DOCUMENT} bytes", path.name)
    return data


def _naming(path: str, error: RelocationError) -> RelocationError:
    """The same, and which file it is about."""
    detail = f"{shown(path)}: {error.detail}" if error.detail else shown(path)
    return RelocationError(error.title, detail, error.hint)


@contextmanager
def _plain_errors(what: str, where: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise store_error(what, where, error) from error


def flush(stage: Path) -> None:
    """Have all that was written below `stage` on disk: before the rename that makes it a package.

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
