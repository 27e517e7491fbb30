"""The recorded machines of a cluster: one JSON file each in a directory."""

import re
from pathlib import Path

import msgspec

from core.atomic import write_atomically
from core.errors import StoreError, WrongUse
from core.host.profile import PROFILE_SCHEMA, parse_profile, read_profile
from core.model.host import Host, RecordedHost

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,63}")


class Fleet:
    """The recorded machines in one directory. A missing directory means none."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def hosts(self) -> tuple[RecordedHost, ...]:
        """All of them by name; one that cannot be read does not hide the others."""
        return tuple(map(_recorded, sorted(self._directory.glob("*.json"))))

    def add(self, name: str, text: bytes, origin: str) -> Host:
        """Keep a machine under a name; one of the same name is replaced.

        Args:
            name: what to call it.
            text: what `spackbin host --json` printed on it.
            origin: where that comes from, for errors.

        Raises:
            WrongUse: the name has odd characters, or the text is no recorded machine.
            StoreError: the record cannot be written.
        """
        path = self._path(name)
        host = parse_profile(text, origin)
        document = {"schema": PROFILE_SCHEMA, "kind": "host", "host": host}
        write_atomically(path, msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
        return host

    def remove(self, name: str) -> None:
        """Forget a machine.

        Raises:
            WrongUse: there is none of this name.
            StoreError: its record cannot be removed.
        """
        path = self._path(name)
        try:
            path.unlink()
        except FileNotFoundError as error:
            known = ", ".join(host.name for host in self.hosts()) or "none"
            raise WrongUse(f"No machine is recorded as {name}", f"Recorded are: {known}") from error
        except OSError as error:
            raise StoreError(f"The record cannot be removed: {error}", str(path)) from error

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise WrongUse(
                f"{name!a} is not a name for a machine", hint="Use letters, digits, . _ @ + -"
            )
        return self._directory / f"{name}.json"


def _recorded(path: Path) -> RecordedHost:
    try:
        return RecordedHost(path.stem, read_profile(path))
    except WrongUse as error:
        return RecordedHost(path.stem, None, str(error))
