"""Smooth-Swap behind the method protocol: a smooth embedding of the source steers a generator on the target."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from swapper import hub
from swapper.methods.base import source_batch
from swapper.methods.redrawing import RedrawingMethod
from swapper.models.smoothswap import NCSNppGenerator, SmoothIdentityEmbedder
from swapper.registry import METHODS
from swapper.types import Crop, Identity

WEIGHTS, EMBEDDER_WEIGHTS = METHODS["smoothswap"].weights


class SmoothSwapMethod(RedrawingMethod):
    """The method that also changes the shape of the face; any unit vector of its embedding space is an identity."""

    name = "smoothswap"

    def __init__(
        self,
        device: torch.device,
        generator: NCSNppGenerator | None = None,
        embedder: SmoothIdentityEmbedder | None = None,
        template: str | None = None,
        size: int | None = None,
    ) -> None:
        """Load the networks that are not given.

        Args:
            device: where they run.
            generator: the shipped one when None.
            embedder: the one that the generator was trained with; the shipped one when None.
            template: alignment the generator was trained with; what the shipped weights' file says when None.
            size: side of the crops it was trained with; what the shipped weights' file says when None.

        Raises:
            UserError: weights that cannot be found.
        """
        self.device = device
        record = hub.metadata(WEIGHTS) if generator is None else {}
        self.template = template or record.get("template", "ffhq")
        self.size = size or int(record.get("size", 256))
        self.generator = (generator or hub.load(NCSNppGenerator, WEIGHTS)).to(device).eval()
        self.embedder = (embedder or hub.load(SmoothIdentityEmbedder, EMBEDDER_WEIGHTS)).to(device).eval()

    @torch.inference_mode()
    def identify(self, crops: Sequence[Crop]) -> Identity:
        """Embed a person: the mean direction of the photos' embeddings.

        Args:
            crops: crops in the ``ffhq`` template, all of the same person.
        """
        embedding = F.normalize(self.embedder(source_batch(crops, "ffhq", 256, self.device)).mean(0), dim=0)
        return Identity(self.name, embedding.cpu().numpy())

    def draw(self, targets: Float[Tensor, "b 3 s s"], vectors: Float[Tensor, "b d"]) -> Float[Tensor, "b 3 s s"]:
        """Run the generator; see ``RedrawingMethod.draw``."""
        return self.generator(targets, vectors)
