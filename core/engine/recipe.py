"""The recipe for one node: from a name in the plan to a prefix that waits to be registered."""

import contextlib
from collections.abc import Mapping
from pathlib import Path

from core.blobs.cache import BlobCache
from core.cancel import CancelToken
from core.engine.flushes import SharedFlush
from core.engine.holdings import Claim, Holdings
from core.engine.placer import Job
from core.engine.placers import Placers
from core.engine.registrar import Registrar
from core.engine.reporter import Reporter
from core.engine.request import Fetch
from core.engine.sources import Sources
from core.engine.waits import Waits
from core.errors import Refused, StoreError
from core.model.artifact import StagedTree, VerifiedArtifact, VerifiedManifest
from core.model.graph import SpecGraph
from core.model.ident import DagHash
from core.model.installed import InstalledRecord
from core.model.spec import ConcreteSpec
from core.model.value import Value
from core.store.database import Database
from core.store.disk import is_one_file_system, store_error
from core.store.known_builds import KnownBuilds
from core.store.paths import StorePaths
from core.store.records import is_present
from core.store.sbang import have_sbang
from core.store.stage import commit, discard, new_stage


class Awaited(Value, frozen=True):
    """Somebody else is making a package: nothing is fetched for it as long as that goes on."""

    spec: ConcreteSpec
    """Which package."""
    fetch: Fetch
    """From where it is fetched if the other one fails."""


Fetched = VerifiedArtifact | InstalledRecord | Awaited
"""What the first step gives to the second: an archive, the record of what is there already, or the
hope that somebody else is about to make it."""


class Kitchen(Value, frozen=True):
    """What every recipe works with."""

    graph: SpecGraph
    """The whole graph of the run."""
    sources: Sources
    """The mirrors."""
    blobs: BlobCache
    """Where archives are, and come to."""
    store: StorePaths
    """Where to install."""
    database: Database
    """Its database."""
    holdings: Holdings
    """The prefix locks of the run."""
    waits: Waits
    """Which nodes wait for those of others."""
    registrar: Registrar
    """Enters into the database what is in place."""
    placers: Placers
    """The processes that unpack."""
    journal: Path
    """Directory of the run's journal."""
    flush: SharedFlush
    """Has on disk what is staged, before it is renamed."""
    builds: KnownBuilds
    """What is remembered of archives, for plans to come."""
    made: dict[DagHash, Path]
    """Prefixes that this run has put in place, registered or about to be."""
    reporter: Reporter
    """Where to tell what happens."""
    cancel: CancelToken
    """Looked at between steps."""


def fetch_node(kitchen: Kitchen, fetch: Fetch) -> Fetched:
    """First step: manifest, signature, blobs, digests, identity.

    The prefix is ours alone from then on. Nothing is fetched if somebody has installed the package
    since the plan was made, or is about to.

    Raises:
        Refused: the signature, a digest or the identity is wrong, or the archive is no longer
            the one that the plan showed.
        MirrorError: the mirror cannot be read.
        StoreError: the store cannot be locked.
    """
    spec = kitchen.graph[fetch.hash]
    return _claimed(kitchen, fetch) or Awaited(spec, fetch)


def _claimed(kitchen: Kitchen, fetch: Fetch) -> VerifiedArtifact | InstalledRecord | None:
    """The archive of a package that is ours to make, or its record; `None` if it is in use."""
    spec = kitchen.graph[fetch.hash]
    claim = kitchen.holdings.claim(fetch.hash, lambda: _installed(kitchen, spec) is not None)
    if claim is Claim.BUSY:
        return None
    try:
        return _fetched(kitchen, fetch) if claim is Claim.OURS else _record_of(kitchen, spec)
    except BaseException:
        kitchen.holdings.drop(fetch.hash)
        raise


