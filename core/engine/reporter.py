"""Turns the doings of the engine into events, and keeps their number down."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from core.engine.journal import JournalWriter
from core.errors import SpackbinError
from core.events import (
    BuildQueued,
    BuildStarted,
    BuildStepped,
    BuildWaits,
    LeftAlone,
    Lock,
    LogWritten,
    MarkedExplicit,
    NodeFailed,
    NodeFinished,
    NodeRelocated,
    NodeSkipped,
    NodeVerified,
    Phase,
    PhaseFinished,
    PhaseProgressed,
    PhaseStarted,
)
from core.model.artifact import RelocationReport, StagedTree, VerifiedManifest
from core.model.ident import DagHash
from core.model.installed import InstalledRecord
from core.store.waiting import Listener, reporting

Progress = Callable[[int, int], None]
"""Called with what is done and the total, in bytes or entries."""

INTERVAL = 0.25
"""Seconds between two progress events of one phase of one node."""


class Reporter:
    """Writes events about nodes to the journal; may be shared by threads."""

    def __init__(self, writer: JournalWriter) -> None:
        self._writer = writer

    @contextmanager
    def phase(self, node: DagHash, phase: Phase, total: int = 0) -> Generator[Progress]:
        """Report a phase; yields what to call with its progress.

        A phase that ends by an exception is started and not finished: `failed` follows it.
        """
        began = time.monotonic()
        last = began
        count = 0

        def progress(done: int, _total: int) -> None:
            nonlocal last, count
            count = done
            now = time.monotonic()
            if now - last >= INTERVAL:
                last = now
                self._writer.append(
                    PhaseProgressed(time=time.time(), node=node, phase=phase, done=done)
                )

        self.phase_started(node, phase, total)
        yield progress
        self.phase_finished(node, phase, time.monotonic() - began, count)

    def phase_started(self, node: DagHash, phase: Phase, total: int = 0) -> None:
        """Report the beginning of a phase that does not end where it began."""
        self._writer.append(PhaseStarted(time=time.time(), node=node, phase=phase, total=total))

    def phase_finished(self, node: DagHash, phase: Phase, seconds: float, done: int = 0) -> None:
        """Report the end of a phase."""
        self._writer.append(
            PhaseFinished(time=time.time(), node=node, phase=phase, seconds=seconds, done=done)
        )

    def sync(self) -> None:
        """Make what was reported survive a power cut."""
        self._writer.sync()

    def log(self, node: DagHash | None, text: str) -> None:
        """Report a line for the log."""
        self._writer.append(LogWritten(time=time.time(), node=node, text=text))

    def verified(self, manifest: VerifiedManifest, exceptions: str) -> None:
        """Report on whose word a node is believed, and against which rules."""
        signature = manifest.signature
        self._writer.append(
            NodeVerified(
                time=time.time(),
                node=manifest.wanted.hash,
                mirror=manifest.mirror,
                archive_sha256=manifest.archive.sha256,
                signer=signature.primary if signature else "",
                signer_name=signature.user_id if signature else "",
                exception=exceptions,
            )
        )

    def relocated(self, staged: StagedTree) -> None:
        """Report what relocation changed in a node."""
        node, report = staged.spec.hash, staged.report
        self._writer.append(
            NodeRelocated(
                time=time.time(),
                node=node,
                binaries=report.binaries,
                texts=report.texts,
                links=report.links,
                shebangs=report.shebangs,
                rpaths=report.rpaths,
                strings=report.strings,
                left=tuple(LeftAlone(file.path, file.reason) for file in report.left),
                left_count=report.left_count,
                unsigned=report.unsigned,
                unsigned_count=report.unsigned_count,
            )
        )
        if report.unsigned:
            self.log(node, f"{staged.spec.label}: {_to_be_signed(report)}")

    def finished(self, node: DagHash, prefix: str, *, already: bool = False) -> None:
        """Report a node as installed."""
        self._writer.append(
            NodeFinished(time=time.time(), node=node, prefix=prefix, already=already)
        )

    def queued(self, node: DagHash, builder: str, job: str, log: str, *, reattached: bool) -> None:
        """Report a node as handed to a builder, now or by an earlier run."""
        self._writer.append(
            BuildQueued(
                time=time.time(),
                node=node,
                builder=builder,
                job=job,
                log=log,
                reattached=reattached,
            )
        )

    def held_up(self, node: DagHash, reason: str) -> None:
        """Report why a build does not run yet."""
        self._writer.append(BuildWaits(time=time.time(), node=node, reason=reason))

    def building(self, node: DagHash, host: str) -> None:
        """Report that a build runs."""
        self._writer.append(BuildStarted(time=time.time(), node=node, host=host))

    def stepped(self, node: DagHash, step: str) -> None:
        """Report the phase of Spack's that a build came to."""
        self._writer.append(BuildStepped(time=time.time(), node=node, step=step))

    def failed(
        self, node: DagHash, error: SpackbinError, log: str = "", *, is_left: bool = False
    ) -> None:
        """Report a node as failed.

        Args:
            node: which.
            error: why.
            log: the file with the output of its build.
            is_left: whether its build may go on nevertheless.
        """
        self._writer.append(
            NodeFailed(
                time=time.time(),
                node=node,
                title=error.title,
                detail=error.detail,
                hint=error.hint,
                exit_status=error.exit_status,
                log=log,
                is_left=is_left,
            )
        )

    def skipped(self, node: DagHash, reason: str) -> None:
        """Report a node as not tried."""
        self._writer.append(NodeSkipped(time=time.time(), node=node, reason=reason))

    def listener(self, node: DagHash | None, lock: Lock) -> Listener:
        """Reports that a node, or the run, waits for a lock, and for whom."""
        return reporting(self._writer.append, node, lock)

    def marked(self, record: InstalledRecord) -> None:
        """Report that an installed package is noted as asked for by name."""
        spec = record.spec
        self._writer.append(
            MarkedExplicit(
                time=time.time(),
                node=spec.hash,
                name=spec.name,
                version=spec.version,
                prefix=record.prefix or "",
            )
        )


def _to_be_signed(report: RelocationReport) -> str:
    more = report.unsigned_count - 1
    who, them = report.unsigned[0], "it"
    if more:
        who, them = f"{who} and {more} more", "them"
    return f"{who} must be signed on a Mac before macOS runs {them}: codesign -fs- FILE"
