"""The blob cache as those see it who need a blob: taken from here, from a neighbour, or fetched.

Nothing that lies in a cache is believed: whoever takes a blob gets its size and digest as they
were read just now, and holds them against the signed ones.
"""

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from core.blobs.fetching import Fetching, Order, read_through
from core.blobs.shelf import BLOBS, Shelf, Unusable, is_at, try_lock, using
from core.blobs.usage import default_limit, keep_within, trim_by
from core.errors import StoreError, TooLong
from core.model.ident import Sha256

POLL = 0.05
"""Seconds between two looks at whether another process has fetched a blob."""

_FULL = {errno.ENOSPC, errno.EDQUOT}
_ROOM = 64 << 20
"""Bytes to make room for if nobody knows how many are needed."""


class Taken(NamedTuple):
    """A blob on disk, whole as it came. It stays until it is released."""

    path: Path
    """The file; nobody changes it."""
    size: int
    """Its bytes, counted while they were read or came."""
    sha256: Sha256
    """Their digest."""


def _silent(_text: str) -> None:
    """Say nothing."""


class BlobCache:
    """Blobs by digest, below a directory. For any number of threads and processes at once.

    A directory that cannot be written is no reason to stop: a temporary one takes its place until
    the cache is closed.
    """

    def __init__(
        self,
        directory: Path,
        shared: tuple[Path, ...] = (),
        *,
        limit: int | None = None,
        say: Callable[[str], None] = _silent,
    ) -> None:
        """Make ready; nothing is read or written yet.

        Args:
            directory: where the cache is.
            shared: caches of others, looked at first and never written to.
            limit: bytes that it may have after `keep_within`; `None` for `default_limit`.
            say: told of what is worth a line in a log.
        """
        self.directory = directory
        """Where the cache is."""
        self._own = Shelf(directory)
        self._shelf = self._own
        self._shared = shared
        self._limit = limit
        self._say = say
        self._held: dict[Path, list[int]] = {}
        self._came = 0
        self._lock = threading.Lock()

    def has(self, digest: Sha256) -> bool:
        """True if a blob of this name is here or in a shared cache; it may be damaged."""
        caches = (self._shelf.directory, *self._shared)
        return any(os.path.isfile(cache / BLOBS / digest[:2] / digest) for cache in caches)

    def size_of(self, digest: Sha256) -> int | None:
        """Bytes of a blob that is here or in a shared cache; it may be damaged."""
        for cache in (self._shelf.directory, *self._shared):
            with suppress(OSError):
                return os.stat(f"{cache}/{BLOBS}/{digest[:2]}/{digest}").st_size  # noqa: PTH116 - quicker
        return None

    def take(self, order: Order) -> Taken:
        """The blob, from the first place that has it. Release it after use.

        While another process fetches the same, this waits and takes it from here then. A blob that
        came and is not what was ordered is given all the same, and not kept.

        Raises:
            MirrorError: it cannot be had; what came of it is kept, and resumed the next time.
            StoreError: it can be written nowhere.
            Interrupted: the order was cancelled.
        """
        shelf, may_make_room = self._shelf, True
        while True:
            try:
                return self._take(shelf, order)
            except Unusable as trouble:
                needed = (order.size or _ROOM) if may_make_room else 0
                shelf = self._other_shelf(shelf, needed, trouble)
                may_make_room = False

    def release(self, path: Path) -> None:
        """Give back a blob that was taken; what is kept may be evicted from then on."""
        with self._lock:
            holders = self._held.get(path, [])
            descriptor = holders.pop() if holders else None
            is_last = not holders
            if is_last:
                self._held.pop(path, None)
        if descriptor is None:
            return
        is_kept = path.is_relative_to(self._own.root) and path.name[0] != "."
        if is_last and not is_kept:
            path.unlink(missing_ok=True)
        os.close(descriptor)

    def document(self, digest: Sha256, limit: int) -> bytes | None:
        """A small blob of at most `limit` bytes, if it is here and undamaged."""
        for cache in (self._shelf.directory, *self._shared):
            with suppress(OSError):
                flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW
                path = cache.joinpath(BLOBS, digest[:2], digest)
                with os.fdopen(os.open(path, flags), "rb") as stream:
                    data = stream.read(limit + 1)
                if hashlib.sha256(data).hexdigest() == digest:
                    return data
        return None

    def keep(self, data: bytes) -> None:
        """Keep a small blob; who cannot keep it fetches it again."""
        path = self._own.blob(Sha256(hashlib.sha256(data).hexdigest()))
        with suppress(OSError, Unusable):
            self._own.prepare()
            path.parent.mkdir(mode=0o755, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
            try:
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(data)
                    os.fchmod(stream.fileno(), 0o644)
                Path(name).replace(path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
            self._note(len(data))

    def keep_within(self) -> int:
        """Evict what was not used for longest if the cache may be too large; the bytes freed."""
        with self._lock:
            came, self._came = self._came, 0
        with suppress(OSError):
            limit = default_limit(self.directory) if self._limit is None else self._limit
            return keep_within(self.directory, limit, came)
        return 0

    def close(self) -> None:
        """Release all blobs, and remove the temporary directory if there is one."""
        for path, holders in list(self._held.items()):
            for _ in list(holders):
                self.release(path)
        with self._lock:
            if self._shelf is not self._own:
                shutil.rmtree(self._shelf.directory, ignore_errors=True)
                self._shelf = self._own

    def _take(self, shelf: Shelf, order: Order) -> Taken:
        shelf.prepare()
        while True:
            order.cancel.check()
            if taken := self._hit(shelf, order):
                return taken
            descriptor = self._claim(shelf, order)
            taken = None if descriptor is None else self._fetched(shelf, descriptor, order)
            if taken:
                return taken

    def _claim(self, shelf: Shelf, order: Order) -> int | None:
        """The partial file, ours alone; `None` if it is time to look for the whole one again."""
        path = shelf.part(order.digest)
        descriptor = shelf.open_part(order.digest)
        try:
            if self._wait_for(descriptor, path, order):
                if not shelf.blob(order.digest).exists():
                    return descriptor
                # Somebody finished between our look and our lock.
                shelf.drop_part(descriptor, order.digest)
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def _wait_for(self, descriptor: int, path: Path, order: Order) -> bool:
        """Lock a partial file; false if it is none any more."""
        is_told = False
        while not _lock(descriptor, path):
            if not is_at(descriptor, path):
                return False
            if not is_told:
                self._say(f"blob {order.digest[:12]} is being fetched by another: waiting for it")
                is_told = True
            order.tell(os.fstat(descriptor).st_size)
            order.cancel.wait(POLL)
        return is_at(descriptor, path)

    def _hit(self, shelf: Shelf, order: Order) -> Taken | None:
        """The blob, if it is here and undamaged; a damaged one is thrown away."""
        descriptor = shelf.open_blob(order.digest)
        if descriptor is None:
            return None
        path = shelf.blob(order.digest)
        try:
            try:
                size, digest = read_through(descriptor, order)
            except OSError:
                size, digest = 0, Sha256("")
            if order.is_met(size, digest):
                with suppress(OSError):
                    # When it was last used.
                    os.utime(path)
                return self._hold(path, descriptor, size, digest)
            self._say(f"the cached blob {order.digest[:12]} is damaged: it is fetched anew")
            with using(path):
                if is_at(descriptor, path):
                    path.unlink()
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def _fetched(self, shelf: Shelf, descriptor: int, order: Order) -> Taken | None:
        """Fill the partial file; `None` if it was evicted as soon as it was whole."""
        path = shelf.part(order.digest)
        try:
            size, digest = Fetching(descriptor, path, order).fill(self._shared, self._say)
            if not order.is_met(size, digest):
                return self._hold(shelf.set_aside(order.digest), descriptor, size, digest)
            if shelf.publish(descriptor, order.digest):
                self._note(size)
                return self._hold(shelf.blob(order.digest), descriptor, size, digest)
        except BaseException as error:
            left = os.fstat(descriptor).st_size
            if isinstance(error, TooLong | Unusable) or not left:
                shelf.drop_part(descriptor, order.digest)
            else:
                self._note(left)
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def _note(self, came: int) -> None:
        with self._lock:
            self._came += came

    def _hold(self, path: Path, descriptor: int, size: int, digest: Sha256) -> Taken:
        with self._lock:
            self._held.setdefault(path, []).append(descriptor)
        return Taken(path, size, digest)

    def _other_shelf(self, shelf: Shelf, needed: int, trouble: Unusable) -> Shelf:
        """Where to try next: the same if there is room for `needed` bytes now, else elsewhere."""
        with self._lock:
            if shelf is not self._shelf:
                return self._shelf
            if shelf is not self._own:
                raise _not_written(trouble) from trouble
            if needed and trouble.errno in _FULL and trim_by(self.directory, needed):
                return shelf
            try:
                self._shelf = Shelf(Path(tempfile.mkdtemp(prefix="spackbin-")))
            except OSError as error:
                raise _not_written(trouble) from error
            self._say(
                f"the cache cannot be used ({trouble}): a temporary directory takes its place"
            )
            return self._shelf


def _lock(descriptor: int, path: Path) -> bool:
    with using(path):
        return try_lock(descriptor, fcntl.LOCK_EX)


def _not_written(trouble: Unusable) -> StoreError:
    return StoreError(
        f"A download cannot be written: {trouble}",
        hint="Make room, or name another place with SPACKBIN_CACHE_DIR",
    )
