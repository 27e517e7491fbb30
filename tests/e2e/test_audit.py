"""What was let in against the rules stands in the audit, with every rule that it broke."""

from pathlib import Path

from core.net.files import file_url
from tests.program import Program
from tests.simulator.keys import SigningKey
from tests.simulator.mirror import SimulatedMirror


def test_a_pull_request_in_its_quarantine(program: Program, simulated: SimulatedMirror) -> None:
    options = ("--channel", "PR", "--allow-doubtful", "bot")
    program.good("mirror", "add", "bot", simulated.url, *options)
    program.good("key", "trust", "bot", simulated.fingerprint)
    program.good("install", "tide", "--yes")
    apart = program.store.with_name(f"{program.store.name}-quarantine-bot")
    document = program.json("--store", str(apart), "history", "--audit")
    (entry,) = (item for item in document["installs"] if item["name"] == "tide")
    assert entry["mirror"] == "bot"
    assert entry["signer"] == simulated.fingerprint
    assert entry["exception"] == "Mirror bot holds builds of a pull request"
    assert f"EXCEPTION: {entry['exception']}" in program.good("--store", str(apart), "history", "1")


def test_every_exception_is_named(
    program: Program, simulated: SimulatedMirror, other_key: SigningKey, tmp_path: Path
) -> None:
    page = tmp_path / "keys.txt"
    page.write_text(f"We sign with {other_key.fingerprint}\n")
    options = ("--channel", "PR", "--allow-doubtful", "bot", "--shared-store")
    url = file_url(page)
    program.good("mirror", "add", "bot", simulated.url, *options, "--keys-page", url)
    program.good("key", "trust", "bot", simulated.fingerprint, "--although-sources-disagree")
    program.good("install", "tide", "--yes")
    (entry,) = program.json("history", "--audit")["installs"]
    rules = entry["exception"].split("; ", 2)
    assert rules[:2] == [
        "Mirror bot holds builds of a pull request",
        "Mirror bot is not kept in quarantine",
    ]
    assert rules[2].startswith(
        f"The key was trusted although second sources disagree (keys page: {url} names"
        f" {other_key.fingerprint}"
    )
    assert entry["signer"] == simulated.fingerprint
    assert rules[0] in program.good("history", "--audit")
