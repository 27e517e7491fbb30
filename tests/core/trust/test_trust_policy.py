"""Exceptions from the rules, each with its own words."""

import pytest

from core.model.ident import mirror_name
from core.model.mirror import Channel, Mirror
from core.trust.policy import exceptions

UNSIGNED = "Mirror harbor may be unsigned: no signature was asked for"
PR = "Mirror harbor holds builds of a pull request"
SHARED = "Mirror harbor is not kept in quarantine"
KEY = "The key was trusted although second sources disagree (page: x)"


@pytest.mark.parametrize(
    ("signed", "channel", "shares_store", "against_key", "expected"),
    [
        (True, Channel.RELEASE, False, "", ""),
        # To share the store is no exception for a mirror that somebody vouches for.
        (True, Channel.SITE, True, "", ""),
        (False, Channel.SITE, False, "", UNSIGNED),
        (False, Channel.SITE, True, "", f"{UNSIGNED}; {SHARED}"),
        (True, Channel.PR, False, "", PR),
        (True, Channel.PR, True, "", f"{PR}; {SHARED}"),
        (False, Channel.PR, True, "", f"{UNSIGNED}; {PR}; {SHARED}"),
        (True, Channel.RELEASE, False, "page: x", KEY),
        (True, Channel.PR, True, "page: x", f"{PR}; {SHARED}; {KEY}"),
    ],
)
def test_every_exception_is_named(
    signed: bool, channel: Channel, shares_store: bool, against_key: str, expected: str
) -> None:
    mirror = Mirror(
        mirror_name("harbor"),
        "https://harbor.example/cache",
        signed=signed,
        stated_channel=channel,
        shares_store=shares_store,
    )
    assert exceptions(mirror, is_signed=signed, against_key=against_key) == expected


def test_a_signature_on_a_mirror_that_needs_none_is_no_exception() -> None:
    mirror = Mirror(mirror_name("harbor"), "https://harbor.example/cache", signed=False)
    assert exceptions(mirror, is_signed=True, against_key="") == ""
