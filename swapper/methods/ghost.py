"""GHOST behind the method protocol: the source's embedding and the target's attribute maps draw a new face."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from swapper import hub
from swapper.faces.embed import SIZE
from swapper.methods.base import source_batch
from swapper.methods.redrawing import RedrawingMethod
from swapper.models.arcface import MobileFaceNet
from swapper.models.ghost import AEINet
from swapper.registry import METHODS
from swapper.types import Crop, Identity

WEIGHTS, IDENTITY_WEIGHTS = METHODS["ghost"].weights


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
        embeddings = self.arcface(source_batch(crops, "arcface", SIZE, self.device)).embedding
        direction = F.normalize(F.normalize(embeddings).mean(0), dim=0)
        return Identity(self.name, direction.cpu().numpy(), float(embeddings.norm(dim=1).mean()))

    def draw(self, targets: Float[Tensor, "b 3 s s"], vectors: Float[Tensor, "b d"]) -> Float[Tensor, "b 3 s s"]:
        """Run the network; see ``RedrawingMethod.draw``."""
        return self.network(targets, vectors).face
