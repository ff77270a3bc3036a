"""RAFSwap behind the method protocol: region tokens of the source, StyleGAN2, and a mask learned without masks."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32, UInt8
from torch import Tensor

from swapper import hub
from swapper.faces.align import TEMPLATES
from swapper.faces.embed import SIZE
from swapper.faces.fitting import cut_again
from swapper.faces.landmarks import LandmarkDetector
from swapper.faces.regions import region_masks
from swapper.methods.base import check_identity, source_batch
from swapper.methods.weights import open_weights
from swapper.models.arcface import MobileFaceNet
from swapper.models.rafswap import RAFSwap
from swapper.models.rafswap_encoder import SourceCode
from swapper.registry import METHODS
from swapper.registry.pipelines import Alignment
from swapper.types import Crop, Identity, Swapped

RECOGNISER = METHODS["rafswap"].weights[1]
MASK_SIZE = 64  # px, of the region masks (RAFSwap's official data preparation)


class RAFSwapMethod:
    """The high-resolution method: it redraws the face and predicts its mask.

    Attributes:
        name: key in ``METHODS``.
        size: side of the square crops it works on, in pixels.
        template: name of its alignment in ``faces.align.TEMPLATES``.
        fit: how the five points are fitted to the template, key of ``registry.pipelines.FITS``.
        space: whose networks measure its identities.
        own_weights: name of the weights file where it is one of the user's.
    """

    name = "rafswap"

    def __init__(
        self,
        device: torch.device,
        network: RAFSwap | None = None,
        template: str | None = None,
        size: int | None = None,
        landmarks: LandmarkDetector | None = None,
        weights: str | Path | None = None,
    ) -> None:
        """Load the network unless it is given.

        Args:
            device: where it runs.
            network: that of the weights when None.
            template: alignment it was trained with; what the weights say when None.
            size: side of the target crops; may exceed the network's own, up to its generator's. What the weights say
                when None.
            landmarks: measures faces that come without landmarks; the shipped network when None.
            weights: file of the user's; the shipped one when None.

        Raises:
            UserError: weights that cannot be found.
        """
        self.device = device
        opened = open_weights(self.name, RAFSwap, weights, network, None, template, size)
        cut = opened.pipeline.alignment
        self.template, self.size, self.fit, self.space = cut.template, cut.size, cut.fit, opened.space
        self.own_weights = opened.own
        self.network = opened.network.to(device).eval()
        self._landmarks = landmarks
        self._recogniser = hub.load(MobileFaceNet, RECOGNISER).to(device) if self.network.config.embedding else None

    @torch.inference_mode()
    def identify(self, crops: Sequence[Crop]) -> Identity:
        """Encode a person: the mean of the photos' region tokens and of their global features.

        Args:
            crops: crops in the ``ffhq`` template, all of the same person.
        """
        pixels, points = zip(*(self._recut(crop) for crop in crops), strict=True)
        faces = torch.from_numpy(np.stack(pixels)).to(self.device).permute(0, 3, 1, 2).float() / 255
        masks = draw_regions(torch.from_numpy(np.stack(points)).to(self.device), self.network.config.regions)
        known = None
        if self._recogniser is not None:
            known = self._recogniser(source_batch(crops, "arcface", SIZE, self.device)).embedding
        codes: SourceCode = self.network.encode_sources(faces, masks, known)
        code = SourceCode(codes.tokens.mean(0, keepdim=True), codes.features.mean(0, keepdim=True))
        return Identity(self.name, F.normalize(code.features[0], dim=0).cpu().numpy(), code, self.space)

    @torch.inference_mode()
    def interpolate(self, first: Identity, second: Identity, share: float) -> Identity:
        """Make the identity between two: region tokens and global features on the line between them.

        Args:
            first: made by this method's ``identify``.
            second: made by this method's ``identify``.
            share: of the way, 0 to 1.
        """
        for identity in (first, second):
            check_identity(self, identity)
        code = SourceCode(*(torch.lerp(a, b, share) for a, b in zip(first.state, second.state, strict=True)))
        return Identity(self.name, F.normalize(code.features[0], dim=0).cpu().numpy(), code, self.space)

    @torch.inference_mode()
    def swap(
        self,
        identity: Identity,
        faces: Float[Tensor, "b 3 s s"],
        landmarks: Float[Tensor, "b 478 3"] | None = None,
    ) -> Swapped:
        """Swap the identity onto target crops.

        The mask is dilated by one pixel of the network's size, as in the official code.

        Args:
            identity: made by this method's ``identify``.
            faces: target crops in this method's template and size, RGB in [0, 1].
            landmarks: mesh points of the targets as a share of the crop; measured here when None.
        """
        check_identity(self, identity)
        code: SourceCode = identity.state
        source = SourceCode(*(part.expand(len(faces), *part.shape[1:]) for part in code))
        points = self._measure_batch(faces) if landmarks is None else landmarks
        masks = draw_regions(points.to(self.device), self.network.config.regions)
        targets = _resize(faces.to(self.device), self.network.config.size)
        swapped = self.network.swap(targets, masks, source)
        size = faces.shape[-1]
        face = swapped.face if size == targets.shape[-1] else _resize(swapped.full, size)
        return Swapped(face.clamp(0, 1), _resize(F.max_pool2d(swapped.mask, 3, 1, padding=1), size).clamp(0, 1))

    def _recut(self, crop: Crop) -> tuple[UInt8[np.ndarray, "s s 3"], Float32[np.ndarray, "478 3"]]:
        """Bring a source to the network's template and size; its landmarks become shares of the crop."""
        size = self.network.config.size
        cut = cut_again(crop, Alignment(self.template, size, self.fit))
        points = self._measure(cut.image) if cut.landmarks is None else cut.landmarks
        return cut.image, (points / size).astype(np.float32)

    def _measure_batch(self, faces: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b 478 3"]:
        images = (faces.permute(0, 2, 3, 1).clamp(0, 1) * 255).round().byte().cpu().numpy()
        return torch.from_numpy(np.stack([self._measure(image) / len(image) for image in images]))

    def _measure(self, image: UInt8[np.ndarray, "s s 3"]) -> Float32[np.ndarray, "478 3"]:
        if self._landmarks is None:
            self._landmarks = LandmarkDetector(self.device)
        return self._landmarks.measure(image, [TEMPLATES[self.template] * len(image)])[0][0]


def draw_regions(landmarks: Float[Tensor, "b 478 d"], regions: Sequence[str]) -> Float[Tensor, "b l m m"]:
    """Draw the masks that RAFSwap takes.

    Args:
        landmarks: mesh points as a share of the crop.
        regions: ``RAFSwapConfig.regions``.

    Returns:
        0 or 1.
    """
    return (region_masks(landmarks, MASK_SIZE, regions) > 0.5).to(landmarks.dtype)


def _resize(x: Tensor, size: int) -> Tensor:
    if x.shape[-1] == size:
        return x
    return F.interpolate(x, size=(size, size), mode="bilinear", align_corners=False, antialias=True)
