"""Installs what the golden store holds, into the very same path, and prints what differs.

Run in a namespace where `/opt` is ours. Arguments: a directory for our own files, the golden data,
and which golden store.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from core.cancel import CancelToken
from core.events import RunFinished
from core.model.host import Host, Libc
from core.session import Session
from core.settings import Settings
from tests.trees import OURS, by_path, differences, entries_of, hardlinks_of

BUILDER = Host(
    platform="linux",
    os="debian12",
    target="x86_64_v4",
    targets=("x86_64_v4", "x86_64_v3", "x86_64_v2", "x86_64"),
    libc=Libc("glibc", "2.36", "/usr"),
)
"""The machine on which the golden stores were filled."""
HISTORY = {".spackbin", ".spackbin/history.jsonl"}
"""What Spack does not have, see docs/adr/0013."""


def fill(directory: Path, golden: Path, store: Path, roots: list[str]) -> None:
    settings = Settings(
        store, directory / "config", directory / "cache", directory / "state", use_spack=False
    )
    session = Session(settings, host=BUILDER)
    session.add_mirror("harbor", str(golden / "mirror-signed"))
    session.refresh("harbor", cancel=CancelToken(), progress=lambda *_: None)
    (key,) = session.keys("harbor")
    session.trust("harbor", key.fingerprint)
    run = session.start_install(session.plan(roots, cancel=CancelToken()))
    while run.is_alive():
        time.sleep(0.05)
    last = run.history()[-1]
    assert isinstance(last, RunFinished), run.last_words()
    assert last.exit_status == 0, run.history()
    session.close()


def compared(golden: Path, name: str, store: Path) -> list[str]:
    expected = json.loads((golden / f"{name}.json").read_text())
    varying = {OURS, *json.loads((golden / "varies.json").read_text())}
    different: list[str] = []
    for value in expected["prefixes"].values():
        prefix = store / value["prefix"]
        found = differences(by_path(value["entries"]), entries_of(prefix), varying)
        different += [f"{prefix.name}/{line}" for line in found]
        if sorted(value["hardlinks"]) != hardlinks_of(prefix):
            different.append(f"{prefix.name}: hard links")
        if value["prefix_mode"] != f"{prefix.stat().st_mode & 0o7777:04o}":
            different.append(f"{prefix.name}: mode")
    around = {
        path: entry
        for path, entry in entries_of(store).items()
        if path not in HISTORY
        and not any(path.startswith(value["prefix"]) for value in expected["prefixes"].values())
    }
    always = {".spack-db/index.json", ".spack-db/index_verifier", "bin/sbang"}
    return different + differences(by_path(expected["around"]), around, always)


def records(path: Path) -> dict[str, Any]:
    document = json.loads(path.read_text())
    for record in document["database"]["installs"].values():
        assert record.pop("installation_time") > 0
    return document


def main(directory: str, golden: str, name: str) -> None:
    data = Path(golden)
    store = Path(json.loads((data / f"{name}.json").read_text())["store"])
    store.parent.mkdir(parents=True)
    database = records(data / f"{name}-db.json")
    roots = [key for key, item in database["database"]["installs"].items() if item["explicit"]]
    fill(Path(directory), data, store, roots)
    different = compared(data, name, store)
    if records(store / ".spack-db" / "index.json") != database:
        different.append("the install database")
    prefixes = len(list(store.glob("linux-*/*")))
    print(json.dumps({"different": different, "prefixes": prefixes}))


if __name__ == "__main__":
    main(*sys.argv[1:])
