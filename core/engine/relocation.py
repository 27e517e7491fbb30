"""Changing the files of a staged tree: several at the same time, reported in their order."""

import os
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from core.archive.extract import WAITERS
from core.archive.writers import WrittenFile
from core.cancel import CancelToken
from core.engine.refit import Outcome, Refit, Task
from core.errors import RelocationError
from core.model.artifact import LeftFile, RelocationReport
from core.relocate.links import relocate_link
from core.relocate.prefixes import PrefixMap
from core.store.manifest import Entry, digest_texts, file_entry

MOST_LEFT = 20
"""Files that a report names at most as left alone, or as not signed."""
WORTH_PASSING_ON = 2**16
"""Bytes of a file from which on another thread may work on it."""
MOST_THREADS = 4
"""Threads that each may have a file in memory."""


class Relocation:
    """The steps that make of an extracted tree what Spack would have installed.

    Args:
        files: what is known of its files; changed along with them.
        refit: does what is to be done to a file.
        moves: which path becomes which.
    """

    def __init__(self, files: Mapping[str, WrittenFile], refit: Refit, moves: PrefixMap) -> None:
        self._files = files
        self._refit = refit
        self._moves = moves
        self._links = 0
        self._left: list[LeftFile] = []
        self._outcomes: dict[str, Outcome] = {}

    def link(self, path: str) -> None:
        """Relocate a symbolic link."""
        place = self.on_disk(path)
        old = os.fsencode(place.readlink())
        new = relocate_link(old, self._moves)
        if new == old:
            self._left.append(LeftFile(path, "it leads to no path of the builder"))
            return
        place.unlink()
        place.symlink_to(os.fsdecode(new))
        self._links += 1

    @contextmanager
    def begun(
        self, tasks: Iterable[Task], threads: int, cancel: CancelToken, *, is_slow: bool
    ) -> "Generator[_Begun]":
        """Have other threads begin with the large files among `tasks`, and do the small meanwhile.

        Without other threads, or without large files, nothing is begun. On a slow file system the
        small ones are begun as well, by threads that mostly wait for it.

        Raises:
            Interrupted: `cancel` was cancelled.
        """
        with (
            ThreadPoolExecutor(min(threads, MOST_THREADS), "relocate") as pool,
            ThreadPoolExecutor(WAITERS, "wait") as waiters,
        ):
            begun: dict[str, Future[Outcome]] = {}
            small: list[Task] = []
            try:
                for task in tasks if threads > 1 or is_slow else ():
                    if self._files[task.path].size >= WORTH_PASSING_ON:
                        begun[task.path] = pool.submit(self._refit, task)
                    elif is_slow:
                        begun[task.path] = waiters.submit(self._refit, task)
                    else:
                        small.append(task)
                for task in small if begun else ():
                    cancel.check()
                    begun[task.path] = _done(self._refit, task)
                yield begun
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
                waiters.shutdown(wait=False, cancel_futures=True)

    def file(self, task: Task, begun: "_Begun") -> None:
        """Do with a file what is to be done, or wait until it has been done.

        Raises:
            RelocationError, OSError: as `Refit`.
        """
        future = begun.get(task.path)
        outcome = future.result() if future else self._refit(task)
        self._outcomes[task.path] = outcome
        self._left += (LeftFile(task.path, reason) for reason in outcome.left)

    def entries(self, paths: Sequence[str]) -> Iterator[Entry]:
        """What the install manifest says about files that are finished."""
        digests = [self._files[path].sha1 or b"" for path in paths]
        for path, sha1 in zip(paths, digest_texts(digests), strict=True):
            file, outcome = self._files[path], self._outcomes.get(path)
            time = outcome.time if outcome else 0.0
            yield file_entry(
                file.mode, file.owner, file.group, sha1=sha1, time=time, size=file.size
            )

    def on_disk(self, path: str) -> Path:
        """`path` of the archive in the stage."""
        return self._refit.on_disk(path)

    def report(self) -> RelocationReport:
        """What was done."""
        outcomes = self._outcomes.values()
        unsigned = [path for path, outcome in self._outcomes.items() if outcome.is_unsigned]
        return RelocationReport(
            binaries=sum(1 for outcome in outcomes if outcome.binary),
            texts=sum(1 for outcome in outcomes if outcome.text),
            links=self._links,
            shebangs=sum(outcome.shebangs for outcome in outcomes),
            rpaths=sum(outcome.rpaths for outcome in outcomes),
            strings=sum(outcome.binary + outcome.text for outcome in outcomes),
            left=tuple(self._left[:MOST_LEFT]),
            left_count=len(self._left),
            unsigned=tuple(unsigned[:MOST_LEFT]),
            unsigned_count=len(unsigned),
        )


def _done(refit: Refit, task: Task) -> Future[Outcome]:
    """What comes of a file, as if another thread had done it: an error is raised in its turn."""
    future: Future[Outcome] = Future()
    try:
        future.set_result(refit(task))
    except (RelocationError, OSError) as error:
        future.set_exception(error)
    return future


_Begun = Mapping[str, Future[Outcome]]
"""Files that other threads are working on, or that are done before their turn."""
