"""One entry of a `mirrors.yaml`, whoever wrote the file.

Format: Spack 1.x `schema/mirrors.py`, `mirrors/mirror.py`. An entry is a URL, or an object with
`url`, `fetch` and `push` (each a URL, or an object with `url`), `signed`, `binary`, the lists
`include_binary` and `exclude_binary`, and the keys of a connection. A key in the object `fetch`
counts more than the same key beside it. `push`, `source` and `autopush` mean nothing to who only
reads.

What Spack does not know of a mirror stands in an object `spackbin`: `channel`, `keys_page`, and
`quarantine: false`.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from core.errors import WrongUse
from core.model.ident import mirror_name
from core.model.mirror import BrokenMirror, Channel, Connection, Mirror
from core.net.files import file_url
from core.net.transport import SCHEMES
from core.net.urls import scheme_of, shown

_Fields = Mapping[str, object]
_THIS_HOST = ("localhost", "127.0.0.1", "::1")
_VIEW = re.compile(r"(?!\.)[\w.+-]+(?:/(?!\.)[\w.+-]+)*", re.ASCII)


def read_entry(name: object, entry: object, base: Path, origin: str) -> Mirror | None:
    """The mirror of binaries that an entry names; `None` if it names one of sources alone.

    Args:
        name: its key.
        entry: what the key stands for.
        base: the directory that a relative path starts from.
        origin: see `Mirror.origin`.

    Raises:
        WrongUse: it makes no sense, or needs what we do not speak.
    """
    if isinstance(entry, str):
        entry = {"url": entry}
    if not isinstance(entry, dict):
        raise WrongUse(f"mirror {name!a} is neither a URL nor an object")
    fields = _for_fetching(cast("dict[str, object]", entry))
    if not _flag(name, fields, "binary"):
        return None
    url = fields.get("url")
    if not isinstance(url, str):
        raise WrongUse(f"mirror {name!a} has no url")
    own = _own(name, fields)
    return Mirror(
        mirror_name(name),
        normalise_url(url, base),
        _flag(name, fields, "signed"),
        _connection(name, fields),
        origin,
        _channel(name, own),
        _keys_page(name, own),
        view=_view(name, fields),
        shares_store=not _flag(name, own, "quarantine"),
        include=_specs(name, fields, "include_binary"),
        exclude=_specs(name, fields, "exclude_binary"),
    )


def broken(name: object, entry: object, origin: str, error: WrongUse) -> BrokenMirror:
    """What to show of an entry that cannot be read."""
    fields: _Fields = {}
    if isinstance(entry, dict):
        fields = _for_fetching(cast("dict[str, object]", entry))
    url = entry if isinstance(entry, str) else fields.get("url")
    return BrokenMirror(str(name), shown(url) if isinstance(url, str) else "", origin, str(error))


def normalise_url(text: str, base: Path) -> str:
    """The absolute URL of a mirror, without a slash at the end.

    Args:
        text: a URL, or a path, in which `~` and environment variables are expanded.
        base: the directory that a relative path starts from.

    Raises:
        WrongUse: the URL has a scheme that we do not speak, no host, a login, or a query.
    """
    scheme = scheme_of(text)
    if not text.strip() or "\0" in text:
        raise WrongUse(f"{text!a} is neither a URL nor a path")
    if not scheme:
        path = os.path.expanduser(os.path.expandvars(text))
        if path.startswith("~"):
            raise WrongUse(f"{path!a} begins with a home directory that is not known here")
        return file_url(Path(os.path.abspath(base / path)))
    if scheme not in SCHEMES:
        raise WrongUse(
            f"Mirrors on {scheme}:// are not read: {shown(text)}",
            hint=f"Use a directory or {', '.join(SCHEMES)}",
        )
    rest = text[len(scheme) + 3 :]
    _check_place(rest, scheme, text)
    return f"{scheme}://{rest.rstrip('/')}"


def written(mirror: Mirror) -> dict[str, object]:
    """The entry for a mirror, in the form that Spack 0.23 and later read too."""
    connection = mirror.connection
    pair = {
        "id": connection.user,
        "id_variable": connection.user_variable,
        "secret_variable": connection.secret_variable,
    }
    others: dict[str, object] = {
        "access_pair": {key: value for key, value in pair.items() if value},
        "access_token_variable": connection.token_variable,
        "profile": connection.profile,
        "endpoint_url": connection.endpoint_url,
    }
    others["view"] = mirror.view
    others["include_binary"] = list(mirror.include)
    others["exclude_binary"] = list(mirror.exclude)
    own: dict[str, object] = {}
    if mirror.stated_channel:
        own["channel"] = mirror.stated_channel.value
    if mirror.keys_page:
        own["keys_page"] = mirror.keys_page
    if mirror.shares_store:
        own["quarantine"] = False
    given = {key: value for key, value in {**others, "spackbin": own}.items() if value}
    return {"url": mirror.url, "signed": mirror.signed, **given}


def _check_place(rest: str, scheme: str, text: str) -> None:
    login, _, host = rest.partition("/")[0].rpartition("@")
    if scheme != "file" and not host:
        raise WrongUse(f"{shown(text)} names no host")
    if login:
        raise WrongUse(
            f"A login does not belong into the URL of a mirror: {shown(text)}",
            hint="Put it into ~/.netrc, or name environment variables with it: access_pair with"
            " secret_variable, or access_token_variable",
        )
    if "?" in rest or "#" in rest:
        raise WrongUse(f"{shown(text)} goes on with a query, which a mirror cannot have")


def _for_fetching(fields: _Fields) -> _Fields:
    fetch = fields.get("fetch")
    if isinstance(fetch, str):
        return {**fields, "url": fetch}
    return {**fields, **cast("dict[str, object]", fetch)} if isinstance(fetch, dict) else fields


def _flag(name: object, fields: _Fields, key: str) -> bool:
    value = fields.get(key, True)
    if isinstance(value, bool):
        return value
    raise WrongUse(f"{key} of mirror {name!a} is neither true nor false")


def _connection(name: object, fields: _Fields) -> Connection:
    pair = fields.get("access_pair")
    # Before Spack 0.23 this was a list with the secret itself, or two nulls.
    if isinstance(pair, list) and not any(cast("list[object]", pair)):
        pair = None
    keys: _Fields = cast("dict[str, object]", pair) if isinstance(pair, dict) else {}
    if (pair is not None and not isinstance(pair, dict)) or "secret" in keys:
        raise _secret_in_file(name)
    if fields.get("access_token"):
        raise _secret_in_file(name)
    return Connection(
        user=_text(name, keys, "id"),
        user_variable=_text(name, keys, "id_variable"),
        secret_variable=_text(name, keys, "secret_variable"),
        token_variable=_text(name, fields, "access_token_variable"),
        profile=_text(name, fields, "profile"),
        endpoint_url=_text(name, fields, "endpoint_url"),
    )


def _own(name: object, fields: _Fields) -> _Fields:
    own = fields.get("spackbin", {})
    if not isinstance(own, dict):
        raise WrongUse(f"spackbin of mirror {name!a} is not an object")
    return cast("dict[str, object]", own)


def _channel(name: object, own: _Fields) -> Channel | None:
    text = _text(name, own, "channel")
    if not text:
        return None
    for channel in Channel:
        if channel.lower() == text.lower():
            return channel
    known = ", ".join(Channel)
    raise WrongUse(f"channel of mirror {name!a} is {text!a}, which is none of {known}")


def _keys_page(name: object, own: _Fields) -> str:
    text = _text(name, own, "keys_page")
    if text and scheme_of(text) not in ("https", "http", "file"):
        raise WrongUse(f"keys_page of mirror {name!a} is no URL of a web page or file")
    if scheme_of(text) == "http" and urlsplit(text).hostname not in _THIS_HOST:
        raise WrongUse(
            f"keys_page of mirror {name!a} is not encrypted on its way",
            hint="Who could change the mirror on its way could change such a page too: use https",
        )
    return text


def _view(name: object, fields: _Fields) -> str:
    """The name of an index, which may have slashes within (Spack 1.2 `url_buildcache.py`)."""
    text = _text(name, fields, "view")
    if text and not _VIEW.fullmatch(text):
        raise WrongUse(f"view of mirror {name!a} is {text!a}, which is no name of an index")
    return text


def _specs(name: object, fields: _Fields, key: str) -> tuple[str, ...]:
    """A list of specs; whether they are any is not looked at here."""
    value = fields.get(key)
    if value is None:
        return ()
    specs = cast("list[object]", value) if isinstance(value, list) else [value]
    if isinstance(value, list) and all(isinstance(spec, str) for spec in specs):
        return tuple(cast("list[str]", specs))
    raise WrongUse(f"{key} of mirror {name!a} is no list of specs")


def _text(name: object, fields: _Fields, key: str) -> str:
    value = fields.get(key)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    raise WrongUse(f"{key} of mirror {name!a} is not text")


def _secret_in_file(name: object) -> WrongUse:
    return WrongUse(
        f"Mirror {name!a} has its secret in the file, from where spackbin takes none",
        hint="Put it into an environment variable and name that: access_pair with"
        " secret_variable, or access_token_variable",
    )
