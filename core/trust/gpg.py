"""GnuPG, run through python-gnupg with nothing but what we give it.

No agent, no key server, no configuration file and no keyring of the user's: all that is used is
one home directory and, if named, one keyring file.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.errors import Refused

MAX_OUTPUT = 8 << 20
"""Bytes that GnuPG may write out of one signed document."""

_OPTIONS = [
    "--no-options",
    "--no-autostart",
    "--no-random-seed-file",
    "--no-auto-key-retrieve",
    "--no-auto-check-trustdb",
    "--lock-never",
]
# Whether a key is trusted is decided by its being here, not by a trust database.
_READING = ["--trust-model=always", f"--max-output={MAX_OUTPUT}"]
_MISSING = "GnuPG is not here, and without it no signature can be checked"
_INSTALL = "Install GnuPG 2.1 or later, and see that gpg is on the PATH"


class Said:
    """What GnuPG said and wrote in one run, not interpreted.

    python-gnupg fills one of these instead of its own results, which keep only the last of
    several status lines and give up on unusual ones.
    """

    def __init__(self, _gpg: object) -> None:
        self.status: list[tuple[str, str]] = []
        """Status lines (GnuPG `doc/DETAILS`): keyword and the rest, in order."""
        self.data = b""
        """Standard output."""
        self.returncode: int | None = None
        """Exit status."""

    def handle_status(self, key: str, value: str) -> None:
        """Called by python-gnupg for each status line."""
        self.status.append((key, value))


class Gpg:
    """GnuPG with one home. May be used by several threads at once."""

    def __init__(self, home: Path, keyring: Path | None = None) -> None:
        """Make ready.

        Args:
            home: home directory of GnuPG; only its owner may enter it.
            keyring: the only keyring to use, instead of the one in `home`.

        Raises:
            Refused: there is no GnuPG, or it is too old.
        """
        # Looked for once, and not along the PATH by each of hundreds of processes.
        binary = shutil.which("gpg")
        if binary is None:
            raise Refused(_MISSING, hint=_INSTALL)
        # It takes long to load, and nobody needs it who has verified all of it a moment ago.
        import gnupg  # pyright: ignore[reportMissingTypeStubs]

        try:
            self._gpg: Any = gnupg.GPG(
                binary,
                gnupghome=str(home),
                keyring=str(keyring) if keyring else None,
                options=_OPTIONS,
                env={**os.environ, "LC_ALL": "C"},
            )
        except OSError as error:
            raise Refused(_MISSING, hint=_INSTALL) from error
        except ValueError as error:
            raise Refused("GnuPG is too old or damaged", hint=_INSTALL) from error
        self._gpg.result_map = {
            **self._gpg.result_map,
            "crypt": Said,
            "import": Said,
            "verify": Said,
        }

    def read_signed(self, document: bytes) -> Said:
        """Check a clearsigned document; the text that was signed is the data of the result."""
        return _run(self._gpg.decrypt, document, _READING)

    def read_all_signed(self, documents: Sequence[bytes]) -> list[Said] | None:
        """Check clearsigned documents in one run, which takes little longer than one of them.

        Returns:
            What GnuPG says of each document. `None` unless it is content with all: it stops at
            the first bad one, so of a run with a bad one nothing is believed.
        """
        with suppress(OSError), tempfile.TemporaryDirectory(prefix="spackbin-") as place:
            paths = [Path(place, f"{number}.asc") for number in range(len(documents))]
            for path, document in zip(paths, documents, strict=True):
                path.write_bytes(document)
            options = [*_READING, "--multifile", *map(str, paths)]
            parts = _parts(_run(self._gpg.decrypt, b"", options), paths)
            for path, part in zip(paths, parts or (), strict=False):
                # GnuPG leaves the ending off for what it writes.
                part.data = path.with_suffix("").read_bytes()
            return parts
        return None

    def read_detached(self, text: bytes, signature: bytes) -> Said:
        """Check the detached signature of a text; the result has no data."""
        with tempfile.NamedTemporaryFile(prefix="spackbin-", suffix=".asc") as file:
            file.write(signature)
            file.flush()

            def verify(data: bytes, extra_args: list[str]) -> Said:
                return self._gpg.verify_data(file.name, data, extra_args=extra_args)

            return _run(verify, text, ["--trust-model=always"])

    def import_keys(self, data: bytes) -> Said:
        """Import keys into the home; the data of the result lists them in colon format."""
        try:
            return _run(self._gpg.import_keys, data, ["--import-options", "import-show"])
        finally:
            self._remove_socket_directory()

    def show_keys(self, data: bytes) -> bytes:
        """The keys in `data`, listed in colon format; nothing is imported, and no file made."""
        options = ["--trust-model=always", "--import-options", "show-only"]
        return _run(self._gpg.import_keys, data, options).data

    def _remove_socket_directory(self) -> None:
        """GnuPG makes it below /run/user for the agent, even if it may start none."""
        import subprocess

        home = ["--homedir", self._gpg.gnupghome]
        with suppress(OSError, subprocess.SubprocessError):
            subprocess.run(
                ["gpgconf", *home, "--remove-socketdir"],
                capture_output=True,
                timeout=10,
                check=False,
            )

    def export_all(self) -> bytes:
        """All public keys, one after the other."""
        return self._gpg.export_keys([], armor=False)

    def export_key(self, fingerprint: str) -> str:
        """One key with its newest self-signatures alone, in ASCII armour; empty if not there."""
        return self._gpg.export_keys(fingerprint, minimal=True)


def _run(call: Callable[..., Said], data: bytes, options: list[str]) -> Said:
    try:
        return call(data, extra_args=options)
    except OSError as error:
        # GnuPG may stop reading before it has all.
        raise Refused(f"GnuPG gave up: {error.strerror or error}") from error


def _parts(said: Said, paths: Sequence[Path]) -> list[Said] | None:
    """What was said of each file of one run; `None` if it was not content with each."""
    parts: list[Said] = []
    names: list[str] = []
    is_within = False
    for key, value in said.status:
        if key == "FILE_START" and not is_within:
            # Fields: what is done (3 is to decrypt), name of the file.
            names.append(value.partition(" ")[2])
            parts.append(Said(None))
            parts[-1].returncode = said.returncode
            is_within = True
        elif key == "FILE_DONE" and is_within:
            is_within = False
        elif is_within:
            parts[-1].status.append((key, value))
        else:
            return None
    is_good = said.returncode == 0 and not is_within and names == [str(path) for path in paths]
    return parts if is_good else None
