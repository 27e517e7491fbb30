"""The header `WWW-Authenticate`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.net.registry_challenge import MAX_HEADER, Challenge, parse_challenges

REALM = "https://auth.example.org/token"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", []),
        ("Basic", [("basic", {})]),
        ('Basic realm="harbor"', [("basic", {"realm": "harbor"})]),
        ('BASIC Realm = "a \\"b\\", c"', [("basic", {"realm": 'a "b", c'})]),
        (
            f'Bearer realm="{REALM}",service="s",scope="repository:a/b:pull,push"',
            [("bearer", {"realm": REALM, "service": "s", "scope": "repository:a/b:pull,push"})],
        ),
        (
            f'Negotiate, Bearer realm="{REALM}", error=invalid_token, Basic realm="x"',
            [
                ("negotiate", {}),
                ("bearer", {"realm": REALM, "error": "invalid_token"}),
                ("basic", {"realm": "x"}),
            ],
        ),
        ('Bearer realm="never closed', [("bearer", {})]),
        ("\u00e4", []),
        ("Basic " + "a" * MAX_HEADER, []),
    ],
)
def test_headers(header: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    challenges = [Challenge(scheme, parameters) for scheme, parameters in expected]
    found = list(parse_challenges(header))
    assert found[: len(challenges)] == challenges
    assert all(not challenge.parameters for challenge in found[len(challenges) :])


@given(st.text(alphabet='aB=",\\ \t:;/', max_size=200))
def test_no_header_breaks_it(header: str) -> None:
    for challenge in parse_challenges(header):
        assert challenge.scheme
