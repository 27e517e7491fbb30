"""Where an OCI registry keeps an image: references, tags and digests.

Format: Spack 1.x `oci/image.py`; the grammar is Docker's, upper case in paths tolerated.
"""

import ipaddress
import re
from urllib.parse import urlsplit

from core.errors import WrongUse
from core.model.ident import Sha256
from core.model.value import Value
from core.net.urls import scheme_of, shown

SCHEMES = {"oci": "https", "oci+http": "http"}
"""The schemes of registries, and by which scheme they are spoken to."""
DOCKER_HUB = "index.docker.io"
"""The registry that is meant when a reference names none."""
MAX_NAME = 255
"""Characters that domain and name may have together (as in Docker's grammar)."""

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]{{2,39}}\])(?::[0-9]{{1,5}})?"
_PART = r"[A-Za-z0-9]+(?:(?:[._]|__|-+)[A-Za-z0-9]+)*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
# Texts, which are compiled when they are first used: few mirrors are in a registry.
_REFERENCE = (
    rf"(?:(?P<domain>{_DOMAIN})/)?(?P<name>{_PART}(?:/{_PART})*)"
    rf"(?::{_TAG})?(?:@sha256:[0-9a-f]{{64}})?"
)

# By Docker's rule these would be images of Docker Hub, which nobody means.
_HOST_ALONE = r"localhost|[^/]+\.[^/]*|[^/]+:[0-9]+"


class Repository(Value, frozen=True):
    """A repository of images in a registry."""

    scheme: str
    """`https` or `http`."""
    domain: str
    """Host, with a port if one is named."""
    name: str
    """Path of the repository, in lower case."""

    @property
    def url(self) -> str:
        """The API of this repository, without a slash at the end."""
        return f"{self.scheme}://{self.domain}/v2/{self.name}"

    def manifest_url(self, tag: str) -> str:
        """Where the manifest of an image is."""
        return f"{self.url}/manifests/{tag}"

    def blob_url(self, digest: Sha256) -> str:
        """Where a blob is."""
        return f"{self.url}/blobs/sha256:{digest}"

    def tags_url(self) -> str:
        """Where the list of tags is."""
        return f"{self.url}/tags/list"


def parse_repository(url: str) -> Repository:
    """The repository that an `oci://` or `oci+http://` URL means.

    A tag or digest in the URL has no meaning for a build cache: Spack too puts its own tags there.

    Raises:
        WrongUse: the URL is no reference to an image, or has a user name or password in it.
    """
    scheme = SCHEMES.get(scheme_of(url))
    if scheme is None:
        raise WrongUse(f"{shown(url)} is not the URL of a registry", hint="Use oci://HOST/NAME")
    text = url.partition("://")[2].rstrip("/")
    if "@" in text.partition("/")[0]:
        raise WrongUse(
            f"The URL of a registry cannot hold a user name or password: {shown(url)}",
            hint="Log in with `docker login` or `podman login`, and leave them out of the URL",
        )
    found = re.fullmatch(_REFERENCE, text)
    if found is None or len(text) > MAX_NAME + 200 or re.fullmatch(_HOST_ALONE, text):
        raise WrongUse(
            f"{shown(url)} does not name a repository in a registry",
            hint=f"Write {scheme_of(url)}://HOST/NAME, e.g. {scheme_of(url)}://ghcr.io/user/cache",
        )
    domain, name = _with_defaults(found["domain"], found["name"])
    _check_host(domain, url)
    return Repository(scheme, domain, name.lower())


def sanitised_tag(text: str) -> str:
    """`text` as a tag: at most 128 characters of A-Z a-z 0-9 _ . - (Spack's own way)."""
    clean = re.sub(r"[^A-Za-z0-9_.-]", "_", text)
    return clean if len(clean) <= 128 else clean[:64] + clean[-64:]


def is_private(url: str) -> bool:
    """True if nobody on the way to `url` can read what is sent: by HTTPS, or on this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    host = parts.hostname or ""
    if parts.scheme != "http" or not _is_loopback(host):
        return parts.scheme == "https" and bool(host)
    # Slow to load, and most do without registries.
    from urllib.request import getproxies, proxy_bypass

    # A proxy would be on the way.
    return not getproxies().keys() & {"http", "all"} or bool(proxy_bypass(host))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _with_defaults(domain: str | None, name: str) -> tuple[str, str]:
    """Docker's short forms: `name` and `user/name` are on Docker Hub."""
    if not domain:
        return DOCKER_HUB, f"library/{name}"
    is_user = not any(sign in domain for sign in ".:") and domain == domain.lower()
    if is_user and domain != "localhost":
        return DOCKER_HUB, f"{domain}/{name}"
    return domain, name


def _check_host(domain: str, url: str) -> None:
    try:
        parts = urlsplit(f"//{domain}")
        is_good = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_good = False
    if not is_good:
        raise WrongUse(f"{shown(url)} names no host that can be asked")