def _fetched(kitchen: Kitchen, fetch: Fetch) -> VerifiedArtifact:
    spec = kitchen.graph[fetch.hash]
    source = kitchen.sources.get(fetch.mirror)
    reader, verifier = source.reader, source.verifier
    with kitchen.reporter.phase(fetch.hash, "fetch", fetch.archive_size or 0) as progress:
        found = reader.manifest(spec)
        manifest = verifier.manifest(found.raw)
        _same_as_planned(manifest, fetch)
        kitchen.reporter.log(fetch.hash, _signature_line(manifest))
        if found.note:
            kitchen.reporter.log(fetch.hash, found.note)
        document = reader.spec_document(manifest)
        verifier.spec_document(manifest, document)
        reader.keep(found)
        fetched = reader.fetch_artifact(
            manifest, document, cancel=kitchen.cancel, progress=progress
        )
    try:
        with kitchen.reporter.phase(fetch.hash, "verify"):
            artifact = verifier.artifact(fetched)
            kitchen.reporter.verified(manifest, verifier.exceptions(manifest))
        return artifact
    except BaseException:
        kitchen.blobs.release(fetched.archive)
        raise


def place_node(kitchen: Kitchen, fetched: Fetched) -> bool:
    """Second step: extract, relocate, rename, hand over to the registrar.

    All dependencies are in place. So is the package afterwards; it is installed, and reported so,
    once the registrar has written its record.

    Returns:
        False if somebody else uses what is needed for it: nothing was done, try again later.

    Raises:
        Refused: the archive is unsafe or not the package it should be.
        RelocationError: the package cannot be moved to this store.
        StoreError: the store cannot be written, a dependency was removed meanwhile, or somebody
            else uses what is needed for too long.
        MirrorError: it has to be fetched after all, and cannot be.
    """
    spec = fetched.spec
    try:
        prefixes = _hold_dependencies(kitchen, spec)
        ready = _ready(kitchen, fetched) if prefixes is not None else None
    except BaseException:
        _let_go(kitchen, fetched)
        raise
    if prefixes is None or ready is None:
        return False
    if isinstance(ready, InstalledRecord):
        _take_as_it_is(kitchen, ready)
        return True
    try:
        _install(kitchen, ready, prefixes)
    finally:
        kitchen.blobs.release(ready.archive)
    return True


def _ready(kitchen: Kitchen, fetched: Fetched) -> VerifiedArtifact | InstalledRecord | None:
    """What can be placed now; `None` if somebody else still has the prefix."""
    if not isinstance(fetched, Awaited):
        return fetched
    ready = _claimed(kitchen, fetched.fetch)
    if ready is None:
        kitchen.waits.go_on(fetched.spec, fetched.spec)
        return None
    kitchen.waits.over(fetched.spec, fetched.spec)
    return ready


def _let_go(kitchen: Kitchen, fetched: Fetched) -> None:
    kitchen.holdings.drop(fetched.spec.hash)
    if isinstance(fetched, VerifiedArtifact):
        kitchen.blobs.release(fetched.archive)


def _hold_dependencies(kitchen: Kitchen, spec: ConcreteSpec) -> dict[DagHash, Path] | None:
    """Keep the dependencies from being removed; their prefixes, `None` if one is in use."""
    needed = [
        dependency
        for dependency in kitchen.graph.order((spec.hash,))
        if dependency.hash != spec.hash and not dependency.external
    ]
    for dependency in needed:
        if not kitchen.holdings.share(dependency.hash):
            kitchen.waits.go_on(spec, dependency)
            return None
        kitchen.waits.over(spec, dependency)
    prefixes: dict[DagHash, Path] = {}
    for dependency in needed:
        prefix = kitchen.made.get(dependency.hash)
        if prefix is None:
            record = kitchen.database.read().records.get(dependency.hash)
            if record is None or record.prefix is None or not is_present(record):
                raise _removed(dependency, f"{spec.label} needs it")
            prefix = Path(record.prefix)
        prefixes[dependency.hash] = prefix
    return prefixes


