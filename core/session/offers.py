"""Asks the mirrors for the binary of a node: who has it, whether it is good, who has another one.

Mirrors that somebody vouches for come first. As long as one of them has a build, the copy of a
doubtful one (unsigned, pull request) is not taken, whatever is wrong with the good one: else who
can spoil that could make us take the other.
"""

import threading
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from functools import cached_property

from msgspec.structs import replace

from core.blobs.cache import BlobCache
from core.cancel import CancelToken
from core.errors import MirrorError, NotFound, Refused, SpackbinError
from core.mirror.manifests import DIRECTORY, ManifestShelf
from core.mirror.reader import Found, MirrorReader
from core.model.artifact import RawManifest, VerifiedManifest
from core.model.ident import DagHash, MirrorName
from core.model.mirror import Mirror
from core.model.plan import Blocker, OtherCopy, Source
from core.model.spec import ConcreteSpec
from core.planning.plan import Offer, Refusal
from core.session.atonce import AtOnce
from core.session.mirrors import MirrorDesk
from core.settings import Settings
from core.trust.pins import PinStore
from core.trust.policy import policy_of
from core.trust.verify import Verifier

TOGETHER = 16
"""Manifests that one GnuPG checks: few enough for two cores to share the work."""

Wanted = tuple[ConcreteSpec, Sequence[MirrorName]]
"""What is wanted, and the mirrors that list it."""


