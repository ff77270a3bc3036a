"""What the methods share whose network redraws a whole crop from an identity vector: GHOST, SimSwap, Smooth-Swap."""

from abc import ABC, abstractmethod

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from swapper.interpolation import slerp
from swapper.methods.base import check_identity
from swapper.methods.weights import OpenedWeights
from swapper.types import Identity, Swapped


class RedrawingMethod(ABC):
    """A method whose identities are unit vectors; their state is the length that the network wants, or None for one.

    Attributes:
        name: key in ``METHODS``.
        size: side of the square crops it works on, in pixels.
        template: name of its alignment in ``faces.align.TEMPLATES``.
        fit: how the five points are fitted to the template, key of ``registry.pipelines.FITS``.
        space: what its identities are measured with.
        own_weights: name of the weights file where it is one of the user's.
        device: where its networks run.
    """

    name: str
    size: int
    template: str
    fit: str = "fixed"
    space: str = ""
    own_weights: str = ""
    device: torch.device

    def take(self, opened: OpenedWeights) -> None:
        """Cut and measure faces as weights need it.

        Args:
            opened: the weights.
        """
        cut = opened.pipeline.alignment
        self.template, self.size, self.fit, self.space = cut.template, cut.size, cut.fit, opened.space
        self.own_weights = opened.own

    def person(self, vectors: Float[Tensor, "b d"], unit: bool) -> Identity:
        """The identity of a person: the mean direction of the photos' vectors, and their mean length.

        Args:
            vectors: as the identity network gives them.
            unit: the network wants vectors of unit length.
        """
        direction = F.normalize(F.normalize(vectors).mean(0), dim=0)
        length = None if unit else float(vectors.norm(dim=1).mean())
        return Identity(self.name, direction.cpu().numpy(), length, self.space)

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
        for identity in (first, second):
            check_identity(self, identity)
        length = None if first.state is None else (1 - share) * first.state + share * second.state
        between = slerp(first.embedding, second.embedding, share).astype(np.float32)
        return Identity(self.name, between, length, self.space)

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
        check_identity(self, identity)
        targets = faces.to(self.device)
        length = 1.0 if identity.state is None else identity.state
        vector = torch.from_numpy(identity.embedding).to(targets) * length
        face = self.draw(targets, vector.expand(len(targets), -1))
        return Swapped(face.clamp(0, 1), torch.ones_like(targets[:, :1]))
