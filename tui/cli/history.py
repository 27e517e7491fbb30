"""`spackbin history`."""

import time
from collections.abc import Iterator

import click

from core.errors import NotAvailable
from core.model.history import Added, History, Operation, Touched
from tui.cli.output import note, print_json, print_table, say
from tui.cli.root import Globals
from tui.text import counted, fingerprint, listed


@click.command()
@click.argument("number", type=click.IntRange(min=1), required=False)
@click.option("--audit", is_flag=True, help="On whose word each package was installed.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def history(given: Globals, number: int | None, audit: bool, as_json: bool) -> None:
    """Show what was done to the store, newest first; with a NUMBER, one operation in full."""
    past = given.session.history()
    operations = _chosen(past, number)
    if audit:
        _audit(operations, past, as_json=as_json)
    elif as_json:
        print_json("history", operations=operations, damaged=past.damaged)
    elif number is not None:
        for line in _in_full(operations[0]):
            say(line)
    else:
        head = ("number", "when", "who", "what", "result")
        print_table(head, (_row(operation, past) for operation in operations))
        if not operations:
            note("Nothing was done to this store by spackbin yet.")
    if past.damaged:
        note(f"{counted(past.damaged, 'line')} of the history cannot be read.")


def _chosen(past: History, number: int | None) -> tuple[Operation, ...]:
    """Newest first."""
    if number is None:
        return tuple(reversed(past.operations))
    operation = past.find(number)
    if operation is None:
        raise NotAvailable(f"There is no operation {number}", "", "See spackbin history")
    return (operation,)


def _row(operation: Operation, past: History) -> tuple[str, ...]:
    return (
        str(operation.number),
        _moment(operation.ended),
        operation.user,
        _what(operation),
        _result(operation, past),
    )


def _what(operation: Operation) -> str:
    if operation.undoes:
        return f"undo {operation.undoes}"
    about: tuple[Touched, ...] = operation.removed or operation.explicit or operation.added
    named = [item.label for item in about if item.hash in operation.roots] or [
        item.label for item in about
    ]
    return f"{operation.kind} {listed(named)}"


def _result(operation: Operation, past: History) -> str:
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


def _in_full(operation: Operation) -> Iterator[str]:
    yield f"Operation {operation.number}: {_what(operation)}"
    yield f"When       {_moment(operation.started)} to {_moment(operation.ended)}"
    yield f"Who        {operation.user} ({operation.uid}) on {operation.host}"
    yield f"Program    spackbin {operation.spackbin}, {operation.id}"
    yield f"Result     exit status {operation.exit_status}"
    if operation.undoes:
        yield f"Takes back operation {operation.undoes}"
    for added in operation.added:
        yield f"Installed  {added.label}  {added.prefix}"
        for line in _word_of(added):
            yield f"           {line}"
    for item in operation.removed:
        yield f"Removed    {item.label}  {item.prefix}"
    for item in operation.explicit:
        yield f"Asked for by name: {item.label}"
    for item in operation.implicit:
        yield f"No longer counts as asked for by name: {item.label}"


def _word_of(added: Added) -> Iterator[str]:
    if added.mirror:
        yield f"from {added.mirror}, archive {added.archive_sha256}"
    if added.signer:
        yield f"signed by {added.signer_name}  {fingerprint(added.signer)}"
    elif added.exception:
        yield f"NOT SIGNED: {added.exception}"
    else:
        yield "nobody noted who signed it"


def _audit(operations: tuple[Operation, ...], past: History, *, as_json: bool) -> None:
    """One entry per package and installation."""
    entries = [
        (operation, added) for operation in operations for added in reversed(operation.added)
    ]
    if as_json:
        documents = [_document(operation, added) for operation, added in entries]
        print_json("audit", installs=documents, damaged=past.damaged)
        return
    print_table(
        ("when", "who", "build", "from", "signed by", "exception", "archive"),
        (
            (
                _moment(operation.ended),
                operation.user,
                added.label,
                added.mirror or "-",
                added.signer or "-",
                added.exception or "-",
                added.archive_sha256 or "-",
            )
            for operation, added in entries
        ),
    )


def _document(operation: Operation, added: Added) -> dict[str, object]:
    return {
        "operation": operation.number,
        "time": operation.ended,
        "user": operation.user,
        "uid": operation.uid,
        "host": operation.host,
        "hash": added.hash,
        "name": added.name,
        "version": added.version,
        "prefix": added.prefix,
        "mirror": added.mirror,
        "archive_sha256": added.archive_sha256,
        "signer": added.signer,
        "signer_name": added.signer_name,
        "exception": added.exception,
    }


def _moment(when: float) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when))
    except (OverflowError, OSError, ValueError):
        return "unknown time"
