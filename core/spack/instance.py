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
        return (etc / "include.yaml").exists() or (etc / "defaults/include.yaml").exists()

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
            return self.environ.get("HOME", str(Path.home())) + text[1:]
        return str(Path(text).expanduser()) if text.startswith("~") else text

    def _own(self, found: re.Match[str]) -> str:
        match (found[1] or found[2]).lower():
            case "spack":
                return str(self.prefix)
            case "user":
                import getpass  # Few paths name the user.

                return getpass.getuser()
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
    if (place / "lib/spack/spack").is_dir() and (place / "etc/spack").is_dir():
        return SpackInstance(place.absolute(), environ)
    return None


def keyring_of(spack: SpackInstance) -> Path:
    """The GnuPG home with the keys that a Spack trusts (Spack 1.x `util/gpg.py`)."""
    own = spack.environ.get("SPACK_GNUPGHOME")
    return Path(own).absolute() if own else spack.prefix / "opt/spack/gpg"
