"""What a URL may look like in a message, and which scheme it has."""

import re
from urllib.parse import SplitResult, urlsplit

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def scheme_of(text: str) -> str:
    """The scheme in lower case if `text` begins like `scheme://`, else an empty string."""
    found = _SCHEME.match(text)
    return found[1].lower() if found else ""


def shown(url: str) -> str:
    """The URL without what must not be shown: user name, password, query and fragment.

    The result also tells mirrors apart: the same place has the same text whoever logs in.
    """
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        return SplitResult(parts.scheme, host, parts.path, "", "").geturl()
    except ValueError:
        return "a URL that cannot be read"
