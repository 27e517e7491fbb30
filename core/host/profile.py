"""Other machines than this one: recorded, or named by their parts."""

import re
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec.structs import replace

from core.errors import WrongUse
from core.host.microarch import features_of, known_targets, present_name, runnable_on
from core.model.host import Host, HostChoice, Libc

PROFILE_SCHEMA = 1
"""The newest `schema` of the document of `spackbin host --json` that is understood."""
_LARGEST = 1 << 20
_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}")
_LIBC = re.compile(r"(?:(glibc|musl)@=?)?([0-9]+(?:\.[0-9]+)*)")
_HOW = "Record it on that machine: spackbin host --json > FILE"


class _Document(msgspec.Struct):
    schema: int
    kind: str
    host: Host


def read_profile(path: Path) -> Host:
    """The machine that a file describes, as `spackbin host --json` prints it.

    Raises:
        WrongUse: the file cannot be read, or is no such document.
    """
    try:
        with path.open("rb") as stream:
            return parse_profile(stream.read(_LARGEST), str(path))
    except OSError as error:
        reason = error.strerror or error
        raise WrongUse(f"The recorded machine cannot be read: {reason}", str(path), _HOW) from error


def parse_profile(text: bytes, origin: str) -> Host:
    """The machine that a document describes.

    Which targets run on it is asked of archspec again: the machine may have been recorded by an
    older one.

    Args:
        text: what `spackbin host --json` prints.
        origin: where it comes from, for errors.

    Raises:
        WrongUse: it is no such document.
    """
    try:
        document = msgspec.json.decode(text, type=_Document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WrongUse("This is no recorded machine", f"{origin}: {error}", _HOW) from error
    host = document.host
    if document.kind != "host" or document.schema > PROFILE_SCHEMA:
        problem = f"schema {document.schema}, kind {document.kind!a}"
        raise WrongUse("This is no recorded machine", f"{origin}: {problem}", _HOW)
    libc = (host.libc.name, host.libc.version) if host.libc else ()
    for word in filter(None, (host.platform, host.os, host.target, *host.targets, *libc)):
        if not _WORD.fullmatch(word):
            raise WrongUse("This is no recorded machine", f"{origin}: {word!a}", _HOW)
    return _with_target(host, host.target, host.targets) if host.target else host


def host_for(choice: HostChoice, detect: Callable[[], Host]) -> Host:
    """The machine that a choice means.

    Args:
        choice: what was named.
        detect: says what this machine is; asked if no recorded one was named.

    Raises:
        WrongUse: the profile cannot be read, or a part cannot be understood.
    """
    host = read_profile(choice.profile) if choice.profile else detect()
    if choice.target:
        _check_target(choice.target)
        # What else the processor of this machine has says nothing of the other one.
        host = replace(_with_target(host, choice.target, ()), gpus=())
    if choice.os:
        if not _WORD.fullmatch(choice.os):
            raise WrongUse(f"{choice.os!a} is no operating system", hint="Write it as ubuntu22.04")
        host = replace(host, os=choice.os)
    return replace(host, libc=_libc(choice.libc, host.libc)) if choice.libc else host


def _with_target(host: Host, target: str, targets: tuple[str, ...]) -> Host:
    target = present_name(target)
    is_known = target in known_targets()
    runnable = runnable_on(target) if is_known else tuple(dict.fromkeys((target, *targets)))
    return replace(host, target=target, targets=runnable, features=features_of(target))


def _check_target(target: str) -> None:
    if present_name(target) in known_targets():
        return
    from difflib import get_close_matches  # For mistyped names alone.

    close = get_close_matches(target, known_targets(), n=3)
    hint = f"Did you mean {', '.join(close)}?" if close else "Write it as zen2 or x86_64_v3"
    raise WrongUse(f"{target!a} is no known microarchitecture", hint=hint)


def _libc(text: str, present: Libc | None) -> Libc:
    found = _LIBC.fullmatch(text)
    if found is None:
        raise WrongUse(f"{text!a} is no C library", hint="Write it as glibc@2.28 or musl@1.2.4")
    name = found[1] or (present.name if present else "glibc")
    return Libc(name, found[2], present.prefix if present else "/usr")
