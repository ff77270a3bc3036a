"""MobileFaceSwap behind the method protocol: a person's first swap writes a small network, all others run it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from swapper.interpolation import slerp
from swapper.methods.base import check_identity
from swapper.methods.idn_onnx import build_onnx, save_onnx
from swapper.methods.weights import SourceReader, open_weights
from swapper.models.arcface import IdentityFeatures
from swapper.models.idn import IdentityAwareDynamicNetwork
from swapper.models.mobilefaceswap import MobileFaceSwap
from swapper.runtime.onnx_session import open_session
from swapper.types import Crop, Identity, Swapped, UserError


@dataclass(frozen=True, eq=False)  # compared as objects, so that a network can be kept for as long as its person
class PersonFeatures:
    """The state of this method's identities.

    Attributes:
        seen: what the identity network says of the person, batch 1, the embedding of unit length.
    """

    seen: IdentityFeatures


class MobileFaceSwapMethod:
    """The real-time method: on the CPU the person's network runs in onnxruntime, elsewhere in torch.

    Attributes:
        name: key in ``METHODS``.
        size: side of the square crops it works on, in pixels.
        template: name of its alignment in ``faces.align.TEMPLATES``.
        fit: how the five points are fitted to the template, key of ``registry.pipelines.FITS``.
        space: what its identities are measured with.
        own_weights: name of the weights file where it is one of the user's.
    """

    name = "mobilefaceswap"

    def __init__(
        self,
        device: torch.device,
        network: MobileFaceSwap | None = None,
        arcface: nn.Module | None = None,
        template: str | None = None,
        size: int | None = None,
        threads: int | None = None,
        weights: str | Path | None = None,
    ) -> None:
        """Load the networks that are not given.

        Args:
            device: where they run.
            network: what writes a person's network; that of the weights when None.
            arcface: identity network that it was trained with; the one that the weights need when None.
            template: alignment it was trained with; what the weights say when None.
            size: side of its crops in pixels, a multiple of 32; what the weights say when None.
            threads: of onnxruntime on the CPU; its own choice when None.
            weights: file of the user's; the shipped one when None.

        Raises:
            UserError: weights that cannot be found, or do not belong together, or a size that the network cannot halve
                five times.
        """
        self.device = device
        self.threads = threads
        opened = open_weights(self.name, MobileFaceSwap, weights, network, arcface, template, size)
        cut = opened.pipeline.alignment
        self.template, self.size, self.fit, self.space = cut.template, cut.size, cut.fit, opened.space
        self.own_weights = opened.own
        if self.size % 32:
            raise UserError(f"Crop size of MobileFaceSwap: {self.size} pixels. Choose a multiple of 32.")
        self.network = opened.network.to(device).eval()
        self.source = SourceReader.open(opened, self.network.config.embedding, device, arcface)
        # Outside the identities: most of those that were only mixed into others are never swapped, and sessions of
        # onnxruntime cannot be copied or sent to another process.
        self._networks: WeakKeyDictionary[PersonFeatures, Callable[[Tensor], tuple[Tensor, Tensor]]] = (
            WeakKeyDictionary()
        )

    @torch.no_grad()
    def identify(self, crops: Sequence[Crop]) -> Identity:
        """Embed a person: the mean of what the photos show.

        Args:
            crops: crops in the ``ffhq`` template, all of the same person.
        """
        seen: IdentityFeatures = self.source.read(crops)
        embedding = F.normalize(F.normalize(seen.embedding).mean(0, keepdim=True))
        return self._identity(IdentityFeatures(embedding, seen.feature_map.mean(0, keepdim=True)))

    def interpolate(self, first: Identity, second: Identity, share: float) -> Identity:
        """Make the identity between two: the embedding on the sphere, the feature map on the line.

        Args:
            first: made by this method's ``identify``.
            second: made by this method's ``identify``.
            share: of the way, 0 to 1.
        """
        for identity in (first, second):
            check_identity(self, identity)
        embedding = torch.from_numpy(slerp(first.embedding, second.embedding, share)).float().to(self.device)[None]
        maps = [identity.state.seen.feature_map for identity in (first, second)]
        return self._identity(IdentityFeatures(embedding, torch.lerp(maps[0], maps[1], share)))

    def _identity(self, seen: IdentityFeatures) -> Identity:
        return Identity(self.name, seen.embedding[0].cpu().numpy(), PersonFeatures(seen), self.space)

    @torch.no_grad()
    def write_network(self, identity: Identity) -> IdentityAwareDynamicNetwork:
        """Write the network of a person, which swaps faces without this method.

        Args:
            identity: made by this method's ``identify``.
        """
        check_identity(self, identity)
        return self.network.inject(identity.state.seen)

    @torch.no_grad()
    def swap(
        self,
        identity: Identity,
        faces: Float[Tensor, "b 3 s s"],
        landmarks: Float[Tensor, "b 478 3"] | None = None,
    ) -> Swapped:
        """Swap as ``Method.swap`` says; landmarks are not used.

        The network mixes its drawing into the target by its mask. What is returned is the drawing itself, or whoever
        pastes it by the mask would mix it in twice.
        """
        check_identity(self, identity)
        person: PersonFeatures = identity.state
        if person not in self._networks:
            self._networks[person] = self._made_ready(self.write_network(identity))
        drawn, mask = self._networks[person](faces)
        return Swapped(drawn.clamp(0, 1), mask)

    def export(self, identity: Identity, path: Path, half: bool = False) -> None:
        """Write the person's network as one ONNX file that runs without this project.

        Args:
            identity: made by this method's ``identify``.
            path: the file to write.
            half: store the weights in half precision: 1 MB instead of 2.
        """
        said = {"method": self.name, "template": self.template, "fit": self.fit}
        save_onnx(build_onnx(self.write_network(identity), self.size, said, half), path)

    def _made_ready(self, network: IdentityAwareDynamicNetwork) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
        """A person's network as a function from targets to drawings and masks, in onnxruntime on the CPU."""
        if self.device.type != "cpu":

            def run_in_torch(faces: Tensor) -> tuple[Tensor, Tensor]:
                swapped = network(faces.to(self.device))
                return swapped.drawn, swapped.mask

            return run_in_torch
        session = open_session(build_onnx(network, self.size, {}).SerializeToString(), self.device, self.threads)

        def run(faces: Tensor) -> tuple[Tensor, Tensor]:
            drawn, mask = session.run(["drawn", "mask"], {"target": faces.cpu().float().numpy()})
            return torch.from_numpy(np.asarray(drawn)), torch.from_numpy(np.asarray(mask))

        return run
