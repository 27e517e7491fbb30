"""What can be known of archives before an install fetches them: remembered, or looked at now."""

import importlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core.blobs.cache import BlobCache
from core.blobs.fetching import no_progress
from core.cancel import CancelToken
from core.errors import Interrupted, SpackbinError
from core.mirror.archives import fetched
from core.model.artifact import VerifiedArtifact
from core.model.facts import BuildFacts
from core.model.ident import DagHash, MirrorName, Sha256
from core.model.mirror import Mirror
from core.model.plan import Disposition, Plan, PlanNode
from core.model.structs import prepare_structs
from core.planning.preflight import Known, is_close
from core.relocate.fit import margin_of
from core.session.mirrors import MirrorDesk
from core.settings import Settings
from core.store.known_builds import KnownBuilds
from core.store.paths import StorePaths
from core.trust.pins import PinStore
from core.trust.policy import policy_of
from core.trust.verify import Verifier

BUDGET = 1 << 20
"""Bytes of archives that are fetched for one plan, to look into them. They stay in the cache."""
_AT_ONCE = 4

_Survey = Callable[[VerifiedArtifact, CancelToken], BuildFacts]


class Samples:
    """Gathers what is known of the archives of a plan."""

    def __init__(self, settings: Settings, mirrors: MirrorDesk, pins: PinStore) -> None:
        self._settings = settings
        self._mirrors = mirrors
        self._pins = pins
        self._builds = KnownBuilds(settings.cache_dir)

    def load(self, names: Iterable[MirrorName]) -> None:
        """Have loaded what `known` will need, as far as can be seen, if it asks these mirrors."""
        mirrors = [mirror for mirror in self._mirrors.configured() if mirror.name in names]
        if not all(self._builds.sample(mirror.url) for mirror in mirrors):
            importlib.import_module("core.planning.survey")

    def known(
        self, plan: Plan, store: StorePaths, here: Mapping[DagHash, Path], cancel: CancelToken
    ) -> Known:
        """What is known of the archives that the plan fetches.

        Of each mirror of which nothing is known the smallest archive is looked at. Where its paths
        may be too short for the store, so are the others, the smallest first, while `BUDGET` lasts.

        Args:
            plan: the plan.
            store: where to install.
            here: prefixes in the store.
            cancel: to end the work early.

        Raises:
            Interrupted: `cancel` was cancelled.
        """
        builds: dict[Sha256, BuildFacts] = {}
        samples: dict[MirrorName, BuildFacts] = {}
        purse = _Purse(BUDGET)
        for mirror, nodes in self._by_mirror(plan):
            found = {digest: self._builds.get(digest) for digest in map(_digest_of, nodes)}
            known = {digest: facts for digest, facts in found.items() if facts}
            builds.update(known)
            left = sorted((node for node in nodes if not _is_exact(node, builds)), key=_size_of)
            if not known and (sample := self._sample(mirror, left, purse, builds, cancel)):
                samples[mirror.name] = sample
            elif known:
                # The one that leaves least room speaks for those that nobody knows.
                samples[mirror.name] = min(
                    known.values(), key=lambda facts: margin_of(facts, root=store.root, here=here)
                )
            if mirror.name in samples and is_close(samples[mirror.name], store, here):
                unseen = [node for node in left if not _is_exact(node, builds)]
                builds.update(self._look_at_all(purse.affordable(unseen), mirror, cancel))
        return Known(builds, samples)

    def _sample(
        self,
        mirror: Mirror,
        nodes: list[PlanNode],
        purse: "_Purse",
        builds: dict[Sha256, BuildFacts],
        cancel: CancelToken,
    ) -> BuildFacts | None:
        """What stands for a mirror: remembered, or the first of `nodes`, which goes to `builds`."""
        digest = self._builds.sample(mirror.url)
        if digest and (facts := self._builds.get(digest)):
            return facts
        found = self._look_at_all(purse.affordable(nodes[:1]), mirror, cancel)
        for digest, facts in found.items():
            self._builds.set_sample(mirror.url, digest)
            builds[digest] = facts
            return facts
        return None

    def _by_mirror(self, plan: Plan) -> list[tuple[Mirror, list[PlanNode]]]:
        nodes: defaultdict[MirrorName, list[PlanNode]] = defaultdict(list)
        for node in plan.having(Disposition.CACHED):
            if node.source and node.spec.platform in ("linux", "darwin"):
                nodes[node.source.mirror].append(node)
        configured = {mirror.name: mirror for mirror in self._mirrors.configured()}
        return [(configured[name], found) for name, found in nodes.items() if name in configured]

    def _look_at_all(
        self, nodes: list[PlanNode], mirror: Mirror, cancel: CancelToken
    ) -> dict[Sha256, BuildFacts]:
        if not nodes:
            return {}
        # Seldom needed, and before there are threads.
        from core.planning.survey import survey_archive

        prepare_structs()
        blobs = BlobCache(self._settings.cache_dir, self._settings.shared_caches)
        try:
            with ThreadPoolExecutor(_AT_ONCE, "samples") as pool:
                asked = {
                    _digest_of(node): pool.submit(
                        self._look_at, node, mirror, blobs, survey_archive, cancel
                    )
                    for node in nodes
                }
        finally:
            blobs.close()
        found = {digest: future.result() for digest, future in asked.items()}
        return {digest: facts for digest, facts in found.items() if facts}

    def _look_at(
        self,
        node: PlanNode,
        mirror: Mirror,
        blobs: BlobCache,
        survey: _Survey,
        cancel: CancelToken,
    ) -> BuildFacts | None:
        """Fetch, verify and survey; `None` if that is not possible: the install will say why."""
        try:
            client = self._mirrors.client(mirror)
            keyrings = self._settings.state_dir / "keyrings"
            verifier = Verifier(mirror, self._pins.pins(mirror), policy_of(mirror), keyrings)
            manifest = verifier.manifest(client.manifest(node.spec))
            if manifest.archive.sha256 != _digest_of(node):
                return None
            document = client.spec_document(manifest)
            artifact = fetched(
                manifest, document, blobs, client.archive, cancel=cancel, progress=no_progress
            )
            try:
                facts = survey(verifier.artifact(artifact), cancel)
            finally:
                blobs.release(artifact.archive)
        except Interrupted:
            raise
        except SpackbinError:
            return None
        self._builds.remember(manifest.archive.sha256, facts)
        return facts


class _Purse:
    """Bytes that may still be fetched."""

    def __init__(self, budget: int) -> None:
        self._left = budget

    def affordable(self, nodes: list[PlanNode]) -> list[PlanNode]:
        """As many of `nodes`, in their order, as there are bytes for; they count as spent."""
        chosen: list[PlanNode] = []
        for node in nodes:
            if _size_of(node) > self._left:
                break
            self._left -= _size_of(node)
            chosen.append(node)
        return chosen


def _is_exact(node: PlanNode, builds: Mapping[Sha256, BuildFacts]) -> bool:
    """True if somebody has looked into the archive for all that decides."""
    facts = builds.get(_digest_of(node))
    return facts is not None and facts.strings is not None


def _digest_of(node: PlanNode) -> Sha256:
    assert node.source is not None
    return node.source.archive_sha256


def _size_of(node: PlanNode) -> int:
    """Bytes of the archive; more than any budget if the mirror does not tell."""
    size = node.source.archive_size if node.source else None
    return BUDGET + 1 if size is None else size
