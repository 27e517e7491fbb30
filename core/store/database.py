"""Spack's install database: reading it, and adding installations while a Spack may run.

Protocol (Spack 1.x `database.py`): a writer holds the exclusive lock, reads what is there now,
writes a temporary file beside the index, renames it over the index, and writes a new verifier.
Because of the rename a reader needs no lock.
"""

import contextlib
import os
import time
import uuid
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from core.cancel import CancelToken
from core.errors import StoreError
from core.model.graph import ALL_DEPTYPES, SpecGraph
from core.model.ident import DagHash
from core.model.installed import InstalledRecord
from core.model.spec import ConcreteSpec
from core.model.value import Value
from core.store.disk import is_directory, remove_if_possible, store_error, sync_directory
from core.store.document import Document, Installs, Record, damaged, new_document, parse_document
from core.store.locks import DATABASE_TIMEOUT, database_lock
from core.store.paths import StorePaths
from core.store.records import DatabaseState, new_record, state_of
from core.store.waiting import Listener

_Stamp = tuple[bytes, int, int] | None


class Installation(Value, frozen=True):
    """What is to be registered."""

    spec: ConcreteSpec
    """The package."""
    prefix: Path
    """Where it lies."""
    explicit: bool
    """True if a user asked for it by name."""


class Database:
    """The database of one store.

    Args:
        paths: the store.
        listener: told whom a writer has to wait for.
    """

    def __init__(self, paths: StorePaths, listener: Listener | None = None) -> None:
        self.paths = paths
        """The store."""
        self._listener = listener
        self._cached: tuple[_Stamp, DatabaseState] | None = None

    def read(self) -> DatabaseState:
        """What the database says now; a missing one is empty.

        Takes no lock and creates nothing. What was read before is given again until a writer has
        been there.

        Raises:
            StoreError: it cannot be read, is damaged, or its version is too new or too old.
        """
        stamp, cached = self._stamp(), self._cached
        if cached is None or cached[0] != stamp:
            # A writer who comes between leaves another stamp than this one.
            before = cached[1] if cached else None
            cached = (stamp, state_of(self._document(), self.paths.database, before))
            self._cached = cached
        return cached[1]

    def register(
        self,
        spec: ConcreteSpec,
        prefix: Path,
        graph: SpecGraph,
        *,
        explicit: bool,
        timeout: float | None = DATABASE_TIMEOUT,
        cancel: CancelToken | None = None,
    ) -> InstalledRecord:
        """Register one installation, see `register_many`; the record as it is now."""
        installation = Installation(spec, prefix, explicit)
        state = self.register_many([installation], graph, timeout=timeout, cancel=cancel)
        return state.records[spec.hash]

    def register_many(
        self,
        installations: Iterable[Installation],
        graph: SpecGraph,
        *,
        timeout: float | None = DATABASE_TIMEOUT,
        cancel: CancelToken | None = None,
    ) -> DatabaseState:
        """Register installations in one go: all of them or none.

        Dependencies of every type that have no record get one: externals as installed, others as
        not installed. What is registered already keeps its record, unless its prefix is gone; it
        becomes explicit if it is explicit here, and never the other way round.

        Args:
            installations: what lies in its prefix.
            graph: where the dependencies are found; those that it lacks get no record.
            timeout: seconds to wait for the lock, `None` for ever.
            cancel: looked at while waiting for the lock.

        Raises:
            StoreError: the lock, the old database or the new one failed; another package is
                registered in one of the prefixes; or a package is spliced.
            Interrupted: `cancel` was set while waiting.
        """

        def add(installs: Installs) -> None:
            # We hold the lock: it stays what it is.
            state = self.read()
            new = partial(new_record, explicit=False, time=time.time(), version=state.version)
            taken = {
                record.prefix: hash_
                for hash_, record in state.records.items()
                if record.installed and not record.is_external and record.prefix
            }
            for installation in installations:
                self._add(installs, installation, graph, new, taken)

        return self.change(add, timeout=timeout, cancel=cancel)

    def register_externals(
        self, specs: Iterable[ConcreteSpec], *, cancel: CancelToken | None = None
    ) -> None:
        """Give those external packages a record that have none: Spack asks for one of each.

        Raises:
            StoreError: the lock, the old database or the new one failed.
            Interrupted: `cancel` was set while waiting.
        """
        state = self.read()
        unknown = [spec for spec in specs if spec.hash not in state.records]
        if not unknown:
            return
        new = partial(new_record, explicit=False, time=time.time(), version=state.version)

        def add(installs: Installs) -> None:
            for spec in unknown:
                installs.setdefault(spec.hash, self._implied(spec, new))

        self.change(add, cancel=cancel)

    def mark_explicit(
        self, hashes: Iterable[DagHash], *, cancel: CancelToken | None = None
    ) -> tuple[InstalledRecord, ...]:
        """Note that a user asked for packages by name, of those that are installed.

        Args:
            hashes: which.
            cancel: looked at while waiting for the lock.

        Returns:
            The records of those that did not count so before.

        Raises:
            StoreError: the lock, the old database or the new one failed.
            Interrupted: `cancel` was set while waiting.
        """
        records = self.read().records
        hopeful = [hash_ for hash_ in hashes if hash_ in records and _is_implicit(records[hash_])]
        if not hopeful:
            return ()
        marked: list[DagHash] = []

        def mark(installs: Installs) -> None:
            for hash_ in hopeful:
                record = installs.get(hash_, {})
                if record.get("installed") and not record.get("explicit"):
                    record["explicit"] = True
                    marked.append(hash_)

        state = self.change(mark, cancel=cancel)
        return tuple(state.records[hash_] for hash_ in marked)

    def change(
        self,
        edit: Callable[[Installs], None],
        *,
        timeout: float | None = DATABASE_TIMEOUT,
        cancel: CancelToken | None = None,
    ) -> DatabaseState:
        """Change the records in one step; what `edit` raises leaves everything as it was.

        Args:
            edit: gets the records. It need not count references.
            timeout: seconds to wait for the lock, `None` for ever.
            cancel: looked at while waiting for the lock.

        Raises:
            StoreError: the lock, the old database or the new one failed.
            Interrupted: `cancel` was set while waiting.
        """
        with database_lock(
            self.paths, write=True, timeout=timeout, cancel=cancel, listener=self._listener
        ):
            # While we hold the lock nobody writes: stamp, document and state belong together.
            document = self._document()
            self._remember(document).check_writable()
            try:
                edit(document.installs)
                document.installs.count_references()
            except msgspec.MsgspecError as error:
                raise damaged(self.paths.database, str(error)) from error
            self._write(document.encode())
            return self._remember(document)

    def _remember(self, document: Document) -> DatabaseState:
        """The state of `document`, which is what the file holds, checked unless it was before."""
        stamp, cached = self._stamp(), self._cached
        if cached is None or cached[0] != stamp:
            before = cached[1] if cached else None
            cached = (stamp, state_of(document, self.paths.database, before))
            self._cached = cached
        return cached[1]

    def _stamp(self) -> _Stamp:
        try:
            found = self.paths.database.stat()
            verifier = self.paths.verifier.read_bytes() if self.paths.verifier.exists() else b""
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unreadable(error) from error
        return verifier, found.st_mtime_ns, found.st_ino

    def _document(self) -> Document:
        try:
            data = self.paths.database.read_bytes()
        except FileNotFoundError:
            return new_document(self.paths.database)
        except OSError as error:
            raise self._unreadable(error) from error
        return parse_document(data, self.paths.database)

    def _unreadable(self, error: OSError) -> StoreError:
        return store_error("The database of the store cannot be read", self.paths.database, error)

    def _add(
        self,
        installs: Installs,
        installation: Installation,
        graph: SpecGraph,
        new: Callable[..., Record],
        taken: dict[str, DagHash],
    ) -> None:
        spec = installation.spec
        prefix = str(installation.prefix)
        below = graph.order([edge.hash for edge in spec.dependencies], ALL_DEPTYPES)
        for dependency in below:
            if dependency.hash not in installs:
                installs[dependency.hash] = self._implied(dependency, new)
        record = installs.get(spec.hash)
        if record is None:
            record = new(spec, prefix, installed=False)
            installs[spec.hash] = record
        if not record.get("installed") or _is_lost(record, prefix):
            _refuse_taken(taken.get(prefix), prefix)
            taken[prefix] = spec.hash
            record.update(path=prefix, installed=True, installation_time=time.time())
        record["explicit"] = installation.explicit or record.get("explicit", False)
        for added in (*below, spec):
            _refuse_spliced(added, installs)

    def _implied(self, spec: ConcreteSpec, new: Callable[..., Record]) -> Record:
        """The record of a package that is only referred to."""
        store = self.read().placing(self.paths)
        path = spec.external.path if spec.external else str(store.prefix_of(spec))
        return new(spec, path, installed=bool(spec.external))

    def _write(self, data: bytes) -> None:
        """Replace the index, then the verifier. The caller holds the exclusive lock."""
        index = self.paths.database
        temporary = index.with_name(f"{index.name}.{os.uname().nodename}.{os.getpid()}.temp")
        try:
            for left_behind in index.parent.glob(f"{index.name}.*.temp"):
                left_behind.unlink()
            _write_durably(temporary, data)
            # A first time before: with a stale verifier a Spack would not see what was added, and
            # a full disk may not take the second one.
            self._verify_anew()
            temporary.replace(index)
        except OSError as error:
            what = "The database of the store cannot be written"
            raise store_error(what, index, error) from error
        finally:
            remove_if_possible(temporary)
        # The new database is there, whatever happens now.
        with contextlib.suppress(OSError):
            self._verify_anew()
        sync_directory(index.parent)

    def _verify_anew(self) -> None:
        """Make the verifier another one, in place: where there is one, no space is needed."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(self.paths.verifier, flags, 0o666)
        try:
            text = str(uuid.uuid4()).encode()
            os.pwrite(descriptor, text, 0)
            os.ftruncate(descriptor, len(text))
        finally:
            os.close(descriptor)


def _is_implicit(record: InstalledRecord) -> bool:
    return record.installed and not record.explicit and record.prefix is not None


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _is_lost(record: Record, prefix: str) -> bool:
    """True if a package is registered elsewhere than in `prefix`, and nothing is there."""
    path = str(record.get("path"))
    return path != prefix and not is_directory(path)


def _refuse_taken(by: DagHash | None, prefix: str) -> None:
    if by:
        raise StoreError(
            f"Another package is registered in {prefix}", f"/{by[:7]}", "Remove it first"
        )


def _refuse_spliced(spec: ConcreteSpec, installs: Installs) -> None:
    """Spack cannot open a database with a spliced package whose origin has no record."""
    origin: Any = spec.node.get("build_spec")
    if origin is not None and origin["hash"] not in installs:
        raise StoreError(
            f"{spec.label} is spliced from a package that the store does not know",
            f"/{spec.hash[:7]}",
            "Install it with Spack",
        )
