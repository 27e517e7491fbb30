"""Where builds go that nobody vouches for: to a store of their own for each such mirror.

A plan that takes any build from a quarantined mirror is a plan for the quarantine store of that
mirror, with all that it needs. See ADR 11.
"""

from collections.abc import Iterable
from pathlib import Path

from core.errors import WrongUse
from core.model.ident import MirrorName
from core.model.mirror import Channel, Mirror
from core.model.plan import Plan
from core.store.paths import QUARANTINE
from core.trust.policy import policy_of


def quarantine_store(store: Path, mirror: MirrorName) -> Path:
    """The store for the builds of a quarantined mirror, beside `store`; `store` if it is that."""
    suffix = f"{QUARANTINE}{mirror}"
    return store if store.name.endswith(suffix) else store.with_name(store.name + suffix)


def is_strange(mirror: Mirror, store: Path) -> bool:
    """True if builds of `mirror` must not go to `store`."""
    return mirror.is_quarantined and quarantine_store(store, mirror.name) != store


def mirrors_of(plan: Plan, mirrors: Iterable[Mirror]) -> tuple[Mirror, ...]:
    """Those of `mirrors` that the plan fetches from."""
    used = {node.source.mirror for node in plan.nodes if node.source}
    return tuple(mirror for mirror in mirrors if mirror.name in used)


def check_place(plan: Plan, mirrors: Iterable[Mirror]) -> None:
    """Do nothing, unless the plan would put builds of a quarantined mirror where others are.

    Raises:
        WrongUse: it would, for example because a mirror was configured anew since it was made.
    """
    for mirror in mirrors_of(plan, mirrors):
        if is_strange(mirror, Path(plan.store)):
            raise WrongUse(
                f"Builds of mirror {mirror.name} ({mirror.badge}) must not go to this store",
                plan.store,
                "Make a new plan and look at it",
            )


def warnings_of(mirror: Mirror) -> tuple[str, ...]:
    """What to tell who adds a mirror, or installs from it; each a sentence with its full stop."""
    found: list[str] = []
    if mirror.channel is Channel.PR:
        found.append(
            f"Mirror {mirror.name} holds builds of a pull request: whoever may open one may have"
            " written what is in them."
        )
    if not mirror.signed:
        found.append(f"{policy_of(mirror).announcement}.")
    return tuple(found)
