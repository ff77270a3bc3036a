"""SimSwap behind the method protocol: the source's embedding is written into the target's features."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from swapper import hub
from swapper.faces.embed import FaceEmbedder, IdentityEmbedder
from swapper.methods.redrawing import RedrawingMethod
from swapper.models.simswap import SimSwapGenerator
from swapper.registry import METHODS
from swapper.types import Crop, Identity

WEIGHTS = METHODS["simswap"].weights[0]


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
    ) -> None:
        """Load the networks that are not given.

        Args:
            device: where they run.
            network: the shipped one when None.
            embedder: the identity network that it was trained with; the shipped mobile ArcFace network when None.
            template: alignment it was trained with; what the shipped weights' record says when None.
            size: side of its crops in pixels; the record's or the network's own when None.

        Raises:
            UserError: weights that cannot be found.
        """
        self.device = device
        record = hub.metadata(WEIGHTS) if network is None else {}
        self.network = (network or hub.load(SimSwapGenerator, WEIGHTS)).to(device).eval()
        self.embedder = embedder or FaceEmbedder(device)
        self.template = template or record.get("template", "ffhq")
        self.size = size or int(record.get("size", self.network.config.size))

    def identify(self, crops: Sequence[Crop]) -> Identity:
        """Embed a person: the mean direction of the photos' embeddings.

        Args:
            crops: crops in the ``ffhq`` template, all of the same person.
        """
        embedding = self.embedder.embed(crops).mean(0)
        return Identity(self.name, embedding / np.linalg.norm(embedding).clip(1e-12))

    def draw(self, targets: Float[Tensor, "b 3 s s"], vectors: Float[Tensor, "b d"]) -> Float[Tensor, "b 3 s s"]:
        """Run the network; see ``RedrawingMethod.draw``."""
        return self.network(targets, vectors)
