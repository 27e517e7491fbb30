"""Reading from an OCI registry: HTTP, with a login where the registry wants one."""

import threading
from contextlib import closing
from functools import cached_property

import httpx

from core.errors import MirrorError
from core.model.mirror import Connection
from core.net.http import HttpTransport, Patience
from core.net.http_errors import check_status, trouble
from core.net.registry import Repository
from core.net.registry_credentials import FoundLogin, find_registry_login
from core.net.registry_login import MAX_TOKEN_ANSWER, authorization, login_needed
from core.net.urls import shown

_ACCEPT = (
    "application/vnd.oci.image.manifest.v1+json,"
    " application/vnd.docker.distribution.manifest.v2+json, */*;q=0.5"
)
"""Without these names a registry may answer with an older kind of manifest, or with 404."""


class RegistryTransport(HttpTransport):
    """Reads one repository of a registry, by the `http` or `https` URLs of its API.

    The `Authorization` header goes to this registry alone: where it redirects to, usually a store
    of objects elsewhere, nothing of a login is sent.
    """

    def __init__(
        self,
        repository: Repository,
        connection: Connection = Connection(),  # noqa: B008, frozen
        patience: Patience | None = None,
    ) -> None:
        """Make ready to connect; a login is looked for when the registry asks for one.

        Args:
            repository: what to read.
            connection: the login, if the configuration has one.
            patience: how long to wait.

        Raises:
            MirrorError: the proxy or certificate settings in the environment cannot be used.
        """
        super().__init__(patience)
        self._repository = repository
        self._connection = connection
        self._origin = _origin(httpx.URL(repository.url))
        self._lock = threading.Lock()
        self._authorization = ""

    @cached_property
    def _found(self) -> FoundLogin:
        return find_registry_login(self._repository, self._connection)

    def _send(self, request: httpx.Request) -> httpx.Response:
        if _origin(request.url) != self._origin:
            # A redirect to elsewhere: httpx has taken the login out.
            return super()._send(request)
        request.headers["Accept"] = _ACCEPT
        known = self._authorization
        response = self._authorized(request, known)
        if response.status_code == 401:
            response.close()
            header = ", ".join(response.headers.get_list("WWW-Authenticate"))
            response = self._authorized(request, self._log_in(header, known))
        if response.status_code in (401, 403):
            response.close()
            raise login_needed(self._repository, self._found)
        return response

    def _authorized(self, request: httpx.Request, authorization: str) -> httpx.Response:
        if authorization:
            request.headers["Authorization"] = authorization
        return super()._send(request)

    def _log_in(self, header: str, refused: str) -> str:
        with self._lock:
            # Another thread may have done it while this one waited.
            if self._authorization == refused:
                self._authorization = authorization(
                    self._repository, header, self._found, self._ask_token_service
                )
            return self._authorization

    def _ask_token_service(self, url: str, login: str) -> bytes:
        headers = {"Authorization": login} if login else {}
        try:
            request = self._client.build_request("GET", url, headers=headers)
            response = super()._send(request)
            with closing(response):
                if response.status_code in (400, 401, 403):
                    raise login_needed(self._repository, self._found)
                check_status(response, url)
                return b"".join(self._pieces(response, url, 0, MAX_TOKEN_ANSWER, None))
        except httpx.InvalidURL as error:
            raise MirrorError(f"{shown(url)} is not a URL that can be read") from error
        except httpx.RequestError as error:
            raise trouble(error, url) from error


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
