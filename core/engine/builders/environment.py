"""The environment of a build: what Spack needs of the user's own, and nothing that is secret.

Spack makes the environment of the compilers itself. What it needs is to be started, to find its
configuration and the compilers, and to reach the sources. Tokens and passwords, of which an
environment may hold any number, are not in the list.
"""

import os
import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

PASSED = (
    *("HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "LC_*", "TZ", "TMPDIR"),
    *("LD_LIBRARY_PATH", "DYLD_*", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"),
    *("SPACK_*", "MODULE*", "LMOD_*", "LOADEDMODULES", "_LMFILES_", "BASH_ENV", "BASH_FUNC_*"),
    *("CRAY*", "PE_*"),
    *("*_proxy", "*_PROXY", "SSL_CERT_*", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
)
"""Names of variables that every build may see."""
DROPPED = ("SPACK_ENV", "SPACK_ENV_VIEW", "SPACK_LD_LIBRARY_PATH")
"""Names that stand for the environment of Spack's that is active in the user's shell."""
_LOGIN_IN_URL = re.compile(r"://[^/@]*@")
_JOBSERVER = re.compile(r"--jobserver-(?:auth|fds)=(?:fifo:(\S+)|(\d+),(\d+))")


def build_environment(environ: Mapping[str, str], more: Sequence[str] = ()) -> dict[str, str]:
    """The variables of `environ` that a build sees.

    Proxies whose address holds a password are left out, unless `more` names them.

    Args:
        environ: that of the user.
        more: names of further variables; `*` stands for anything.
    """
    return {
        name: value
        for name, value in environ.items()
        if _among(name, more) or (_is_passed(name) and not _LOGIN_IN_URL.search(value))
    }


def jobserver(environ: Mapping[str, str]) -> tuple[int, ...] | None:
    """The descriptors through which a build reaches GNU make's jobserver in MAKEFLAGS.

    Empty if it is a named pipe; `None` if there is no jobserver, or not for us: its descriptors
    are only good if whoever started us has handed them down (GNU make's manual, 13.1).
    """
    found = _JOBSERVER.search(environ.get("MAKEFLAGS", ""))
    if not found:
        return None
    if found[1]:
        return () if os.access(found[1], os.R_OK | os.W_OK) else None
    descriptors = int(found[2]), int(found[3])
    try:
        for descriptor in descriptors:
            os.fstat(descriptor)
    except OSError:
        return None
    return descriptors


def _is_passed(name: str) -> bool:
    return name not in DROPPED and _among(name, PASSED)


def _among(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
