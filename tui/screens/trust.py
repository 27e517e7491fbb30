"""The dialogs about trust: each says all that there is to know, and rejects by default."""

from core.errors import SpackbinError
from core.model.ident import MirrorName
from core.model.keycards import KeyCard, KeyReport, SecondSource
from tui import text
from tui.commands import key_of
from tui.messages.trust import MirrorChecked
from tui.screens.dialogs import Dialog, Text, joined, paragraphs
from tui.screens.typed import TypedDialog
from tui.state.keys import UnknownKey
from tui.text import Part
from tui.widgets.keycards import change_lines, fingerprint_lines, key_lines, source_lines

COMPARE = (
    "Compare all digits with what the operator of the mirror publishes elsewhere, not with what"
    " the mirror says."
)
ONLY_HERE = "It will be trusted for this mirror only."
_REMEDIES = (
    (
        "revoked",
        "Its owner has declared it invalid: it may be in wrong hands. Ask who runs the mirror which"
        " key takes its place, and do not install what this one signed.",
    ),
    (
        "expired",
        "Its owner can give it a later date. Ask who runs the mirror to offer the renewed key, or"
        " its successor; then read the keys again here.",
    ),
    (
        "too weak",
        "Such a key can be forged. Ask who runs the mirror to sign with RSA of 3072 bits or more,"
        " or with Ed25519.",
    ),
    (
        "not made for signing",
        "Who runs the mirror must offer the key that signs its builds; this one cannot.",
    ),
)


def _card(card: KeyCard) -> Text:
    return lambda width: key_lines(card, width)


def _sources(sources: tuple[SecondSource, ...]) -> Text:
    return lambda width: source_lines(sources, width)


def _sources_of(card: KeyCard) -> Text:
    head = (Part(f"About {text.short_fingerprint(card.key.fingerprint)}:"),)
    return lambda width: [head, *source_lines(card.sources, width)]


def _digits(key: str) -> Text:
    return lambda width: [(Part(f"  {line}"),) for line in fingerprint_lines(key, width - 2)]


def _change(report: KeyReport) -> Text:
    return lambda width: change_lines(report, width)


def trust_dialog(card: KeyCard, *, from_spack: bool = False) -> Dialog:
    """The question whether to trust a key, with all that there is to compare."""
    mirror = card.key.mirror
    why = "Builds from this mirror are signed by a key that you have not trusted."
    if from_spack:
        why = (
            f"Spack's keyring has this key. That says nothing of mirror {mirror}: Spack trusts its"
            " keys for every mirror."
        )
    elif card.is_new:
        why = "This key is new: the mirror did not offer it when you last trusted one."
    return Dialog(
        f'Trust a key for mirror "{mirror}"?',
        joined(
            paragraphs(why), _card(card), _sources(card.sources), paragraphs(COMPARE, ONLY_HERE)
        ),
        safe="Do not trust",
        confirm="Trust for this mirror",
    )


def changed_key_dialog(card: KeyCard, report: KeyReport) -> Dialog:
    """The same question of a key that has come in the place of another."""
    compare = key_of("keys", "compare")
    is_cut = len(report.before) > 1 or sum(one.key.offered for one in report.cards) > 1
    return Dialog(
        f'Mirror "{report.mirror}" has another key now: trust it?',
        joined(
            paragraphs(
                f"Ask who runs the mirror why: whoever broke into it would do the same. {ONLY_HERE}"
            ),
            lambda width: change_lines(report, width, card.key),
            _sources_of(card),
            paragraphs(
                f"There are more keys: {compare}, on the screen of keys, compares all." * is_cut
            ),
        ),
        safe="Do not trust",
        confirm="Trust the new key",
    )


def comparison_dialog(reports: tuple[KeyReport, ...]) -> Dialog:
    """The keys of mirrors before and now; nothing is decided."""
    names = ", ".join(report.mirror for report in reports)
    return Dialog(
        f"Keys of {names}: before and now",
        joined(
            paragraphs('"Before" is what the mirror offered when you last trusted a key for it.'),
            *(_change(report) for report in reports),
        ),
    )


def unusable_key_dialog(card: KeyCard) -> Dialog:
    """Why a key is refused whatever the user says, and what to do."""
    problem = card.key.problem
    remedy = next((words for start, words in _REMEDIES if problem.startswith(start)), "")
    return Dialog(
        "This key cannot be trusted",
        joined(
            _card(card),
            paragraphs(f"It is {problem}.", role="bad"),
            paragraphs(remedy or "Ask who runs the mirror for another key."),
            _sources(card.sources),
        ),
    )


def disagreement_dialog(card: KeyCard) -> TypedDialog:
    """Second sources name another key: who wants it all the same must type the mirror's name."""
    mirror = card.key.mirror
    return TypedDialog(
        f'STOP: this may not be the key of mirror "{mirror}"',
        joined(
            _card(card),
            _sources(card.sources),
            paragraphs(
                "Somebody may be lying to you: whoever has this key could run programs as you."
                " Ask who runs the mirror, on another way.",
                role="bad",
            ),
            paragraphs(
                f"To trust it all the same, type the name of the mirror: {mirror}. This is"
                " recorded with the key.",
            ),
        ),
        wanted=mirror,
        what="the name of the mirror",
        safe="Do not trust",
        confirm="Trust it all the same",
    )


def doubtful_mirror_dialog(checked: MirrorChecked) -> TypedDialog:
    """A mirror that nobody vouches for: who wants it must type its name once more."""
    name = checked.request.name
    return TypedDialog(
        f'Add mirror "{name}" [{checked.badge}]?',
        joined(
            paragraphs(*checked.warnings, role="warning"),
            paragraphs(
                "Its builds never go into the shared store, but into one of their own:",
                checked.store,
                f"It will be marked [{checked.badge}] wherever it is named. What a better mirror"
                " has never comes from it.",
                f"To add it all the same, type its name: {name}",
            ),
        ),
        wanted=name,
        what="the name of the mirror",
        safe="Do not add",
        confirm="Add all the same",
    )


def rollback_dialog(mirror: MirrorName, error: SpackbinError) -> Dialog:
    """An index that was replaced before: who accepts it may not see newer builds."""
    return Dialog(
        f"Mirror {mirror} has gone back to an older index",
        joined(
            paragraphs(f"{error.title}.", f"{error.detail}.", role="warning"),
            paragraphs(
                "Somebody may be hiding newer builds, or the warning that an old one is broken."
                " The last good index stays in use.",
                "Accept the older one only if who runs the mirror confirms it to you.",
            ),
        ),
        safe="Keep the newer index",
        confirm="Accept the older index",
    )


def unknown_key_dialog(unknown: UnknownKey) -> Dialog:
    """A build is signed by a key that is not trusted for its mirror."""
    mirror = unknown.mirror
    return Dialog(
        "Signed by an unknown key",
        joined(
            paragraphs(f"{unknown.sentence.removesuffix('.')}.", role="warning"),
            _digits(unknown.key),
            paragraphs(
                f"The signature may be good, or somebody may have put something else in the place"
                f" of what mirror {mirror} had. Nothing of it is installed.",
                f"Look at the keys that {mirror} offers: whether this one is among them, and what"
                " second sources say of it.",
            ),
        ),
        confirm="Look at the keys",
    )
