"""The real program, run as a user would, in a world of its own."""

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.starting import PATIENCE, ROOT, starter

KEY = "559EE7965466D9E9E4AAD601E7B01DEF7EE06A2A"
"""Fingerprint of the key that signed the golden mirror."""


def world(directory: Path, store: Path | None = None) -> dict[str, str]:
    """An environment in which spackbin keeps everything below `directory`."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SPACK", "XDG_", "GNUPG")) and not name.lower().endswith("_proxy")
    }
    return {
        **inherited,
        "HOME": str(directory),
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm-256color",
        "PYTHONPATH": str(ROOT),
        "SPACKBIN_STORE": str(store or directory / "store"),
        "SPACKBIN_CONFIG_DIR": str(directory / "config"),
        "SPACKBIN_CACHE_DIR": str(directory / "cache"),
        "SPACKBIN_STATE_DIR": str(directory / "state"),
        "SPACKBIN_USE_SPACK": "false",
    }


@dataclass
class Program:
    """`spackbin` with all its files below one directory."""

    directory: Path
    store: Path
    locale: str = "C.UTF-8"

    def arguments(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "tui.cli", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        return {**world(self.directory, self.store), "LC_ALL": self.locale}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; nobody is at the terminal."""
        # The encoding of what it says is settled when a Python starts.
        if self.locale != "C.UTF-8":
            return self.run_anew(*arguments)
        return starter().run(arguments, self.environment, self.directory)

    def run_anew(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The same in a Python of its own."""
        return subprocess.run(
            self.arguments(*arguments),
            env=self.environment,
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def good(self, *arguments: str) -> str:
        """Run a command that must succeed; returns what it printed."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"{shlex.join(arguments)}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout

    def json(self, *arguments: str) -> dict[str, Any]:
        """Run a command that must succeed and print one JSON document."""
        return json.loads(self.good(*arguments, "--json"))

    def refused(self, status: int, *arguments: str) -> str:
        """Run a command that must end with `status`; returns its plain words."""
        done = self.run(*arguments)
        assert done.returncode == status, f"{done.returncode}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stderr

    def trusting(self, mirror: Path | str, key: str = KEY) -> "Program":
        """With `mirror` added as `harbor` and its key trusted."""
        self.good("mirror", "add", "harbor", str(mirror))
        self.good("key", "trust", "harbor", key)
        return self

    def prefix(self, name: str) -> Path:
        """The one prefix of a package in the store."""
        (found,) = self.store.glob(f"*/{name}-*")
        return found

    def left_in_store(self) -> list[str]:
        """All that lies in the store but for the empty files of Spack's locks."""
        locks = {".spack-db", ".spack-db/lock", ".spack-db/prefix_lock"}
        found = {str(path.relative_to(self.store)) for path in self.store.rglob("*")}
        return sorted(found - locks)


def said_by(beacon: Path, store: Path) -> str:
    """What the program prints, padding taken out and the store's root named."""
    done = subprocess.run([beacon], capture_output=True, text=True, check=True)
    return re.sub("/{2,}", "/", done.stdout).replace(str(store), "@STORE@")
