"""`spackbin history`."""

import click

from core.errors import NotAvailable
from core.model.history import Added, History, Operation
from tui.cli.output import note, print_json, print_table, say, say_tidied
from tui.cli.root import Globals
from tui.state.history import in_full, moment, result, what
from tui.text import counted


@click.command()
@click.argument("number", type=click.IntRange(min=1), required=False)
@click.option("--audit", is_flag=True, help="On whose word each package was installed.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def history(given: Globals, number: int | None, audit: bool, as_json: bool) -> None:
    """Show what was done to the store, newest first; with a NUMBER, one operation in full."""
    say_tidied(given.session.install_tree.tidy())
    past = given.session.history()
    operations = _chosen(past, number)
    if audit:
        _audit(operations, past, as_json=as_json)
    elif as_json:
        print_json("history", operations=operations, damaged=past.damaged)
    elif number is not None:
        say(f"Operation {number}: {what(operations[0])}")
        for heading, words in in_full(operations[0]):
            say(f"{heading:<10} {words}")
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
        moment(operation.ended),
        operation.user,
        what(operation),
        result(operation, past),
    )


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
                moment(operation.ended),
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
