"""The quick way to read `mirrors.yaml` says what the library says, or nothing."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.mirror.plainfile import plain_blocks

WRITTEN = b"""\
mirrors:
  harbor:
    url: file:///srv/mirror
    signed: true
  other:
    fetch:
      url: https://host.example:8080/a-b/c_d~e/%20
    signed: false
    spackbin:
      quarantine: false
  short: /srv/other
"""

KEYS = ["a", "no", "Yes", "ON", "null", "url", "mirrors", "x-1", "1", "y", "~", "<<", "'q'", "é"]
VALUES = [
    "", "true", "false", "True", "yes", "null", "1", "1.5", "2020-01-01", "/a", "/a/", "/a:", "/",
    "s3://b/c", "http://h:1/", "x", "/a #b", "/a: b", "[a]", "{a: 1}", "'/a'", "&x /a", "*x", "=",
    "oci://é", "/a\t", "|", "- /a",
]  # fmt: skip

lines = st.builds(
    lambda depth, key, colon, value: f"{' ' * depth}{key}{colon}{value}",
    st.sampled_from([0, 0, 1, 2, 2, 4, 6]),
    st.sampled_from(KEYS),
    st.sampled_from([": ", ": ", ": ", ":", " : ", ":  "]),
    st.sampled_from(VALUES),
)


def test_what_we_write_is_read() -> None:
    found = plain_blocks(WRITTEN)
    assert found is not None
    assert repr(found) == repr(yaml.safe_load(WRITTEN))


@given(st.lists(lines, max_size=6))
def test_it_says_what_the_library_says_or_nothing(given_lines: list[str]) -> None:
    data = "\n".join([*given_lines, ""]).encode()
    found = plain_blocks(data)
    assert found is None or repr(found) == repr(yaml.safe_load(data))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        b"mirrors:\n",
        b"mirrors: {}\n",
        b"a: /b\na: /c\n",
        b"a: /b\n  c: /d\n",
        b"a:\n    c: /d\n",
        b"a:\n  b:\nc: /d\n",
        b"a: /b # said\n",
        b"a: /b\r\n",
        b"no: /b\n",
        b"a: 'x'\n",
        b"a: /b\n\n c: /d\n",
        b"\xef\xbb\xbfa: /b\n",
    ],
)
def test_the_rest_is_left_to_the_library(text: bytes) -> None:
    assert plain_blocks(text) is None
