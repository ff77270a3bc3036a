"""What the methods share whose network redraws a whole crop from an identity vector: GHOST, SimSwap, Smooth-Swap."""

from abc import ABC, abstractmethod

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from swapper.interpolation import slerp
from swapper.types import Identity, Swapped


class RedrawingMethod(ABC):
    """A method whose identities are unit vectors; their state is the length that the network wants, or None for one.

    Attributes:
        name: key in ``METHODS``.
        size: side of the square crops it works on, in pixels.
        template: name of its alignment in ``faces.align.TEMPLATES``.
        device: where its networks run.
    """

    name: str
    size: int
    template: str
    device: torch.device

    @abstractmethod
    def draw(self, targets: Float[Tensor, "b 3 s s"], vectors: Float[Tensor, "b d"]) -> Float[Tensor, "b 3 s s"]:
        """Run the network.

        Args:
            targets: RGB in [0, 1].
            vectors: identities.
        """

    def interpolate(self, first: Identity, second: Identity, share: float) -> Identity:
        """Make the identity between two: the embedding on the sphere, its length on the line.

        Args:
            first: made by this method's ``identify``.
            second: made by this method's ``identify``.
            share: of the way, 0 to 1.
        """
        length = None if first.state is None else (1 - share) * first.state + share * second.state
        return Identity(self.name, slerp(first.embedding, second.embedding, share).astype(np.float32), length)

    @torch.inference_mode()
    def swap(
        self,
        identity: Identity,
        faces: Float[Tensor, "b 3 s s"],
        landmarks: Float[Tensor, "b 478 3"] | None = None,
    ) -> Swapped:
        """Swap as ``Method.swap`` says; the identity may be any unit vector of the embedding space.

        The network redraws the whole crop, so the mask is one everywhere. Landmarks are not used.
        """
        targets = faces.to(self.device)
        length = 1.0 if identity.state is None else identity.state
        vector = torch.from_numpy(identity.embedding).to(targets) * length
        face = self.draw(targets, vector.expand(len(targets), -1))
        return Swapped(face.clamp(0, 1), torch.ones_like(targets[:, :1]))