def _install(
    kitchen: Kitchen, artifact: VerifiedArtifact, prefixes: Mapping[DagHash, Path]
) -> None:
    hash_ = artifact.spec.hash
    prefix = kitchen.store.prefix_of(artifact.spec)
    try:
        stage = new_stage(prefix)
        try:
            staged = _staged(kitchen, artifact, stage, prefix, prefixes)
            _put_in_place(kitchen, staged)
        except BaseException:
            # What cannot be removed now is invisible, and the next install removes it.
            with contextlib.suppress(StoreError):
                discard(stage)
            raise
    except BaseException:
        kitchen.holdings.drop(hash_)
        raise
    kitchen.made[hash_] = prefix
    kitchen.registrar.register(staged)


def _staged(
    kitchen: Kitchen,
    artifact: VerifiedArtifact,
    stage: Path,
    prefix: Path,
    prefixes: Mapping[DagHash, Path],
) -> StagedTree:
    hash_ = artifact.spec.hash
    with kitchen.placers.one() as (placer, threads):
        # From now on it hears of a cancel itself.
        kitchen.cancel.check()
        store = kitchen.store
        job = Job(artifact, stage, prefix, store.root, store.sbang, prefixes, threads)
        with kitchen.reporter.phase(hash_, "extract") as progress:
            facts = placer.extract(job, progress)
            kitchen.builds.remember(artifact.manifest.archive.sha256, facts)
        with kitchen.reporter.phase(hash_, "relocate") as progress:
            staged = placer.relocate(progress)
    kitchen.reporter.relocated(staged)
    return staged


def _put_in_place(kitchen: Kitchen, staged: StagedTree) -> None:
    kitchen.cancel.check()
    have_sbang(kitchen.store, kitchen.cancel)
    # Whoever finds the prefix unregistered after our death must find in the journal whose it is.
    kitchen.reporter.phase_started(staged.spec.hash, "register")
    try:
        # Else the one flush is for both.
        if not is_one_file_system(kitchen.journal, staged.stage):
            kitchen.reporter.sync()
        kitchen.flush(staged.stage)
    except OSError as error:
        what = f"{staged.spec.label} cannot be put in its place"
        raise store_error(what, staged.prefix, error) from error
    commit(staged)


def _installed(kitchen: Kitchen, spec: ConcreteSpec) -> InstalledRecord | None:
    """The record of a package that is registered and there."""
    record = kitchen.database.read().records.get(spec.hash)
    is_there = record is not None and record.prefix is not None and is_present(record)
    return record if is_there else None


def _record_of(kitchen: Kitchen, spec: ConcreteSpec) -> InstalledRecord:
    record = _installed(kitchen, spec)
    if record is None:
        raise _removed(spec, "Somebody had installed it meanwhile")
    return record


def _take_as_it_is(kitchen: Kitchen, record: InstalledRecord) -> None:
    """Somebody else has installed it meanwhile."""
    prefix = record.prefix or ""
    kitchen.made[record.hash] = Path(prefix)
    kitchen.reporter.finished(record.hash, prefix, already=True)


def _removed(spec: ConcreteSpec, detail: str) -> StoreError:
    return StoreError(
        f"{spec.label} was removed meanwhile", detail, "Run the same install again", retry=True
    )


def _same_as_planned(manifest: VerifiedManifest, fetch: Fetch) -> None:
    if manifest.archive.sha256 != fetch.archive_sha256:
        raise Refused(
            f"{manifest.wanted.label} is no longer the archive that the plan showed",
            f"Mirror {manifest.mirror} has changed meanwhile",
            "Make a new plan and look at it",
        )


def _signature_line(manifest: VerifiedManifest) -> str:
    if manifest.signature is None:
        return f"{manifest.wanted.label}: not signed, and mirror {manifest.mirror} may be unsigned"
    signature = manifest.signature
    return f"{manifest.wanted.label}: signature good, {signature.user_id} {signature.primary}"
