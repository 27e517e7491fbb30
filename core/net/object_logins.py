"""Logins and places of object stores, from where the tools of their makers have them.

For S3, in this order: the mirror's `access_pair`, its `profile` (or AWS_PROFILE) in the files of
AWS, what the environment holds (AWS_ACCESS_KEY_ID and its kin), the profile `default`, else nobody:
requests are then not signed, as in Spack 1.x `util/s3.py`.
"""

import configparser
import os
from pathlib import Path

from core.errors import MirrorError
from core.model.mirror import Connection
from core.net.login import access_pair, secret_in

DEFAULT_REGION = "us-east-1"
"""Where a bucket is if nobody says, and what stores other than Amazon's take for granted."""

_AWS_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_GOOGLE_VARIABLES = (
    "GOOGLE_SERVICE_ACCOUNT",
    "GOOGLE_SERVICE_ACCOUNT_PATH",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_BEARER_TOKEN",
)


def s3_options(connection: Connection) -> dict[str, str | bool]:
    """The settings of obstore's `S3Store`.

    Raises:
        MirrorError: a profile or a variable that is configured cannot be used.
    """
    profile = _profile(connection)
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    options: dict[str, str | bool] = {
        "region": region or profile.get("region") or DEFAULT_REGION,
        **_s3_login(connection, profile),
    }
    endpoint = (
        connection.endpoint_url
        or os.environ.get("S3_ENDPOINT_URL")
        or profile.get("endpoint_url", "")
    )
    if endpoint:
        options["endpoint"] = endpoint if "://" in endpoint else f"https://{endpoint}"
    return options


def gs_options() -> dict[str, str | bool]:
    """The settings of obstore's `GCSStore`: without credentials, requests are not signed."""
    default = Path(os.path.expanduser("~/.config/gcloud/application_default_credentials.json"))
    has_login = default.exists() or any(os.environ.get(name) for name in _GOOGLE_VARIABLES)
    return {} if has_login else {"skip_signature": True}


def _s3_login(connection: Connection, profile: dict[str, str]) -> dict[str, str | bool]:
    pair = access_pair(connection)
    token = secret_in(connection.token_variable) if connection.token_variable else ""
    is_given = bool(connection.profile or os.environ.get("AWS_PROFILE"))
    if pair is None and any(os.environ.get(name) for name in _AWS_VARIABLES) and not is_given:
        return {}
    if pair is None and "aws_access_key_id" in profile and "aws_secret_access_key" in profile:
        pair = profile["aws_access_key_id"], profile["aws_secret_access_key"]
        token = token or profile.get("aws_session_token", "")
    if pair is None:
        return {"skip_signature": True}
    login: dict[str, str | bool] = {"access_key_id": pair[0], "secret_access_key": pair[1]}
    return {**login, "session_token": token} if token else login


def _profile(connection: Connection) -> dict[str, str]:
    name = connection.profile or os.environ.get("AWS_PROFILE", "")
    found = {**_section("config", name), **_section("credentials", name)}
    if name and not found:
        raise MirrorError(
            f"There is no profile called {name} in the configuration of AWS",
            hint="Look at ~/.aws/credentials and ~/.aws/config",
        )
    return found


def _section(kind: str, name: str) -> dict[str, str]:
    variable = {"config": "AWS_CONFIG_FILE", "credentials": "AWS_SHARED_CREDENTIALS_FILE"}[kind]
    path = Path(os.environ.get(variable) or os.path.expanduser(f"~/.aws/{kind}"))
    parser = configparser.RawConfigParser(strict=False, default_section="")
    try:
        parser.read_string(path.read_text())
    except (OSError, ValueError, configparser.Error):
        return {}
    name = name or "default"
    section = f"profile {name}" if kind == "config" and name != "default" else name
    return dict(parser.items(section)) if parser.has_section(section) else {}
