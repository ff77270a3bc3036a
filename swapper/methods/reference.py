"""Two trivial methods that bound every comparison: the unchanged target, and the pasted source."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from swapper.types import Crop, Identity, Swapped

UNCHANGED = "target unchanged"  # re-encoded: its row is the noise floor of every measure
PASTED = "source pasted"
REFERENCES = (UNCHANGED, PASTED)
BASELINE = "warp"  # learns nothing; what learns has to beat it

_NOBODY = np.zeros(1, np.float32)  # these methods do not look at who somebody is


class TargetUnchanged:
    """Leaves the target as it is: perfect attributes, nothing of the source."""

    name = UNCHANGED
    template = "ffhq"
    size = 256

    def identify(self, crops: Sequence[Crop]) -> Identity:
        """Take note of nothing.

        Args:
            crops: of the source person.
        """
        return Identity(self.name, _NOBODY)

    def swap(
        self,
        identity: Identity,
        faces: Float[Tensor, "b 3 s s"],
        landmarks: Float[Tensor, "b 478 3"] | None = None,
    ) -> Swapped:
        """The targets with an empty mask; see ``Method.swap``."""
        return Swapped(face=faces, mask=torch.zeros_like(faces[:, :1]))


class SourcePasted:
    """Pastes the source's aligned photo over the target's face: perfect identity, nothing of the target's attributes.

    The blend is the same as for every method: colours matched, inside the target's face.
    """

    name = PASTED
    template = "ffhq"
    size = 256

    def identify(self, crops: Sequence[Crop]) -> Identity:
        """Keep the first photo.

        Args:
            crops: 256 px, ``ffhq`` template, all of the same person.
        """
        photo = torch.from_numpy(crops[0].image).permute(2, 0, 1)[None].float() / 255
        return Identity(self.name, _NOBODY, photo)

    def swap(
        self,
        identity: Identity,
        faces: Float[Tensor, "b 3 s s"],
        landmarks: Float[Tensor, "b 478 3"] | None = None,
    ) -> Swapped:
        """The source's photo, whatever the targets; see ``Method.swap``."""
        photo = identity.state.to(faces)
        if photo.shape[-1] != faces.shape[-1]:
            photo = F.interpolate(photo, faces.shape[-2:], mode="bilinear", antialias=True)
        return Swapped(face=photo.expand_as(faces), mask=torch.ones_like(faces[:, :1]))
