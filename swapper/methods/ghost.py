"""GHOST behind the method protocol: the source's embedding and the target's attribute maps draw a new face."""

from collections.abc import Sequence
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from swapper.methods.redrawing import RedrawingMethod
from swapper.methods.weights import SourceReader, open_weights
from swapper.models.ghost import AEINet
from swapper.types import Crop, Identity


class GhostMethod(RedrawingMethod):
    """The method that reads the target at every scale and blends attributes and identity per pixel."""

    name = "ghost"

    def __init__(
        self,
        device: torch.device,
        network: AEINet | None = None,
        arcface: nn.Module | None = None,
        template: str | None = None,
        size: int | None = None,
        weights: str | Path | None = None,
    ) -> None:
        """Load the networks that are not given.

        Args:
            device: where they run.
            network: that of the weights when None.
            arcface: identity network that it was trained with; the one that the weights need when None.
            template: alignment it was trained with; what the weights say when None.
            size: side of its crops in pixels, see ``AEINetConfig``; what the weights say when None.
            weights: file of the user's; the shipped one when None.

        Raises:
            UserError: weights that cannot be found, or that do not belong together.
        """
        self.device = device
        opened = open_weights(self.name, AEINet, weights, network, arcface, template, size)
        self.take(opened)
        self.network = opened.network.to(device).eval()
        self.source = SourceReader.open(opened, self.network.config.identity, device, arcface)

    @torch.inference_mode()
    def identify(self, crops: Sequence[Crop]) -> Identity:
        """Embed a person: the mean direction of the photos' embeddings, and their mean length as the state.

        Args:
            crops: crops in the ``ffhq`` template, all of the same person.
        """
        return self.person(self.source.vectors(crops), self.source.needs.unit)

    def draw(self, targets: Float[Tensor, "b 3 s s"], vectors: Float[Tensor, "b d"]) -> Float[Tensor, "b 3 s s"]:
        """Run the network; see ``RedrawingMethod.draw``."""
        return self.network(targets, vectors).face
