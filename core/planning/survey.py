"""Reading of a small verified archive for what decides whether its package can be moved."""

from core.archive.buildinfo import BuildInfo, parse_build_info
from core.archive.contents import listed
from core.archive.limits import Limits
from core.archive.members import BUILD_INFO, Inventory, Kind, Member, read_inventory
from core.archive.stream import LARGEST_READ, UnpackedStream, open_unpacked
from core.cancel import CancelToken
from core.errors import StoreError
from core.model.artifact import VerifiedArtifact
from core.model.blobs import ARCHIVE
from core.model.facts import BuildFacts
from core.relocate.survey import Survey, survey_map

LARGEST_UNPACKED = 64 << 20
"""Bytes that an archive may unpack to for this; it is read into memory file by file."""


def survey_archive(artifact: VerifiedArtifact, cancel: CancelToken) -> BuildFacts:
    """What an archive holds. Nothing is written.

    Raises:
        Refused: the archive is damaged, unsafe, or larger than `LARGEST_UNPACKED`.
        StoreError: it cannot be read.
        Interrupted: `cancel` was cancelled.
    """
    layout = ARCHIVE.number_of(artifact.manifest.archive) or ARCHIVE.newest
    limits = Limits(always=LARGEST_UNPACKED, ratio=1)
    try:
        inventory = read_inventory(artifact.archive, layout=layout, limits=limits, cancel=cancel)
        # The build info names the files to look at, and comes last.
        with open_unpacked(artifact.archive, limits, cancel) as stream:
            document = _contents(stream, _named(inventory)[BUILD_INFO])
        info = listed(parse_build_info(document, limits), inventory, layout)
        survey = new_survey(info, artifact.spec.platform)
        with open_unpacked(artifact.archive, limits, cancel) as stream:
            for member in _binaries(info, inventory):
                survey.look_at(member.path, _contents(stream, member))
    except OSError as error:
        raise StoreError(f"An archive cannot be read: {error}", str(artifact.archive)) from error
    return facts_of(info, survey, inventory)


def new_survey(info: BuildInfo, platform: str) -> Survey:
    """A survey for the binaries of the package with this build info and platform."""
    prefixes = survey_map(info.sbang, tuple(info.prefixes.values()), info.root)
    return Survey(prefixes, is_for_macos=platform == "darwin")


def facts_of(info: BuildInfo, survey: Survey | None, inventory: Inventory) -> BuildFacts:
    """What to remember of an archive.

    Args:
        info: its build info.
        survey: one that has looked at all of its binaries; `None` if there was none.
        inventory: what is in it.
    """
    return BuildFacts(
        root=info.root,
        sbang=info.sbang,
        prefixes=dict(info.prefixes),
        strings=survey.strings if survey else None,
        loader_paths=survey.loader_paths if survey else (),
        unpacked=sum(member.size for member in inventory.members),
        members=len(inventory.members),
    )


def _named(inventory: Inventory) -> dict[str, Member]:
    return {member.path: member for member in inventory.members}


def _binaries(info: BuildInfo, inventory: Inventory) -> list[Member]:
    """The files that the build info lists as binaries, in the order of the archive."""
    named = _named(inventory)
    members = (named[path] for path in info.binaries)
    files = {m.target if m.kind is Kind.HARDLINK else m.path for m in members}
    return sorted((named[path] for path in files), key=lambda member: member.offset)


def _contents(stream: UnpackedStream, member: Member) -> bytes:
    stream.seek(member.offset)
    pieces: list[bytes] = []
    left = member.size
    while left and (piece := stream.read(min(left, LARGEST_READ))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)
