"""Keys pages: which fingerprints a document names."""

from pathlib import Path

import pytest

from core.errors import Refused
from core.trust.pages import fingerprints_on
from tests.simulator.keys import KeyRing, SigningKey

ONE = "559EE7965466D9E9E4AAD601E7B01DEF7EE06A2A"
GROUPS = "559E E796 5466 D9E9 E4AA  D601 E7B0 1DEF 7EE0 6A2A"


@pytest.mark.parametrize(
    "page",
    [
        ONE,
        ONE.lower(),
        f"Fingerprint: {GROUPS}.",
        GROUPS.replace(" ", ":").replace("::", ":"),
        f"<li><code>{GROUPS.replace('  ', ' ')}</code></li>",
        GROUPS.replace("  ", " ").replace(" ", "&nbsp;"),
        f"<b>{ONE[:20]}</b> is not whole. <p>{ONE}</p>",
        f"{ONE};https://keys.example/key.pub",
    ],
)
def test_a_fingerprint_in_text(page: str) -> None:
    assert fingerprints_on(page.encode()) == {ONE}


@pytest.mark.parametrize("page", ["", "no keys", ONE[:39], ONE + "0", "a" * 64, "\xff\xfe"])
def test_nothing_that_names_a_key(page: str) -> None:
    assert fingerprints_on(page.encode("latin-1")) == frozenset()


def test_key_blocks(golden: Path, key_ring: KeyRing) -> None:
    own = key_ring.generate("On A Page <page@simulator.example>")
    key_ring.add_signing_subkey(own)
    bot = (golden / "dev/keys/pr-bot.pub").read_bytes()
    page = b"<pre>\n" + bot + b"</pre> and <pre>\n" + own.public + b"</pre> " + ONE.encode()
    # The primary keys alone: whoever could name a subkey as a key could name anybody's.
    assert fingerprints_on(page) == {
        ONE,
        own.fingerprint,
        "D775EB400B42B5C4E1D0936FFB56286B2FEC7170",
    }


def test_a_damaged_key_block_is_no_page_without_keys(signing_key: SigningKey) -> None:
    with pytest.raises(Refused):
        fingerprints_on(
            signing_key.public[:80] + b"\n-----END PGP PUBLIC KEY BLOCK-----\n" + ONE.encode()
        )
