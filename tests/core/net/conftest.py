"""A web server, who asks it, and a certificate for it."""

import subprocess
from pathlib import Path

import pytest

from tests.core.net.asking import http, server  # noqa: F401


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A throw-away key with a self-signed certificate for the loopback address."""
    key, made = tmp_path / "key.pem", tmp_path / "server.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    names = ["-subj", "/CN=spackbin test server", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(made)]
    subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)
    made.write_text(made.read_text() + key.read_text())
    key.unlink()
    return made
