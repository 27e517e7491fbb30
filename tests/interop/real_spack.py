"""Running a real Spack, 0.23 or 1.x, without network, home or configuration of its user.

Nothing but the checkout and a Python is needed: no solver, because nothing is concretized here, and
no package repository, because the recipes are made up from the names of the packages.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

RECIPE = "from spack.package import *\n\n\nclass {name}({base}):\n    has_code = False\n"
TIMEOUT = 120


def version_of(checkout: Path) -> tuple[int, ...]:
    """Major, minor and patch of a Spack."""
    text = (checkout / "lib" / "spack" / "spack" / "__init__.py").read_text()
    found = re.search(r'^__version__ = "(\d+)\.(\d+)\.(\d+)', text, re.MULTILINE)
    assert found, checkout
    return tuple(map(int, found.groups()))


@dataclass(frozen=True)
class RealSpack:
    """One Spack with a configuration of its own."""

    checkout: Path
    """Where `bin/spack` is. May be read-only."""
    place: Path
    """Everything that Spack writes goes here, except installations."""
    store: Path
    """Its install tree."""

    @property
    def is_before_1_0(self) -> bool:
        """True for 0.23."""
        return version_of(self.checkout) < (1, 0)

    def know(self, packages: Iterable[tuple[str, str]]) -> None:
        """Make recipes for (namespace, package name); without one Spack loads no package."""
        for namespace, package in packages:
            repository = self._repository(namespace)
            module = package if self.is_before_1_0 else package.replace("-", "_")
            recipe = repository / "packages" / module / "package.py"
            recipe.parent.mkdir(parents=True, exist_ok=True)
            name = "".join(word.capitalize() for word in re.split("[-_]", module))
            base = "Package" if self.is_before_1_0 else "PackageBase"
            recipe.write_text(RECIPE.format(name=name, base=base))
            api = "" if self.is_before_1_0 else "  api: v2.0\n"
            about = f"repo:\n  namespace: {namespace}\n{api}"
            (repository / "repo.yaml").write_text(about)

    def use(self, mirror: Path) -> None:
        """Have a mirror configured, of which no signature is checked."""
        scope = self.place / "scope"
        scope.mkdir(parents=True, exist_ok=True)
        url = f"file://{mirror.resolve()}"
        (scope / "mirrors.yaml").write_text(json.dumps({"mirrors": {"harbor": url}}))

    def verify(self, *specs: str) -> None:
        """Have it compare installed packages with their manifests; fails if they differ."""
        command = ["verify"] if self.is_before_1_0 else ["verify", "manifest"]
        self.run(*command, *specs)

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`spack ARGUMENTS`."""
        return subprocess.run(
            self.command(*arguments),
            env=self.environment(),
            capture_output=True,
            text=True,
            check=check,
            timeout=TIMEOUT,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """`spack ARGUMENTS`, to be talked with."""
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def script(self, text: str) -> str:
        """A file with `text`, for `run("python", ...)`."""
        path = self.place / "script.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    def command(self, *arguments: str) -> list[str]:
        """The command line; writes the configuration first."""
        repositories = {
            path.name: str(path) for path in self.place.glob("repositories/spack_repo/*")
        }
        settings = {
            "config": {
                "install_tree": {"root": str(self.store)},
                "build_stage": [str(self.place / "stage")],
                "source_cache": str(self.place / "sources"),
                "misc_cache": str(self.place / "misc"),
                "test_stage": str(self.place / "tests"),
                "environments_root": str(self.place / "environments"),
            },
            # Enabled, with nowhere to go to: Spack finds what it can on the system.
            "bootstrap": {"enable": True, "root": str(self.place / "bootstrap"), "sources": []},
            # Two colons: instead of the repository that Spack would clone.
            "repos:": list(repositories.values()) if self.is_before_1_0 else repositories,
        }
        scope = self.place / "scope"
        scope.mkdir(parents=True, exist_ok=True)
        for section, values in settings.items():
            name = section.rstrip(":")
            (scope / f"{name}.yaml").write_text(json.dumps({section: values}))
        program = str(self.checkout / "bin" / "spack")
        return [program, "--color", "never", "-C", str(scope), *arguments]

    def environment(self) -> dict[str, str]:
        """Nothing of ours, and no configuration of anybody's."""
        return {
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(self.place),
            "TMPDIR": str(self.place),
            "SPACK_PYTHON": sys.executable,
            "SPACK_DISABLE_LOCAL_CONFIG": "1",
            "SPACK_USER_CACHE_PATH": str(self.place / "cache"),
            "SPACK_USER_CONFIG_PATH": str(self.place / "user"),
            "SPACK_GNUPGHOME": str(self.place / "gnupg"),
        }

    def _repository(self, namespace: str) -> Path:
        return self.place / "repositories" / "spack_repo" / namespace
