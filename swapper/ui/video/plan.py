"""Who becomes whom in a session's video: everyone, the largest face, or the people that were found and chosen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from swapper.pipeline import FaceSwapper
from swapper.types import UserError
from swapper.ui.assignment import PEOPLE, UNCHANGED, Assignment
from swapper.ui.files import write_thumbnails
from swapper.ui.plan import CHOSEN, EVERYONE, Plan
from swapper.video.casting import Role
from swapper.video.io import VideoReader
from swapper.video.people import SeenPerson, find_people

MOST_PEOPLE = 12  # shown; who is seen less often is left alone
NOBODY = "Video: nobody can be identified in this part. Choose another part, or swap everyone."
NOT_LOOKED = "People: this video has not been searched yet. Press Find people, or choose Everyone."
NOTHING_TO_DO = "People: everyone is set to stay unchanged. Click a person and choose who they become."
NO_SOURCE = "Source: person {letter} has no photo yet. Add one under Source."


@dataclass(frozen=True, kw_only=True, eq=False)
class Cast(Assignment):
    """The people found in a video.

    Attributes:
        path: of the video.
        seen: what tells them apart, in the order of the thumbnails.
    """

    path: str
    seen: list[SeenPerson]


def look_for_people(
    swapper: FaceSwapper, reader: VideoReader, start: float, end: float, progress: Callable[[float], object]
) -> Cast:
    """Find the people of a part of a video; all of them become the first source person.

    Args:
        swapper: finds the faces.
        reader: of the video.
        start: seconds from the video's begin.
        end: seconds from the video's begin.
        progress: called with the share done in [0, 1].

    Raises:
        UserError: there is nobody, or the file is damaged.
    """
    seen = find_people(swapper, reader, start, end, progress)[:MOST_PEOPLE]
    if not seen:
        raise UserError(NOBODY)
    thumbnails = write_thumbnails((person.picture for person in seen), "person")
    return Cast(path=str(reader.path), thumbnails=thumbnails, people=[0] * len(seen), seen=seen)


def wanted_people(who: str, cast: Cast | None, photos: Sequence[Sequence[str]]) -> Mapping[int, int]:
    """Index into ``PEOPLE`` by person of the cast; only ``UNCHANGED`` becomes the first where no cast is asked for.

    Args:
        who: ``EVERYONE``, ``LARGEST`` or ``CHOSEN``.
        cast: the people found in the video, if they were looked for.
        photos: paths of the photos by source person, as in ``PEOPLE``.

    Raises:
        UserError: nobody is chosen, or a source person has no photo.
    """
    if who != CHOSEN:
        wanted = {UNCHANGED: 0}
    elif cast is None:
        raise UserError(NOT_LOOKED)
    else:
        wanted = cast.wanted()
    if not wanted:
        raise UserError(NOTHING_TO_DO)
    for person in wanted.values():
        if not photos[person]:
            raise UserError(NO_SOURCE.format(letter=PEOPLE[person]))
    return wanted


def plan_swap(swapper: FaceSwapper, who: str, cast: Cast | None, photos: Sequence[Sequence[str]]) -> Plan:
    """Learn the source persons and say who becomes them.

    Args:
        swapper: learns them.
        who: ``EVERYONE``, ``LARGEST`` or ``CHOSEN``.
        cast: the people found in the video, if they were looked for.
        photos: paths of the photos by source person, as in ``PEOPLE``.

    Raises:
        UserError: nobody is chosen, or a source person has no photo that can be used.
    """
    wanted = wanted_people(who, cast, photos)
    identities = {person: swapper.identify(list(photos[person])) for person in sorted(set(wanted.values()))}
    if who != CHOSEN or cast is None:
        return Plan(identities[0], who, [])
    roles = [Role(identities.get(to), person.embedding) for person, to in zip(cast.seen, cast.people, strict=True)]
    return Plan(None, EVERYONE, roles)
