"""Smooth-Swap behind the method protocol: a smooth embedding of the source steers a generator on the target."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor

from swapper import hub
from swapper.faces.align import template_to_template, warp_frame
from swapper.interpolation import slerp
from swapper.models.smoothswap import NCSNppGenerator, SmoothIdentityEmbedder
from swapper.types import Crop, Identity, Swapped

WEIGHTS, EMBEDDER_WEIGHTS = "smoothswap-lite", "smooth-embedder-lite"


class SmoothSwapMethod:
    """The method that also changes the shape of the face; any unit vector of its embedding space is an identity.

    Attributes:
        name: key in ``METHODS``.
        size: side of the square crops it works on, in pixels.
        template: name of its alignment in ``faces.align.TEMPLATES``.
    """

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
        pixels = np.stack([_recut(crop) for crop in crops])
        faces = torch.from_numpy(pixels).to(self.device).permute(0, 3, 1, 2).float() / 255
        embedding = F.normalize(self.embedder(faces).mean(0), dim=0)
        return Identity(self.name, embedding.cpu().numpy())

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
        """Swap the identity onto target crops; the generator redraws the whole crop, so the mask is one everywhere.

        Args:
            identity: made by ``identify``, or any unit vector of the embedding space.
            faces: target crops in this method's template and size, RGB in [0, 1].
            landmarks: not used.
        """
        targets = faces.to(self.device)
        embedding = torch.from_numpy(identity.embedding).to(targets).expand(len(targets), -1)
        return Swapped(self.generator(targets, embedding).clamp(0, 1), torch.ones_like(targets[:, :1]))


def _recut(crop: Crop) -> UInt8[np.ndarray, "256 256 3"]:
    if crop.size == 256:
        return crop.image
    return warp_frame(crop.image, template_to_template("ffhq", crop.size, "ffhq", 256), 256)
