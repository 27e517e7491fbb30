"""Channels of mirrors, and the badges of the doubtful ones."""

import pytest
from msgspec.structs import replace

from core.model.ident import MirrorName
from core.model.mirror import Channel, Mirror, guessed_channel


@pytest.mark.parametrize(
    ("url", "channel"),
    [
        ("https://binaries.spack.io/develop", Channel.ROLLING),
        ("https://binaries.spack.io/develop/e4s", Channel.ROLLING),
        ("https://binaries.spack.io/develop-2026-09-20", Channel.SNAPSHOT),
        ("https://binaries.spack.io/develop-2026-09-20/e4s", Channel.SNAPSHOT),
        ("https://binaries.spack.io/v1.1.0", Channel.RELEASE),
        ("https://binaries.spack.io/v0.23/e4s", Channel.RELEASE),
        ("https://binaries.spack.io/releases/v0.18", Channel.RELEASE),
        ("s3://spack-binaries-prs/prs/pr123_branch/e4s", Channel.PR),
        ("https://cache.example/pr42", Channel.PR),
        ("https://cache.example/pr-42_fix/develop", Channel.PR),
        ("https://cache.example/pull/42", Channel.PR),
        ("https://develop.example/cache", Channel.SITE),
        ("https://pr.example/cache", Channel.SITE),
        ("https://cache.example/developers", Channel.SITE),
        ("https://cache.example/product", Channel.SITE),
        ("https://cache.example", Channel.SITE),
        ("file:///srv/mirror", Channel.SITE),
        ("/srv/pr/7", Channel.PR),
    ],
)
def test_urls_tell_the_channel(url: str, channel: Channel) -> None:
    assert guessed_channel(url) is channel


def test_what_the_configuration_says_counts_more() -> None:
    mirror = Mirror(MirrorName("m"), "https://binaries.spack.io/develop")
    assert mirror.channel is Channel.ROLLING
    assert replace(mirror, stated_channel=Channel.RELEASE).channel is Channel.RELEASE


@pytest.mark.parametrize(
    ("channel", "signed", "badge"),
    [
        (Channel.SITE, True, ""),
        (Channel.SITE, False, "UNSIGNED"),
        (Channel.PR, True, "PR"),
        (Channel.PR, False, "PR, UNSIGNED"),
    ],
)
def test_doubtful_mirrors_wear_a_badge_and_are_quarantined(
    channel: Channel, signed: bool, badge: str
) -> None:
    mirror = Mirror(MirrorName("m"), "https://m.example", signed, stated_channel=channel)
    assert mirror.badge == badge
    assert mirror.is_doubtful == mirror.is_quarantined == bool(badge)
    shared = replace(mirror, shares_store=True)
    assert (shared.badge, shared.is_quarantined) == (badge, False)
