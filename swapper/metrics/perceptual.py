"""How different two pictures of the same scene look, as a network's early layers see them."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float32, UInt8

from swapper.models.arcface import MobileFaceNet

SIDE = 128  # px, at which pictures are looked at


class PerceptualDistance:
    """LPIPS-like distance: compares the directions of the channels at every place of three early layers.

    The layers are those of the mobile identity network, all with the same weight, because no ratings of people were
    fitted: 0 for equal pictures, at most 2, but not on the scale of published LPIPS figures. Unlike LPIPS it is not
    squared, so that it is a metric and lengths of paths can be added up. Changes that keep everything in place, such
    as noise or another mouth, count; it forgives little misalignment. Noise floor 0.08: a photograph against its own
    ``geometry.reencode``.

    Source: Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric", CVPR 2018, eq. 1.
    """

    def __init__(self, network: MobileFaceNet, device: torch.device | None = None):
        """Use an identity network as it is.

        Args:
            network: trained; not changed.
            device: where it runs; the CPU when None.
        """
        self.device = device or torch.device("cpu")
        self.network = network.to(self.device).eval()

    @torch.inference_mode()
    def describe(self, image: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "d"]:
        """What is compared: the distance of two pictures is the length of the difference of their vectors.

        Args:
            image: RGB, square.
        """
        shrinks = len(image) > SIDE
        small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        pixels = torch.from_numpy(small).to(self.device).permute(2, 0, 1)[None].float() / 255
        layers = self.network.early(pixels)
        parts = [F.normalize(layer, dim=1) / (layer.shape[2] * layer.shape[3] * len(layers)) ** 0.5 for layer in layers]
        return torch.cat([part.flatten() for part in parts]).cpu().numpy()

    def path(self, images: Sequence[UInt8[np.ndarray, "h w 3"]]) -> tuple[Float32[np.ndarray, "n"], float]:
        """Distances of neighbours in a row of pictures, and that of its ends.

        Args:
            images: RGB, square, two or more.
        """
        first = last = self.describe(images[0])
        steps = []
        for image in images[1:]:
            found = self.describe(image)
            steps.append(np.linalg.norm(found - last))
            last = found
        return np.array(steps, np.float32), float(np.linalg.norm(last - first))
