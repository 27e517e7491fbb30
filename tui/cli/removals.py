"""What `spackbin uninstall` and `spackbin undo` share: showing a removal, asking, doing it."""

import click

from core.errors import Interrupted, StoreError
from core.model.removal import Removal, RemovalPlan
from core.session import Session
from tui.cli.output import is_interactive, note, print_json, say
from tui.cli.removing import carried_out
from tui.text import counted, size

_NAMED = 20


def print_removal(plan: RemovalPlan) -> None:
    """What goes and what stays, each with its reason."""
    if plan.removed:
        say(f"To remove  {len(plan.removed):>4}  {size(plan.bytes_freed)}")
    for item in plan.removed:
        place = " (of the system: only forgotten)" if item.is_external else ""
        say(f"  {item.package.label}: {item.reason}{place}")
    if plan.kept:
        say(f"Stays      {len(plan.kept):>4}")
    for staying in plan.kept:
        say(f"  {staying.package.label}: {staying.reason}")
    for package in plan.implicit:
        say(f"No longer counts as asked for by name: {package.label}")
    if plan.unused:
        labels = [package.label for package in plan.unused[:_NAMED]]
        labels += ["..."] if len(plan.unused) > _NAMED else []
        say(f"Nothing will need {counted(len(plan.unused), 'package')} any more (--unused removes")
        say(f"them as well): {', '.join(labels)}")
    say(f"Store      {plan.store}")


def carry_out(
    session: Session, plan: RemovalPlan, *, yes: bool, as_json: bool, quiet: bool
) -> None:
    """Show the removal, ask unless `yes`, do it, and say what was done.

    Raises:
        StoreError: something of it is still needed, or it failed; nothing was removed.
        Interrupted: the user said no.
    """
    if plan.refused:
        raise _refused(plan)
    if not as_json:
        print_removal(plan)
    done, events = None, []
    if plan.has_work and agreed("Remove?", "removed", yes):
        done, events = carried_out(session, plan, quiet=quiet)
    if as_json:
        print_json(plan.kind, plan=plan, bytes_freed=plan.bytes_freed, done=done, events=events)
    elif done is None:
        say("There is nothing to remove.")
    else:
        _report(done)


def agreed(question: str, participle: str, yes: bool) -> bool:
    """True if the user says yes, or said so before.

    Raises:
        Interrupted: the user says no.
    """
    if yes:
        return True
    if not is_interactive():
        raise click.UsageError("There is no terminal to ask on; say --yes to agree")
    if not click.confirm(question, default=False, err=True):
        raise Interrupted(f"Nothing was {participle}")
    return True


def _refused(plan: RemovalPlan) -> StoreError:
    first, others = plan.refused[0], len(plan.refused) - 1
    also = f", and so are {counted(others, 'other package')}" if others else ""
    return StoreError(
        f"{first.package.label} is needed{also}",
        "; ".join(f"{item.package.label}: {item.reason}" for item in plan.refused),
        "Nothing was removed. To remove what needs them as well: --dependents",
    )


def _report(done: Removal) -> None:
    number = f" (operation {done.number})" if done.number else ""
    say(f"{counted(len(done.removed), 'package')} removed{number}.")
    for path, reason in done.left.items():
        note(f"{path} could not be deleted yet: {reason}. The next install or removal tries again.")
    if done.problem:
        note(f"It is not in the history yet. {done.problem}")
