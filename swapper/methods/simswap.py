"""SimSwap behind the method protocol: the source's embedding is written into the target's features."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from swapper import hub
from swapper.faces.embed import FaceEmbedder, IdentityEmbedder
from swapper.interpolation import slerp
from swapper.models.simswap import SimSwapGenerator
from swapper.types import Crop, Identity, Swapped

WEIGHTS = "simswap-lite"


class SimSwapMethod:
    """The method that keeps most of the target: expression, pose and light.

    Attributes:
        name: key in ``METHODS``.
        size: side of the square crops it works on, in pixels.
        template: name of its alignment in ``faces.align.TEMPLATES``.
    """

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

    def interpolate(self, first: Identity, second: Identity, share: float) -> Identity:
        """Make the identity between two, on the sphere of the embedding.

        Args:
            first: made by this method's ``identify``.
            second: made by this method's ``identify``.
            share: of the way, 0 to 1.
        """
        return Identity(self.name, slerp(first.embedding, second.embedding, share).astype(np.float32))

    @torch.inference_mode()
    def swap(
        self,
        identity: Identity,
        faces: Float[Tensor, "b 3 s s"],
        landmarks: Float[Tensor, "b 478 3"] | None = None,
    ) -> Swapped:
        """Swap the identity onto target crops; the network redraws the whole crop, so the mask is one everywhere.

        Args:
            identity: made by ``identify``, or any unit vector of the embedding space.
            faces: target crops in this method's template and size, RGB in [0, 1].
            landmarks: not used.
        """
        targets = faces.to(self.device)
        embedding = torch.from_numpy(identity.embedding).to(targets).expand(len(targets), -1)
        return Swapped(self.network(targets, embedding).clamp(0, 1), torch.ones_like(targets[:, :1]))
