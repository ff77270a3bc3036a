"""Who becomes whom in pictures that nobody looked at before."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from swapper.faces.align import cut_crop
from swapper.faces.embed import FaceEmbedder
from swapper.faces.select import match_identities, select_faces
from swapper.pipeline import FaceSwapper
from swapper.types import Face, Identity
from swapper.video.casting import Role, count_sources

EVERYONE, LARGEST, CHOSEN = "all", "largest", "chosen"


@dataclass(frozen=True)
class Plan:
    """What a swap of a video, or of several photos, is told about people.

    Attributes:
        source: what the selected faces become; None where only the roles count.
        select: ``all`` or ``largest``.
        roles: people who get an identity of their own, or are left alone.
    """

    source: Identity | None
    select: str
    roles: list[Role]

    @property
    def sources(self) -> int:
        """How many source people there are."""
        return count_sources(self.source, self.roles)

    def assign(
        self, swapper: FaceSwapper, image: UInt8[np.ndarray, "h w 3"], faces: Sequence[Face]
    ) -> dict[int, Identity]:
        """The identity of each face of a single frame that gets one, by its index.

        Args:
            swapper: says where networks run.
            image: RGB.
            faces: of it, largest first.
        """
        if self.source is not None:
            return dict.fromkeys(select_faces(faces, self.select), self.source)
        sightings = FaceEmbedder(swapper.device).embed([cut_crop(image, face.points) for face in faces])
        references = np.stack([role.reference for role in self.roles])
        matched = match_identities(sightings, references, once=True)
        assigned = {face: self.roles[role].identity for face, role in matched.items()}
        return {face: identity for face, identity in assigned.items() if identity is not None}
