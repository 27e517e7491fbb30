"""Without zlib-ng Python's own zlib does the same."""

import subprocess
import sys
from importlib.util import find_spec

PROGRAM = """
import gzip, io, sys
{before}
from core.archive.inflate import inflate, inflater
from core.cancel import CancelToken
from core.errors import Refused

def unpacked(data):
    return b"".join(inflate(io.BytesIO(data), 10**6, CancelToken()))

packed = gzip.compress(b"data" * 9999)
assert unpacked(packed) == b"data" * 9999
for bad in (packed[:-1], packed + b"x", packed[:-5] + b"?" + packed[-4:], packed[:20] + b"?" * 9):
    try:
        unpacked(bad)
    except Refused:
        continue
    raise AssertionError(bad)
print(inflater.__name__)
"""


def said(before: str) -> str:
    program = PROGRAM.format(before=before)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return done.stdout.decode().strip()


def test_zlib_does_as_well() -> None:
    assert said("sys.modules['zlib_ng'] = None") == "zlib"


def test_zlib_ng_is_taken_where_it_is() -> None:
    assert said("") == ("zlib_ng.zlib_ng" if find_spec("zlib_ng") else "zlib")
