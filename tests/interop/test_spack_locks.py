"""Spack's locks and ours keep each other out, both ways."""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import pytest
from our_store import REEF
from real_spack import RealSpack

from core.errors import StoreError
from core.store.locks import database_lock, holder, prefix_lock
from core.store.paths import StorePaths

pytestmark = pytest.mark.interop

LOCKER = """
import sys
import spack.store

store = spack.store.STORE
with store.db.read_transaction():
    spec = store.db.query_one("/" + sys.argv[1])
lock = store.prefix_locker.raw_lock(spec) if sys.argv[2] == "prefix" else store.db.lock
print("ready", flush=True)

def do(name):
    if hasattr(lock, name):
        return getattr(lock, name)()
    # Before 1.2 there is no attempt, but a wait that may be short.
    try:
        getattr(lock, name.replace("try_", ""))(timeout=0.01)
    except Exception as error:
        if type(error).__name__ != "LockTimeoutError":
            raise
        return False
    return True

for line in sys.stdin:
    print(do(line.strip()), flush=True)
"""


class Locker:
    """A Spack that does with one of its locks what it is told."""

    def __init__(self, spack: RealSpack, kind: str):
        self._process = spack.start("python", spack.script(LOCKER), REEF, kind)
        # Spack replaces itself by its interpreter, so that the process stays the same.
        self.pid = self._process.pid
        self._answer()

    def ask(self, method: str) -> bool:
        assert self._process.stdin
        self._process.stdin.write(f"{method}\n")
        self._process.stdin.flush()
        return self._answer() == "True"

    def end(self) -> None:
        self._process.communicate()

    def _answer(self) -> str:
        assert self._process.stdout
        answer = self._process.stdout.readline().strip()
        assert answer in {"ready", "True", "False"}
        return answer


@contextmanager
def locker(spack: RealSpack, kind: str) -> Generator[Locker]:
    started = Locker(spack, kind)
    try:
        yield started
    finally:
        started.end()


def our_lock(store: StorePaths, kind: str, *, write: bool) -> AbstractContextManager[None]:
    if kind == "prefix":
        return prefix_lock(store, REEF, write=write, timeout=0)
    return database_lock(store, write=write, timeout=0)


@pytest.mark.parametrize("kind", ["prefix", "database"])
def test_spack_waits_for_us(spack: RealSpack, store: StorePaths, kind: str) -> None:
    with locker(spack, kind) as theirs:
        with our_lock(store, kind, write=True):
            assert not theirs.ask("try_acquire_write")
            assert not theirs.ask("try_acquire_read")
        with our_lock(store, kind, write=False):
            assert not theirs.ask("try_acquire_write")
            assert theirs.ask("try_acquire_read")
            assert theirs.ask("release_read")
        assert theirs.ask("try_acquire_write")


@pytest.mark.parametrize("kind", ["prefix", "database"])
def test_we_wait_for_spack(spack: RealSpack, store: StorePaths, kind: str) -> None:
    ours = partial(our_lock, store, kind)
    with locker(spack, kind) as theirs:
        assert theirs.ask("try_acquire_write")
        for write in (True, False):
            with pytest.raises(StoreError, match=f"in use by process {theirs.pid}"):
                ours(write=write).__enter__()
        assert holder(store, REEF if kind == "prefix" else None) == theirs.pid
        assert theirs.ask("release_write")
        assert theirs.ask("try_acquire_read")
        with pytest.raises(StoreError, match="in use"):
            ours(write=True).__enter__()
        with ours(write=False):
            pass
        assert theirs.ask("release_read")
        with ours(write=True):
            pass
