"""SimSwap behind the method protocol: the source's embedding is written into the target's features."""

from collections.abc import Sequence
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from swapper.faces.embed import IdentityEmbedder
from swapper.methods.redrawing import RedrawingMethod
from swapper.methods.weights import SourceReader, open_weights
from swapper.models.simswap import SimSwapGenerator
from swapper.types import Crop, Identity


class SimSwapMethod(RedrawingMethod):
    """The method that keeps most of the target: expression, pose and light."""

    name = "simswap"

    def __init__(
        self,
        device: torch.device,
        network: SimSwapGenerator | None = None,
        embedder: IdentityEmbedder | None = None,
        template: str | None = None,
        size: int | None = None,
        weights: str | Path | None = None,
    ) -> None:
        """Load the networks that are not given.

        Args:
            device: where they run.
            network: that of the weights when None.
            embedder: measures sources as the network was trained to be told; the one that the weights need when None.
            template: alignment it was trained with; what the weights say when None.
            size: side of its crops in pixels; what the weights say when None.
            weights: file of the user's; the shipped one when None.

        Raises:
            UserError: weights that cannot be found, or that do not belong together.
        """
        self.device = device
        opened = open_weights(self.name, SimSwapGenerator, weights, network, None, template, size)
        self.take(opened)
        self.network = opened.network.to(device).eval()
        self.embedder = embedder
        self.source = None if embedder else SourceReader.open(opened, self.network.config.identity, device)

    def identify(self, crops: Sequence[Crop]) -> Identity:
        """Embed a person: the mean direction of the photos' embeddings.

        Args:
            crops: crops in the ``ffhq`` template, all of the same person.
        """
        if self.source is not None:
            return self.person(self.source.vectors(crops), self.source.needs.unit)
        assert self.embedder is not None, "a source is measured by one of the two"
        return self.person(torch.from_numpy(self.embedder.embed(crops)), unit=True)

    def draw(self, targets: Float[Tensor, "b 3 s s"], vectors: Float[Tensor, "b d"]) -> Float[Tensor, "b 3 s s"]:
        """Run the network; see ``RedrawingMethod.draw``."""
        return self.network(targets, vectors)
