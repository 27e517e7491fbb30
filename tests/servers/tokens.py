"""A token service as registries use them: it knows one login, and signs what may be read."""

import base64
import json
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.servers.registry import PASSWORD, USER
from tests.servers.scripted import Answer, Asked, ScriptedServer, serve_script

SERVICE = "harbor registry"
ISSUER = "harbor token service"


class TokenService:
    """Signs tokens with a throw-away key. `needs_login`: whether everybody gets good ones."""

    def __init__(self, directory: Path, *, needs_login: bool) -> None:
        self._key = directory / "token-key.pem"
        self.certificate = directory / "token-certificate.pem"
        """Whom the registry must believe."""
        self._needs_login = needs_login
        command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=harbor-tokens"
        files = ["-keyout", str(self._key), "-out", str(self.certificate)]
        subprocess.run([*command.split(), *files], check=True, capture_output=True)

    def answer(self, asked: Asked) -> Answer:
        login = asked.headers.get("authorization")
        pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if login not in (None, f"Basic {pair}"):
            return Answer(401)
        query = parse_qs(urlsplit(asked.path).query)
        assert query["service"] == [SERVICE]
        kind, name, actions = query["scope"][0].split(":")
        access = {"type": kind, "name": name, "actions": actions.split(",")}
        is_allowed = bool(login) or not self._needs_login
        return Answer(200, json.dumps({"token": self._token([access] * is_allowed)}).encode())

    def _token(self, access: list[dict[str, object]]) -> str:
        lines = self.certificate.read_text().splitlines()
        chain = ["".join(line for line in lines if not line.startswith("-"))]
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": USER,
            "aud": SERVICE,
            "exp": now + 60,
            "nbf": now - 60,
            "iat": now,
            "jti": str(now),
            "access": access,
        }
        header = {"typ": "JWT", "alg": "RS256", "x5c": chain}
        text = f"{_encoded(json.dumps(header).encode())}.{_encoded(json.dumps(claims).encode())}"
        command = ["openssl", "dgst", "-sha256", "-sign", str(self._key)]
        done = subprocess.run(command, input=text.encode(), check=True, capture_output=True)
        return f"{text}.{_encoded(done.stdout)}"


@contextmanager
def serve_tokens(
    directory: Path, *, needs_login: bool
) -> Generator[tuple[ScriptedServer, dict[str, object]]]:
    """The service, and the settings of a registry that uses it."""
    service = TokenService(directory, needs_login=needs_login)
    with serve_script(service.answer) as server:
        settings = {
            "realm": f"{server.url}/token",
            "service": SERVICE,
            "issuer": ISSUER,
            "rootcertbundle": str(service.certificate),
        }
        yield server, {"token": settings}


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
