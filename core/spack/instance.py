"""Where a Spack is, and what its configuration files may refer to."""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from core.model.value import Value


class SpackInstance(Value, frozen=True):
    """One Spack, as it would run for this user."""

    prefix: Path
    """Its prefix, for which `$spack` stands."""
    environ: Mapping[str, str]
    """The environment that it would run in."""

    @property
    def is_layered(self) -> bool:
        """True from Spack 1.1 on, where scopes are named by `include.yaml`."""
        etc = self.prefix / "etc/spack"
        return any(os.path.exists(etc / name) for name in ("include.yaml", "defaults/include.yaml"))

    @property
    def platform(self) -> str:
        """Spack's name of the platform, e.g. `linux`."""
        return sys.platform

    def substituted(self, text: str) -> str:
        """A path with Spack's own variables, those of the environment, and `~` put in.

        Of Spack's own (Spack 1.x `config.py`) those stay that only a running Spack knows, such as
        `$arch`.
        """
        text = re.sub(r"\$(?:(\w+)\b|\{(\w+)\})", self._own, text)
        text = re.sub(r"\$(?:(\w+)|\{([^}]*)\})", self._of_environment, text)
        if text == "~" or text.startswith("~/"):
            return self.environ.get("HOME", os.path.expanduser("~")) + text[1:]
        return os.path.expanduser(text)

    def _own(self, found: re.Match[str]) -> str:
        match (found[1] or found[2]).lower():
            case "spack":
                return str(self.prefix)
            case "user":
                return _user() or found[0]
            case "tempdir":
                return tempfile.gettempdir()
            case "user_cache_path":
                return self.environ.get("SPACK_USER_CACHE_PATH") or self.substituted("~/.spack")
            case "platform":
                return self.platform
            case _:
                return found[0]

    def _of_environment(self, found: re.Match[str]) -> str:
        return self.environ.get(found[1] or found[2] or "", found[0])


def _user() -> str:
    """The login name of this user; empty if nobody knows it, as in some containers."""
    import getpass  # Few paths name the user.

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def find_spack(
    environ: Mapping[str, str] | None = None, given: Path | None = None
) -> SpackInstance | None:
    """The Spack that `spack` would run: that of SPACK_ROOT, else the one on PATH, else none.

    Args:
        environ: the environment, default the process's own.
        given: prefix of the only one that counts.
    """
    environ = os.environ if environ is None else environ
    places: list[Path] = []
    if given:
        return _at(given, environ)
    if environ.get("SPACK_ROOT"):
        places.append(Path(environ["SPACK_ROOT"]))
    program = shutil.which("spack", path=environ.get("PATH", ""))
    if program:
        places.append(Path(program).resolve().parents[1])
    return next(filter(None, (_at(place, environ) for place in places)), None)


def _at(place: Path, environ: Mapping[str, str]) -> SpackInstance | None:
    if os.path.isdir(place / "lib/spack/spack") and os.path.isdir(place / "etc/spack"):
        return SpackInstance(place.absolute(), environ)
    return None


def keyring_of(spack: SpackInstance) -> Path:
    """The GnuPG home with the keys that a Spack trusts (Spack 1.x `util/gpg.py`)."""
    own = spack.environ.get("SPACK_GNUPGHOME")
    return Path(own).absolute() if own else spack.prefix / "opt/spack/gpg"
