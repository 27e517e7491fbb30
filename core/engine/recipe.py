"""The recipe for one node: from a name in the plan to a registered prefix."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from core.cancel import CancelToken
from core.engine.place import extract, relocate
from core.engine.reporter import Reporter
from core.engine.request import Fetch
from core.errors import Refused, StoreError
from core.mirror.client import MirrorClient
from core.model.artifact import StagedTree, VerifiedArtifact, VerifiedManifest
from core.model.graph import SpecGraph
from core.model.ident import DagHash, MirrorName
from core.model.spec import ConcreteSpec
from core.store.database import Database
from core.store.locks import prefix_lock
from core.store.paths import StorePaths
from core.store.records import is_present
from core.store.sbang import install_sbang
from core.store.stage import commit, discard, new_stage, take_back
from core.trust.verify import Verifier


@dataclass(frozen=True, slots=True)
class Kitchen:
    """What every recipe works with."""

    graph: SpecGraph
    """The whole graph of the run."""
    clients: Mapping[MirrorName, MirrorClient]
    """Open mirrors."""
    verifiers: Mapping[MirrorName, Verifier]
    """What each mirror's manifests are held against."""
    downloads: Path
    """Directory for archives on their way."""
    store: StorePaths
    """Where to install."""
    database: Database
    """Its database."""
    explicit: frozenset[DagHash]
    """What the user asked for by name."""
    reporter: Reporter
    """Where to tell what happens."""
    cancel: CancelToken
    """Looked at between steps."""


def fetch_node(kitchen: Kitchen, fetch: Fetch) -> VerifiedArtifact:
    """First step: manifest, signature, blobs, digests, identity.

    Raises:
        Refused: the signature, a digest or the identity is wrong, or the archive is no longer
            the one that the plan showed.
        MirrorError: the mirror cannot be read.
    """
    spec = kitchen.graph[fetch.hash]
    client = kitchen.clients[fetch.mirror]
    verifier = kitchen.verifiers[fetch.mirror]
    with kitchen.reporter.phase(fetch.hash, "fetch", fetch.archive_size or 0) as progress:
        manifest = verifier.manifest(client.manifest(spec))
        _same_as_planned(manifest, fetch)
        kitchen.reporter.log(fetch.hash, _signature_line(manifest))
        document = client.spec_document(manifest)
        verifier.spec_document(manifest, document)
        fetched = client.fetch_artifact(
            manifest, document, kitchen.downloads, cancel=kitchen.cancel, progress=progress
        )
    with kitchen.reporter.phase(fetch.hash, "verify"):
        return verifier.artifact(fetched)


def place_node(kitchen: Kitchen, artifact: VerifiedArtifact) -> None:
    """Second step: extract, relocate, rename, register. All dependencies are in place.

    Raises:
        Refused: the archive is unsafe or not the package it should be.
        RelocationError: the package cannot be moved to this store.
        StoreError: the store cannot be written, or a dependency was removed meanwhile.
    """
    spec = artifact.spec
    try:
        with ExitStack() as locks:
            # As Spack does: what is needed stays while it is shared, what is made is ours alone.
            prefixes = _hold_dependencies(kitchen, spec, locks)
            locks.enter_context(prefix_lock(kitchen.store, spec.hash, cancel=kitchen.cancel))
            if not _was_installed_meanwhile(kitchen, spec):
                _install(kitchen, artifact, prefixes)
    finally:
        artifact.archive.unlink(missing_ok=True)


def _hold_dependencies(
    kitchen: Kitchen, spec: ConcreteSpec, locks: ExitStack
) -> dict[DagHash, Path]:
    """Lock the dependencies against removal; their prefixes."""
    needed = [
        dependency
        for dependency in kitchen.graph.order((spec.hash,))
        if dependency.hash != spec.hash and not dependency.external
    ]
    for dependency in needed:
        held = prefix_lock(kitchen.store, dependency.hash, write=False, cancel=kitchen.cancel)
        locks.enter_context(held)
    records = kitchen.database.read().records
    prefixes: dict[DagHash, Path] = {}
    for dependency in needed:
        record = records.get(dependency.hash)
        if record is None or not is_present(record) or record.prefix is None:
            raise StoreError(
                f"{dependency.label} was removed meanwhile",
                f"{spec.label} needs it",
                "Run the same install again",
                retry=True,
            )
        prefixes[dependency.hash] = Path(record.prefix)
    return prefixes


def _install(
    kitchen: Kitchen, artifact: VerifiedArtifact, prefixes: Mapping[DagHash, Path]
) -> None:
    hash_ = artifact.spec.hash
    prefix = kitchen.store.prefix_of(artifact.spec)
    stage = new_stage(prefix)
    try:
        with kitchen.reporter.phase(hash_, "extract") as progress:
            extracted = extract(artifact, stage, progress=progress, cancel=kitchen.cancel)
        with kitchen.reporter.phase(hash_, "relocate") as progress:
            staged = relocate(
                extracted,
                prefix=prefix,
                root=kitchen.store.root,
                sbang=kitchen.store.sbang,
                prefixes=prefixes,
                progress=progress,
                cancel=kitchen.cancel,
            )
        with kitchen.reporter.phase(hash_, "register"):
            kitchen.cancel.check()
            install_sbang(kitchen.store.sbang)
            _register(kitchen, staged)
    except BaseException:
        discard(stage)
        raise
    kitchen.reporter.finished(hash_, str(prefix))


def _register(kitchen: Kitchen, staged: StagedTree) -> None:
    commit(staged)
    is_explicit = staged.spec.hash in kitchen.explicit
    try:
        kitchen.database.register(staged.spec, staged.prefix, kitchen.graph, explicit=is_explicit)
    except BaseException:
        take_back(staged)
        raise


def _was_installed_meanwhile(kitchen: Kitchen, spec: ConcreteSpec) -> bool:
    record = kitchen.database.read().records.get(spec.hash)
    if record is None or record.prefix is None or not is_present(record):
        return False
    if spec.hash in kitchen.explicit and not record.explicit:
        kitchen.database.register(spec, Path(record.prefix), kitchen.graph, explicit=True)
    kitchen.reporter.finished(spec.hash, record.prefix, already=True)
    return True


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