class Offers:
    """What the mirrors offer, for one plan. May be used by several threads at once.

    Which mirrors and keys count is as it was when the plan was begun.
    """

    def __init__(self, settings: Settings, mirrors: MirrorDesk, pins: PinStore) -> None:
        self._keyrings = settings.state_dir / "keyrings"
        self._mirrors = mirrors
        self._pins = pins
        self._blobs = BlobCache(settings.cache_dir, settings.shared_caches)
        self._manifests = ManifestShelf(settings.cache_dir / DIRECTORY)
        self._readers: dict[MirrorName, MirrorReader] = {}
        self._verifiers: dict[MirrorName, Verifier] = {}
        self._ahead: dict[tuple[MirrorName, DagHash], Future[Found]] = {}
        self._waits = False
        self._silent: set[MirrorName] = set()
        self._orders: dict[tuple[MirrorName, ...], list[Mirror]] = {}
        self._locks: defaultdict[MirrorName, threading.Lock] = defaultdict(threading.Lock)

    def look_ahead(
        self, wanted: Sequence[Wanted], pool: Executor, cancel: CancelToken
    ) -> list[Future[None]]:
        """Read the manifests that `ask` will want first, and check their signatures together.

        What goes wrong here is found out again, and told, by `ask`.

        Args:
            wanted: what will be asked for, and the mirrors that list it.
            pool: what reads the manifests.
            cancel: looked at between manifests.

        Returns:
            The checks, to be waited for before `ask` is called.
        """
        ahead: defaultdict[MirrorName, list[Future[Found]]] = defaultdict(list)
        at_once = AtOnce()
        for spec, names in wanted:
            for mirror in self._best_first(names)[:1]:
                is_near = mirror.url.startswith("file:") and at_once.is_quick
                self._waits = self._waits or not is_near
                reader = at_once if is_near else pool
                future = reader.submit(self._found_ahead, mirror, spec, cancel)
                self._ahead[mirror.name, spec.hash] = future
                ahead[mirror.name].append(future)
        parts = [
            (name, futures[start : start + TOGETHER])
            for name, futures in ahead.items()
            for start in range(0, len(futures), TOGETHER)
        ]
        unknown = [(name, part) for name, part in parts if self._waits or self._unknown(name, part)]
        self._waits = self._waits or bool(unknown)
        return [pool.submit(self._check_ahead, name, part) for name, part in unknown]

    def shares(self, wanted: Sequence[Wanted], count: int) -> list[Sequence[Wanted]]:
        """What to ask for at the same time: at most `count` parts of what was looked ahead at.

        One if nobody is to be waited for. Threads that only compute hinder one another, and a task
        for each spec costs more than what there is to do.
        """
        count = min(count, len(wanted)) if self._waits else 1
        return [wanted[start::count] for start in range(count)]

    def _found_ahead(self, mirror: Mirror, spec: ConcreteSpec, cancel: CancelToken) -> Found:
        cancel.check()
        # Of whom nothing can be believed nothing is fetched.
        self._verifier(mirror)
        return self._reader(mirror).manifest(spec)

    def _unknown(self, name: MirrorName, futures: Sequence[Future[Found]]) -> list[RawManifest]:
        """Those of the manifests of which it is not remembered that they are good."""
        raws = [future.result().raw for future in futures if future.exception() is None]
        return self._verifier(self._configured[name]).recall(raws) if raws else []

    def _check_ahead(self, name: MirrorName, futures: Sequence[Future[Found]]) -> None:
        raws = [future.result().raw for future in futures if future.exception() is None]
        with suppress(SpackbinError):
            self._verifier(self._configured[name]).look_ahead(raws)

    def ask_all(self, wanted: Sequence[Wanted], cancel: CancelToken) -> list[tuple[DagHash, Offer]]:
        """What `ask` answers for each of `wanted`, by hash."""
        return [(spec.hash, self.ask(spec, names, cancel)) for spec, names in wanted]

    def ask(self, spec: ConcreteSpec, names: Sequence[MirrorName], cancel: CancelToken) -> Offer:
        """The best mirror's that is good, or what is wrong with the first one.

        Args:
            spec: what is wanted.
            names: the mirrors that list it, first in priority first.
            cancel: looked at between mirrors.
        """
        refusals: list[Refusal] = []
        is_lost = True
        mirrors = self._best_first(names)
        for number, mirror in enumerate(mirrors):
            cancel.check()
            if mirror.is_doubtful and not is_lost:
                break
            try:
                source = self._source(mirror, spec)
            except SpackbinError as error:
                blocker = Blocker.TRUST if isinstance(error, Refused) else Blocker.MIRROR
                refusals.append(Refusal(blocker, _reason(error)))
                is_lost = is_lost and isinstance(error, NotFound)
            else:
                said = [*(refusal.reason for refusal in refusals), source.passed_over]
                passed_over = "; ".join(filter(None, said))
                others = self._others(mirrors[number + 1 :], spec, source, cancel)
                return replace(source, passed_over=passed_over, others=others)
        return refusals[0] if refusals else Refusal(Blocker.MIRROR, "No mirror has it any more")

    def _best_first(self, names: Sequence[MirrorName]) -> list[Mirror]:
        order = self._orders.get(tuple(names))
        if order is None:
            found = [self._configured[name] for name in names if name in self._configured]
            order = sorted(found, key=lambda mirror: mirror.is_doubtful)
            self._orders[tuple(names)] = order
        return order

    @cached_property
    def _configured(self) -> dict[MirrorName, Mirror]:
        return {mirror.name: mirror for mirror in self._mirrors.configured()}

    def _source(self, mirror: Mirror, spec: ConcreteSpec) -> Source:
        reader = self._reader(mirror)
        verifier, found, manifest = self._manifest(mirror, spec)
        size = reader.spec_document_size(manifest)
        if size is None or not verifier.knows_spec_document(manifest, size):
            verifier.spec_document(manifest, reader.spec_document(manifest))
        if found.silence and not reader.has_archive(manifest):
            raise found.silence
        reader.keep(found)
        signature = manifest.signature
        return Source(
            mirror=mirror.name,
            archive_sha256=manifest.archive.sha256,
            archive_size=manifest.archive.size,
            signer=signature.primary if signature else "",
            signer_name=signature.user_id if signature else "",
            passed_over=found.note,
        )

    def _manifest(
        self, mirror: Mirror, spec: ConcreteSpec
    ) -> tuple[Verifier, Found, VerifiedManifest]:
        verifier = self._verifier(mirror)
        ahead = self._ahead.pop((mirror.name, spec.hash), None)
        found = ahead.result() if ahead else self._reader(mirror).manifest(spec)
        return verifier, found, verifier.manifest(found.raw)

    def _verifier(self, mirror: Mirror) -> Verifier:
        with self._locks[mirror.name]:
            verifier = self._verifiers.get(mirror.name)
            if verifier is None:
                pins = self._pins.pins(mirror)
                if mirror.signed and not pins:
                    raise Refused(f"No key is trusted for mirror {mirror.name} yet")
                verifier = Verifier(mirror, pins, policy_of(mirror), self._keyrings)
                self._verifiers[mirror.name] = verifier
            return verifier

    def _reader(self, mirror: Mirror) -> MirrorReader:
        with self._locks[mirror.name]:
            reader = self._readers.get(mirror.name)
            if reader is None:
                reader = MirrorReader(
                    mirror, lambda: self._mirrors.client(mirror), self._blobs, self._manifests
                )
                self._readers[mirror.name] = reader
            return reader

    def _others(
        self, mirrors: Sequence[Mirror], spec: ConcreteSpec, source: Source, cancel: CancelToken
    ) -> tuple[OtherCopy, ...]:
        """What else is on offer for the same hash, as far as it is good and can be had."""
        found: list[OtherCopy] = []
        for mirror in mirrors:
            cancel.check()
            try:
                if not self._answers(mirror):
                    continue
                _, _, manifest = self._manifest(mirror, spec)
            except (Refused, MirrorError):
                continue
            signer = manifest.signature.primary if manifest.signature else ""
            if manifest.archive.sha256 != source.archive_sha256:
                found.append(OtherCopy(mirror.name, manifest.archive.sha256, signer))
        return tuple(found)

    def _answers(self, mirror: Mirror) -> bool:
        """False for a mirror that did not answer once: nobody waits for it twice."""
        with self._locks[mirror.name]:
            if mirror.name in self._silent:
                return False
            try:
                self._mirrors.client(mirror)
            except SpackbinError:
                self._silent.add(mirror.name)
                return False
            return True


def _reason(error: SpackbinError) -> str:
    return f"{error.title} ({error.detail})" if error.detail else error.title
