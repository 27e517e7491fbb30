"""The keyring that holds the pinned keys of one mirror, and nothing else."""

import base64
import binascii
import hashlib
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from core.atomic import write_atomically
from core.errors import StoreError
from core.trust.gpg import Gpg
from core.trust.pins import Pin

_lock = threading.Lock()


def open_keyring(keyrings: Path, pins: Sequence[Pin]) -> Gpg:
    """GnuPG with exactly the keys of `pins`.

    The keyring is a file below `keyrings`, named by the digest of its content, and written only
    if it is not there as it should be.

    Raises:
        StoreError: a pinned key is damaged, or the keyring cannot be written.
        Refused: there is no GnuPG.
    """
    content = keyring_content(pins)
    home = _home(keyrings, content)
    keyring = home / "pins.gpg"
    with _lock:
        if not _holds(keyring, content):
            _make_private(home)
            write_atomically(keyring, content, durable=False)
        return _gpg(home, keyring)


def keyring_home(keyrings: Path, pins: Sequence[Pin]) -> Path:
    """The home directory of the keyring of exactly these keys; it need not be there yet.

    Raises:
        StoreError: a pinned key is damaged.
    """
    return _home(keyrings, keyring_content(pins))


def _home(keyrings: Path, content: bytes) -> Path:
    return keyrings / hashlib.sha256(content).hexdigest()[:32]


def keyring_content(pins: Sequence[Pin]) -> bytes:
    """The content of the keyring file: the binary keys one after the other.

    Raises:
        StoreError: a pinned key is damaged.
    """
    return b"".join(_binary(pin) for pin in pins)


@lru_cache(maxsize=64)
def _gpg(home: Path, keyring: Path) -> Gpg:
    return Gpg(home, keyring)


def _holds(keyring: Path, content: bytes) -> bool:
    try:
        return keyring.read_bytes() == content
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unusable(keyring, error) from error


def _make_private(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o700)
    except OSError as error:
        raise _unusable(home, error) from error


def _binary(pin: Pin) -> bytes:
    """The key without its ASCII armour (RFC 4880, section 6.2)."""
    lines = pin.armored.strip().splitlines()
    try:
        body = [line for line in lines[lines.index("") + 1 : -1] if not line.startswith("=")]
        return base64.b64decode("".join(body), validate=True)
    except (ValueError, binascii.Error) as error:
        raise StoreError(
            f"The trusted key {pin.fingerprint} is damaged",
            hint="Remove it with spackbin key distrust, then trust it again",
        ) from error


def _unusable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"The keyring of trusted keys cannot be used: {error.strerror}",
        str(path),
        "Look at its permissions, or name another place with SPACKBIN_STATE_DIR",
    )
