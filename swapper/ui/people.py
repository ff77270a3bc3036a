"""Who becomes whom where a program says so, by photos: pairs of a source and a reference."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import UInt8

from swapper.faces.align import cut_crop
from swapper.faces.embed import FaceEmbedder
from swapper.faces.select import match_identities
from swapper.pipeline import FaceSwapper
from swapper.types import Face, Identity, UserError
from swapper.ui.files import upload_paths
from swapper.video.request import measured_role

BAD_PEOPLE = "People: this is not a list of pairs. Pass [{'source': file, 'reference': file}, ...]."
TOO_MANY_PEOPLE = "People: {found} pairs are more than the {most} that this app takes at once. Leave some out."
NOBODY = "People: nobody in the target resembles a reference photo. Pass clearer references, or a source for everyone."

Pair = tuple[str, str]  # paths of a source photo and of a reference photo


def people_pairs(people: Any, most: int) -> list[Pair]:
    """Paths of the photos of pairs, as an endpoint receives them.

    Args:
        people: anything; None stands for no pairs.
        most: pairs.

    Raises:
        UserError: it is something else, too many, or a photo is refused.
    """
    if people is None:
        return []
    if not isinstance(people, list) or not all(isinstance(row, dict) for row in people):
        raise UserError(BAD_PEOPLE)
    if len(people) > most:
        raise UserError(TOO_MANY_PEOPLE.format(found=len(people), most=most))
    found = [tuple(upload_paths(row.get(part), files=1) for part in ("source", "reference")) for row in people]
    if not all(len(source) == len(reference) == 1 for source, reference in found):
        raise UserError(BAD_PEOPLE)
    return [(source[0], reference[0]) for source, reference in found]


def faces_of_people(
    swapper: FaceSwapper, image: UInt8[np.ndarray, "h w 3"], faces: Sequence[Face], pairs: Sequence[Pair]
) -> dict[int, Identity]:
    """The identity of each face of a photo that resembles a reference, by its index.

    Args:
        swapper: learns the sources.
        image: RGB.
        faces: of it, largest first.
        pairs: source and reference of each person.

    Raises:
        UserError: a photo of a pair cannot be read or shows no face.
    """
    if not pairs:
        return {}
    embedder = FaceEmbedder(swapper.device)
    roles = [measured_role(swapper, *pair, embedder) for pair in pairs]
    sightings = embedder.embed([cut_crop(image, face.points) for face in faces])
    matched = match_identities(sightings, np.stack([role.reference for role in roles]))
    identities = {face: roles[role].identity for face, role in matched.items()}
    return {face: identity for face, identity in identities.items() if identity is not None}
