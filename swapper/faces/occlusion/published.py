"""Networks that others published, which tell a face from what hides it: XSeg, and BiSeNet's regions."""

import cv2
import numpy as np
import torch
from jaxtyping import Float32, UInt8

from swapper.faces.occlusion.network import CropOcclusion, OcclusionFinder
from swapper.registry import named
from swapper.registry.masks import find_mask

_BLUR = 5 / 256  # of the crop's side
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_STD = np.array([0.229, 0.224, 0.225], np.float32)
_FACE = (1, 2, 3, 4, 5, 10, 11, 12, 13)  # of CelebAMask-HQ's classes: skin, brows, eyes, nose, mouth, both lips


class XSegOccluder(CropOcclusion):
    """DeepFaceLab's XSeg in ONNX format: colours in OpenCV's order and [0, 1], channels last; 1 is face.

    Source: FaceFusion's model table (August 2026).
    """

    weights = "xseg_1"
    template = "ffhq"
    channels_last = True

    def hidden(self, crop: UInt8[np.ndarray, "t t 3"]) -> Float32[np.ndarray, "t t"]:
        """See ``CropOcclusion.hidden``."""
        pixels = np.ascontiguousarray(crop[None, ..., ::-1]).astype(np.float32) / np.float32(255)
        seen = self.session.run(None, {self.session.get_inputs()[0].name: pixels})[0]
        return _hidden(np.asarray(seen, np.float32).reshape(self.size, self.size))


class FaceRegions(CropOcclusion):
    """BiSeNet in ONNX format, which gives each pixel one of 19 classes; RGB scaled as ImageNet's.

    Source: FaceFusion's model table (August 2026); the classes are CelebAMask-HQ's.
    """

    weights = "bisenet_resnet_34"
    template = "ffhq"
    usual_size = 512
    channels_given = 19

    def hidden(self, crop: UInt8[np.ndarray, "t t 3"]) -> Float32[np.ndarray, "t t"]:
        """See ``CropOcclusion.hidden``."""
        scaled = (crop.astype(np.float32) / 255 - _MEAN) / _STD
        pixels = np.ascontiguousarray(scaled.transpose(2, 0, 1)[None])
        scores = np.asarray(self.session.run(None, {self.session.get_inputs()[0].name: pixels})[0])[0]
        return _hidden(np.isin(scores.argmax(0), _FACE).astype(np.float32))


def _hidden(seen: Float32[np.ndarray, "t t"]) -> Float32[np.ndarray, "t t"]:
    """What is not seen, with a soft edge that lies within the face."""
    soft = cv2.GaussianBlur(np.clip(seen, 0, 1), (0, 0), _BLUR * len(seen))
    return 1 - (np.clip(soft, 0.5, 1) - np.float32(0.5)) * 2


def load_mask(name: str, device: torch.device, threads: int | None = None) -> OcclusionFinder:
    """Build what finds the things in front of a face.

    Args:
        name: key of ``registry.masks.MASKS``.
        device: where it runs.
        threads: CPU threads of its network; onnxruntime's choice when None.

    Raises:
        UserError: the name is unknown, or the weights cannot be found.
    """
    return named(find_mask(name).cls)(device, threads)
