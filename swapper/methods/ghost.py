"""GHOST behind the method protocol: the source's embedding and the target's attribute maps draw a new face."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from swapper import hub
from swapper.faces.embed import arcface_crop
from swapper.interpolation import slerp
from swapper.models.arcface import MobileFaceNet
from swapper.models.ghost import AEINet
from swapper.types import Crop, Identity, Swapped

WEIGHTS, IDENTITY_WEIGHTS = "ghost-lite", "arcface-mobile"


class GhostMethod:
    """The method that looks at the target at every scale and decides per pixel what belongs to the identity.

    Attributes:
        name: key in ``METHODS``.
        size: side of the square crops it works on, in pixels.
        template: name of its alignment in ``faces.align.TEMPLATES``.
    """

    name = "ghost"

    def __init__(
        self,
        device: torch.device,
        network: AEINet | None = None,
        arcface: nn.Module | None = None,
        template: str | None = None,
        size: int | None = None,
    ) -> None:
        """Load the networks that are not given.

        Args:
            device: where they run.
            network: the shipped one when None.
            arcface: identity network that it was trained with; the shipped one when None.
            template: alignment it was trained with; what the shipped weights' file says when None.
            size: side of its crops in pixels, see ``AEINetConfig``; what the file says, or the native one, when None.

        Raises:
            UserError: weights that cannot be found.
        """
        self.device = device
        record = hub.metadata(WEIGHTS) if network is None else {}
        self.network = (network or hub.load(AEINet, WEIGHTS)).to(device).eval()
        self.arcface = (arcface or hub.load(MobileFaceNet, IDENTITY_WEIGHTS)).to(device).eval()
        self.template = template or record.get("template", "ffhq")
        self.size = size or int(record.get("size", self.network.config.size))

    @torch.inference_mode()
    def identify(self, crops: Sequence[Crop]) -> Identity:
        """Embed a person: the mean direction of the photos' embeddings, and their mean length as the state.

        Args:
            crops: crops in the ``ffhq`` template, all of the same person.
        """
        pixels = np.stack([arcface_crop(crop) for crop in crops])
        faces = torch.from_numpy(pixels).to(self.device).permute(0, 3, 1, 2).float() / 255
        embeddings = self.arcface(faces).embedding
        direction = F.normalize(F.normalize(embeddings).mean(0), dim=0)
        return Identity(self.name, direction.cpu().numpy(), float(embeddings.norm(dim=1).mean()))

    def interpolate(self, first: Identity, second: Identity, share: float) -> Identity:
        """Make the identity between two: the embedding on the sphere, its length on the line.

        Args:
            first: made by this method's ``identify``.
            second: made by this method's ``identify``.
            share: of the way, 0 to 1.
        """
        length = (1 - share) * first.state + share * second.state
        return Identity(self.name, slerp(first.embedding, second.embedding, share).astype(np.float32), length)

    @torch.inference_mode()
    def swap(
        self,
        identity: Identity,
        faces: Float[Tensor, "b 3 s s"],
        landmarks: Float[Tensor, "b 478 3"] | None = None,
    ) -> Swapped:
        """Swap the identity onto target crops; the network redraws the whole crop, so the mask is one everywhere.

        Args:
            identity: made by this method's ``identify``.
            faces: target crops in this method's template and size, RGB in [0, 1].
            landmarks: not used.
        """
        targets = faces.to(self.device)
        z_id = torch.from_numpy(identity.embedding).to(targets) * identity.state
        result = self.network(targets, z_id.expand(len(targets), -1))
        return Swapped(result.face.clamp(0, 1), torch.ones_like(targets[:, :1]))
