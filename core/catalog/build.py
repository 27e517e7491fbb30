"""Have a catalog built by a child process.

Decoding an index of hundreds of MB in a thread would stop the screen for seconds, because
Python runs one thread at a time. A child process does not.
"""

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import msgspec

from core.cancel import CancelToken
from core.catalog.schema import CatalogSummary
from core.catalog.write import Failed, Progressed, Report, Written
from core.errors import MirrorError

Progress = Callable[[int, int], None]
"""Called with the bytes of the index that were read, and how many there are."""

_POLL_SECONDS = 0.1
_ABANDONED_SECONDS = 3600
_reports: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)


def build_catalog(
    index: Path,
    destination: Path,
    *,
    checksum: str,
    partial: Path | None = None,
    cancel: CancelToken | None = None,
    progress: Progress | None = None,
) -> CatalogSummary:
    """Make the catalog of an index, replacing the one at `destination` in one step.

    If anything goes wrong, what was at `destination` stays, and nothing is left beside it.

    Args:
        index: the index document of a mirror, uncompressed.
        destination: the catalog file; its directory exists.
        checksum: digest of the index, kept to see later whether the catalog is up to date.
        partial: where to put a catalog of what was read so far, every second or so; removed again.
        cancel: looked at several times a second.
        progress: told how far it is.

    Raises:
        MirrorError: the document is no index, is damaged, or has a version that is not
            understood; or the catalog cannot be written.
        Interrupted: `cancel` was used.
    """
    _remove_abandoned(destination)
    made = destination.with_name(f".{destination.name}.{os.getpid()}.{time.time_ns()}.new")
    command = [sys.executable, "-P", "-m", "core.catalog.write", str(index), str(made), checksum]
    command += [str(partial)] if partial else []
    # The child finds the modules where this process found them, and not in the directory that
    # happens to be the current one.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        ) as child:
            try:
                summary = _await_summary(child, cancel or CancelToken(), progress)
            finally:
                child.kill()
        made.replace(destination)
    except OSError as error:
        raise MirrorError(
            "The catalog of this mirror could not be made",
            str(error),
            "Is the disk full?",
            retry=True,
        ) from error
    finally:
        made.unlink(missing_ok=True)
        if partial:
            partial.unlink(missing_ok=True)
    return summary


def _await_summary(
    child: subprocess.Popen[bytes], cancel: CancelToken, progress: Progress | None
) -> CatalogSummary:
    assert child.stdout is not None
    for report in _reports_of(child.stdout, cancel):
        match report:
            case Progressed(done, total):
                if progress:
                    progress(done, total)
            case Written(summary):
                child.wait()
                return summary
            case Failed(title, detail, hint, retry):
                raise MirrorError(title, detail, hint, retry=retry)
    raise MirrorError(
        "Reading the index of this mirror failed",
        f"The process that reads it ended with status {child.wait()}",
        "Is there enough memory?",
        retry=True,
    )


def _reports_of(stream: IO[bytes], cancel: CancelToken) -> Iterator[Report]:
    """What the child reports, until it has nothing more to say."""
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            cancel.check()
            if not selector.select(_POLL_SECONDS):
                continue
            data = os.read(stream.fileno(), 1 << 16)
            if not data:
                return
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                yield _reports.decode(line)


def _remove_abandoned(destination: Path) -> None:
    """Remove what killed processes left behind."""
    for path in destination.parent.glob(f".{destination.name}.*.new"):
        try:
            if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                path.unlink()
        except OSError:
            continue
