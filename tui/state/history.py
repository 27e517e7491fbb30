"""What was done to a store, in words."""

import time
from collections.abc import Iterator, Sequence

from core.model.history import Added, History, Operation, Touched
from tui.text import fingerprint, listed


def what(operation: Operation) -> str:
    """What was done, and to which packages: those that were asked for, if it touched any."""
    if operation.undoes:
        return f"undo {operation.undoes}"
    about: Sequence[Touched] = operation.removed or operation.explicit or operation.added
    named = [item.label for item in about if item.hash in operation.roots]
    named = named or [item.label for item in about] or [f"/{root[:7]}" for root in operation.roots]
    return f"{operation.kind} {listed(named)}"


def result(operation: Operation, past: History) -> str:
    """What came of it."""
    parts = [
        f"{len(items)} {word}"
        for items, word in (
            (operation.added, "installed"),
            (operation.removed, "removed"),
            (operation.explicit if operation.kind == "mark" else (), "marked"),
            (operation.implicit, "unmarked"),
        )
        if items
    ]
    if operation.exit_status:
        parts.append(f"ended with {operation.exit_status}")
    if operation.number in past.undone():
        parts.append("undone")
    return ", ".join(parts)


def moment(when: float) -> str:
    """`2026-03-01 10:42:07` in the zone of this machine; a time that no calendar has is unknown."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when))
    except (OverflowError, OSError, ValueError):
        return "unknown time"


def in_full(operation: Operation) -> Iterator[tuple[str, str]]:
    """All that is known of an operation, as (heading, words); more words have no heading."""
    yield "When", f"{moment(operation.started)} to {moment(operation.ended)}"
    yield "Who", f"{operation.user} ({operation.uid}) on {operation.host}"
    yield "Program", f"spackbin {operation.spackbin}, {operation.id}"
    yield "Result", f"exit status {operation.exit_status}"
    if operation.undoes:
        yield "Takes back", f"operation {operation.undoes}"
    for added in operation.added:
        yield "Installed", f"{added.label}  {added.prefix}"
        yield from (("", words) for words in _word_of(added))
    for item in operation.removed:
        yield "Removed", f"{item.label}  {item.prefix}"
    for item in operation.explicit:
        yield "Asked for", f"{item.label}, by name"
    for item in operation.implicit:
        yield "Unmarked", f"{item.label}: it no longer counts as asked for by name"


def _word_of(added: Added) -> Iterator[str]:
    """On whose word a package was installed."""
    if added.mirror:
        yield f"from {added.mirror}, archive {added.archive_sha256}"
    if added.signer:
        yield f"signed by {added.signer_name}  {fingerprint(added.signer)}"
        if added.exception:
            yield f"EXCEPTION: {added.exception}"
    elif added.exception:
        yield f"NOT SIGNED: {added.exception}"
    else:
        yield "nobody noted who signed it"


def why_not_undo(operation: Operation, past: History) -> str:
    """Why an operation cannot be taken back, as a sentence; empty if that can be tried."""
    if operation.number in past.undone():
        return f"Operation {operation.number} was taken back already"
    return "" if operation.has_effect else f"Operation {operation.number} changed nothing"
