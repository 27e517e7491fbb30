"""The journal of a run, and the run as viewers see it.

A run is a directory below the state directory: `request.json` (what to do), `journal.jsonl` (the
events), `engine.lock` (held while the engine lives), `engine.log` (what the process said), `cancel`
(present once somebody asked the engine to stop), `pause` (present while it is to begin nothing
new), `settled` (once it owes the store nothing), `builds` (a directory for each build that it
ordered), and `job` (the id of Slurm's job that is the engine, if one is).
"""

import contextlib
import hashlib
import os
import secrets
import threading
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from core.atomic import write_atomically
from core.engine.liveness import is_held, kernel
from core.errors import StoreError
from core.events import Event, RunFinished, decode_event, encode_event
from core.settings import Settings

JOURNAL = "journal.jsonl"
REQUEST = "request.json"
LOCK = "engine.lock"
LOG = "engine.log"
CANCEL = "cancel"
PAUSE = "pause"
SETTLED = "settled"
BUILDS = "builds"


class JournalWriter:
    """Appends events; may be shared by threads. Every event is on disk when `append` returns.

    After `RunFinished` nothing follows: events of threads that were left to themselves are lost.
    """

    def __init__(self, directory: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._path = directory / JOURNAL
        self._descriptor = os.open(self._path, flags, 0o644)
        self._lock = threading.Lock()
        self._is_ended = False
        self._is_request_kept = False
        size = os.fstat(self._descriptor).st_size
        self._is_cut = size > 0 and os.pread(self._descriptor, 1, size - 1) != b"\n"

    def append(self, event: Event) -> None:
        """Write one event as one line.

        Raises:
            StoreError: it cannot be written.
        """
        line = encode_event(event)
        with self._lock:
            if self._is_ended:
                return
            try:
                self._write(b"\n" + line if self._is_cut else line)
            except OSError as error:
                self._is_cut = True
                raise StoreError(
                    f"The journal of the run cannot be written: {error.strerror}",
                    str(self._path),
                    "Free some space, or name another place with SPACKBIN_STATE_DIR",
                ) from error
            self._is_cut = False
            self._is_ended = isinstance(event, RunFinished)

    def sync(self) -> None:
        """Make what was written survive a power cut, and the request too, where that can be."""
        with contextlib.suppress(OSError):
            with self._lock:
                if self._is_ended:
                    return
                # Nobody who has something to say waits for the disk.
                descriptor = os.dup(self._descriptor)
            _flush(descriptor)
            if not self._is_request_kept:
                _flush(os.open(self._path.with_name(REQUEST), os.O_RDONLY | os.O_CLOEXEC))
                self._is_request_kept = True

    def close(self) -> None:
        """Make the journal durable and close it."""
        with self._lock:
            self._is_ended = True
            with contextlib.suppress(OSError):
                os.fsync(self._descriptor)
            os.close(self._descriptor)

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._descriptor, data) :]


class Run:
    """One run, seen from outside: its events so far, and whether its engine lives."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        """Where the run keeps its files."""
        self.id = directory.name
        """Name of the run; sorts by time."""
        self._offset = 0
        self._rest = b""

    def events(self) -> list[Event]:
        """The events appended since the last call; the first call begins at the start."""
        try:
            with (self.directory / JOURNAL).open("rb") as stream:
                stream.seek(self._offset)
                data = stream.read()
        except FileNotFoundError:
            return []
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [event for line in lines if (event := _understood(line))]

    def is_alive(self) -> bool:
        """True while the engine process lives, on whatever machine."""
        return is_held(self.directory / LOCK)

    def standing(self) -> str:
        """Why it has not begun, as a sentence without a final full stop; empty if it has."""
        return ""

    def history(self) -> list[Event]:
        """All events so far, whatever `events` has given already."""
        return Run(self.directory).events()

    def cancel(self) -> None:
        """Ask the engine to stop; it cleans up and says so in the journal."""
        (self.directory / CANCEL).touch()

    def is_cancelled(self) -> bool:
        """True once somebody asked the engine to stop."""
        return (self.directory / CANCEL).exists()

    def pause(self) -> None:
        """Ask the engine to begin nothing new; it stays so, whoever looks or goes, until `resume`.

        Raises:
            StoreError: the directory of the run cannot be written.
        """
        try:
            (self.directory / PAUSE).touch()
        except OSError as error:
            raise _not_told(self.directory, error) from error

    def resume(self) -> None:
        """Ask the engine to go on after a pause.

        Raises:
            StoreError: the directory of the run cannot be written.
        """
        try:
            (self.directory / PAUSE).unlink(missing_ok=True)
        except OSError as error:
            raise _not_told(self.directory, error) from error

    def is_paused(self) -> bool:
        """True while the engine is asked to begin nothing new."""
        return (self.directory / PAUSE).exists()

    def settle(self) -> None:
        """Note that the run owes the store nothing: all that it put there is registered or gone."""
        (self.directory / SETTLED).touch()

    def is_settled(self) -> bool:
        """False as long as the run may have left an unregistered prefix in the store."""
        return (self.directory / SETTLED).exists()

    def last_words(self) -> str:
        """The last line that the engine process wrote outside of the journal; may be empty."""
        try:
            text = (self.directory / LOG).read_text(errors="replace")
        except FileNotFoundError:
            return ""
        return text.strip().rpartition("\n")[2]


def _flush(descriptor: int) -> None:
    """Have a file on disk, and close it."""
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _not_told(directory: Path, error: OSError) -> StoreError:
    return StoreError(
        f"The engine cannot be told: {error.strerror}",
        str(directory),
        "Free some space there, or see to whom it belongs",
    )


def _understood(line: bytes) -> Event | None:
    """The event of a line; `None` for one cut off by a full disk, or from another version."""
    try:
        return decode_event(line)
    except msgspec.DecodeError:
        return None


def runs_directory(settings: Settings) -> Path:
    """Where the runs of this store are kept."""
    digest = hashlib.sha256(os.fsencode(settings.store)).hexdigest()[:16]
    return settings.state_dir / "runs" / digest


def runs(settings: Settings) -> list[Run]:
    """All runs of this store, newest first."""
    directory = runs_directory(settings)
    if not os.path.isdir(directory):
        return []
    names = sorted((entry.name for entry in directory.iterdir()), reverse=True)
    return [Run(directory / name) for name in names if (directory / name / REQUEST).exists()]


def new_run(settings: Settings, request: object) -> Run:
    """A new run that holds `request` (anything that msgspec can write as JSON).

    It survives a power cut from when its engine has put something into the store, see
    `JournalWriter.sync`: until then there is nothing to tidy up after it.

    Raises:
        StoreError: the state directory cannot be written.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    directory = runs_directory(settings) / f"{stamp}-{secrets.token_hex(2)}"
    try:
        directory.mkdir(parents=True)
        (directory / LOCK).write_text(kernel())
        write_atomically(directory / REQUEST, msgspec.json.encode(request), durable=False)
    except OSError as error:
        raise StoreError(
            f"The run cannot be recorded: {error.strerror}",
            str(directory),
            "Free some space, or name another place with SPACKBIN_STATE_DIR",
        ) from error
    return Run(directory)
