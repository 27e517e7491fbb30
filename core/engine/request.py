"""What the engine is asked to do: a plan, written down for another process."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from core.errors import StoreError, WrongUse
from core.model.graph import LINK_RUN, TO_BUILD, SpecGraph
from core.model.ident import DagHash, MirrorName, Sha256
from core.model.mirror import Mirror
from core.model.plan import Disposition, Plan
from core.model.spec import spec_from_node
from core.settings import LOCK_TIMEOUT, Settings

REQUEST_VERSION = 2
"""Rises when the form of a request changes."""


class Fetch(msgspec.Struct, frozen=True):
    """One node to install, and from where."""

    hash: DagHash
    """DAG hash."""
    mirror: MirrorName
    """The mirror that the plan chose."""
    archive_sha256: Sha256
    """Digest of the archive that the plan showed."""
    archive_size: int | None
    """Its size in bytes; `None` if the mirror does not tell (layout v2)."""


class Request(msgspec.Struct, frozen=True):
    """All that the engine needs; it reads no configuration but the trusted keys."""

    version: int
    """`REQUEST_VERSION` of the writer."""
    store: str
    """Root of the install tree."""
    config_dir: str
    """Where the trusted keys are."""
    cache_dir: str
    """Where downloads go."""
    state_dir: str
    """Where keyrings go."""
    jobs: int
    """Packages worked on at once."""
    roots: tuple[DagHash, ...]
    """What the user asked for."""
    fetches: tuple[Fetch, ...]
    """What to install, dependencies before dependents."""
    mirrors: tuple[Mirror, ...]
    """The mirrors that the fetches name."""
    nodes: dict[DagHash, dict[str, object]]
    """Every node of the graph, verbatim, for the install database."""
    cache_size: int | None = None
    """Bytes that the blob cache may keep; `None` for its own rule."""
    shared_caches: tuple[str, ...] = ()
    """Caches of others, to look at first."""
    lock_timeout: float = LOCK_TIMEOUT
    """Seconds to wait for a package that somebody else works on."""
    builds: tuple[DagHash, ...] = ()
    """What Spack is to build, dependencies before dependents."""
    builder: str = ""
    """Name of the builder; empty if there are no builds."""
    spack: str = ""
    """Prefix of the Spack that builds."""

    def graph(self) -> SpecGraph:
        """The graph as values."""
        nodes: dict[DagHash, Mapping[str, object]] = {**self.nodes}
        return SpecGraph(
            self.roots, {hash_: spec_from_node(node, hash_) for hash_, node in nodes.items()}
        )

    def order(self, graph: SpecGraph) -> list[DagHash]:
        """All that is to be installed, dependencies before dependents."""
        fetches = [fetch.hash for fetch in self.fetches]
        if not self.builds:
            return fetches
        needs = self.dependencies(graph)
        wanted = graph.order_by(
            lambda hash_: [graph[need] for need in needs[hash_]], (*fetches, *self.builds)
        )
        return [spec.hash for spec in wanted]

    def dependencies(self, graph: SpecGraph) -> dict[DagHash, tuple[DagHash, ...]]:
        """For each node to install, those among them that must be there before."""
        fetched = {fetch.hash: LINK_RUN for fetch in self.fetches}
        wanted = {**fetched, **dict.fromkeys(self.builds, TO_BUILD)}
        return {
            hash_: tuple(
                child.hash for child in graph.children(hash_, deptypes) if child.hash in wanted
            )
            for hash_, deptypes in wanted.items()
        }

    def settings(self) -> Settings:
        """The settings under which the engine works."""
        return Settings(
            store=Path(self.store),
            config_dir=Path(self.config_dir),
            cache_dir=Path(self.cache_dir),
            state_dir=Path(self.state_dir),
            jobs=self.jobs,
            cache_size=self.cache_size,
            shared_caches=tuple(map(Path, self.shared_caches)),
            lock_timeout=self.lock_timeout,
        )


def make_request(plan: Plan, settings: Settings, mirrors: tuple[Mirror, ...]) -> Request:
    """The request that carries out `plan`.

    Raises:
        WrongUse: the plan has open questions: something is blocked, or would have to be built and
            nobody said that it may.
    """
    if not plan.is_ready:
        raise WrongUse("A plan with obstacles or open questions cannot be carried out")
    fetches = tuple(
        Fetch(
            hash=node.spec.hash,
            mirror=node.source.mirror,
            archive_sha256=node.source.archive_sha256,
            archive_size=node.source.archive_size,
        )
        for node in plan.having(Disposition.CACHED)
        if node.source
    )
    used = {fetch.mirror for fetch in fetches}
    return Request(
        version=REQUEST_VERSION,
        store=plan.store,
        config_dir=str(settings.config_dir),
        cache_dir=str(settings.cache_dir),
        state_dir=str(settings.state_dir),
        jobs=settings.workers,
        roots=plan.roots,
        fetches=fetches,
        mirrors=tuple(mirror for mirror in mirrors if mirror.name in used),
        nodes={hash_: dict(spec.node) for hash_, spec in plan.graph.nodes.items()},
        cache_size=settings.cache_size,
        shared_caches=tuple(map(str, settings.shared_caches)),
        lock_timeout=settings.lock_timeout,
        builds=tuple(node.spec.hash for node in plan.having(Disposition.BUILD)),
        builder=plan.builder,
        spack=plan.spack,
    )


def read_request(path: Path) -> Request:
    """The request in a file.

    Raises:
        StoreError: it cannot be read, or another version of spackbin wrote it.
    """
    try:
        request = msgspec.json.decode(path.read_bytes(), type=Request)
    except (OSError, msgspec.DecodeError) as error:
        raise StoreError(f"The request of a run cannot be read: {error}", str(path)) from error
    if request.version != REQUEST_VERSION:
        raise StoreError("The run was made by another version of spackbin", str(path))
    return request
