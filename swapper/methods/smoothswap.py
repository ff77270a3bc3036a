"""Smooth-Swap behind the method protocol: a smooth embedding of the source steers a generator on the target."""

from collections.abc import Sequence
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from swapper.methods.redrawing import RedrawingMethod
from swapper.methods.weights import SourceReader, open_weights
from swapper.models.smoothswap import NCSNppGenerator, SmoothIdentityEmbedder
from swapper.types import Crop, Identity

_OVERSHOOT = 1.2  # of the shipped network, which draws less of a person than it is told; at this it is nearest


class SmoothSwapMethod(RedrawingMethod):
    """The method that also changes the shape of the face; any unit vector of its embedding space is an identity.

    Attributes:
        overshoot: factor of the likeness that the generator is told; 1 for weights of the user's.
    """

    name = "smoothswap"

    def __init__(
        self,
        device: torch.device,
        generator: NCSNppGenerator | None = None,
        embedder: SmoothIdentityEmbedder | None = None,
        template: str | None = None,
        size: int | None = None,
        weights: str | Path | None = None,
    ) -> None:
        """Load the networks that are not given.

        Args:
            device: where they run.
            generator: that of the weights when None.
            embedder: the one that the generator was trained with; the one that the weights need when None.
            template: alignment the generator was trained with; what the weights say when None.
            size: side of the crops it was trained with; what the weights say when None.
            weights: file of the user's; the shipped one when None.

        Raises:
            UserError: weights that cannot be found, or that do not belong together.
        """
        self.device = device
        opened = open_weights(self.name, NCSNppGenerator, weights, generator, embedder, template, size)
        self.take(opened)
        self.generator = opened.network.to(device).eval()
        self.source = SourceReader.open(opened, self.generator.config.embedding, device, embedder)
        self.embedder = self.source.network
        self.overshoot = _OVERSHOOT if weights is None and generator is None else 1.0

    @torch.inference_mode()
    def identify(self, crops: Sequence[Crop]) -> Identity:
        """Embed a person: the mean direction of the photos' embeddings.

        Args:
            crops: crops in the ``ffhq`` template, all of the same person.
        """
        return self.person(self.source.vectors(crops), self.source.needs.unit)

    def draw(self, targets: Float[Tensor, "b 3 s s"], vectors: Float[Tensor, "b d"]) -> Float[Tensor, "b 3 s s"]:
        """Run the generator; see ``RedrawingMethod.draw``."""
        return self.generator(targets, vectors)
