"""Throw-away signing keys in a GnuPG home of their own."""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SigningKey:
    """A key of which we have the secret half."""

    ring: "KeyRing"
    fingerprint: str
    user_id: str

    @property
    def public(self) -> bytes:
        return self.ring.run("--armor", "--export", self.fingerprint)

    def clearsign(self, text: bytes, *options: str) -> bytes:
        """The text as Spack signs a manifest: `gpg --clearsign`."""
        return self.ring.run(
            "--armor", "--local-user", self.fingerprint, *options, "--clearsign", text=text
        )

    def detached(self, text: bytes) -> bytes:
        """The signature of a text as Spack 0.17 signs a spec: `gpg --detach-sign --armor`."""
        return self.ring.run(
            "--armor", "--local-user", self.fingerprint, "--detach-sign", text=text
        )


class KeyRing:
    """A GnuPG home in a short path (its agent needs a socket). Close it after use."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="sb-", dir="/tmp"))

    def run(self, *arguments: str, text: bytes = b"") -> bytes:
        done = subprocess.run(
            [
                *("gpg", "--homedir", str(self.home), "--batch", "--yes", "--no-tty"),
                *("--quiet", "--no-options", "--trust-model", "always"),
                *("--pinentry-mode", "loopback", "--passphrase", ""),
                *arguments,
            ],
            input=text,
            capture_output=True,
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout

    def generate(
        self,
        user_id: str,
        *,
        algorithm: str = "ed25519",
        expires: str = "never",
        made: str = "20260101T000000",
    ) -> SigningKey:
        """A new key that can sign, made at the (UTC) time `made`."""
        said = self.run(
            *("--faked-system-time", made, "--no-auto-check-trustdb", "--status-fd", "1"),
            *("--quick-generate-key", user_id, algorithm, "sign,cert", expires),
        )
        # By the user id another key might be found, which somebody else has made before.
        (fingerprint,) = re.findall(r"^\[GNUPG:\] KEY_CREATED P (\w+)", said.decode(), re.MULTILINE)
        return SigningKey(self, fingerprint, user_id)

    def add_signing_subkey(
        self, key: SigningKey, algorithm: str = "ed25519", expires: str = "never"
    ) -> None:
        self.run(
            *("--faked-system-time", "20260102T000000"),
            *("--quick-add-key", key.fingerprint, algorithm, "sign", expires),
        )

    def revoke(self, key: SigningKey) -> None:
        """Import the revocation certificate that GnuPG made with the key."""
        certificate = self.home / "openpgp-revocs.d" / f"{key.fingerprint}.rev"
        self.run("--import", text=certificate.read_bytes().replace(b":-----BEGIN", b"-----BEGIN"))

    def close(self) -> None:
        subprocess.run(
            ["gpgconf", "--homedir", str(self.home), "--kill", "all"], capture_output=True
        )
        shutil.rmtree(self.home, ignore_errors=True)
