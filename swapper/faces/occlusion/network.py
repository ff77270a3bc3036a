"""Finding what lies in front of a face in one picture: glasses, hands, hair, microphones, masks."""

from typing import ClassVar, Protocol, runtime_checkable

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from swapper.faces.align import Placement, invert_affine, template_to_template, warp_frame
from swapper.faces.crop_network import CropNetwork

_RANGE = (0.3, 0.6)  # probability that counts as nothing, and as covered
_LEAST = 0.005  # share of the face: less is chance


@runtime_checkable
class OcclusionFinder(Protocol):
    """Anything that finds what is in front of a face."""

    def find(
        self, image: UInt8[np.ndarray, "s s 3"], template: Placement, face: Float32[np.ndarray, "s s"]
    ) -> Float32[np.ndarray, "s s"] | None:
        """Share of each pixel of a face that something hides.

        Args:
            image: RGB crop.
            template: key of ``TEMPLATES`` that it was cut by, or where the face lies in it.
            face: mask of the face, in [0, 1]; what is beside it does not count.

        Returns:
            In [0, 1], of no meaning outside the face; None where next to nothing is in front of it.
        """
        ...


class CropOcclusion(CropNetwork):
    """A network that tells of a crop of its own template and size what hides the face.

    Attributes:
        template: key of ``faces.align.TEMPLATES``.
    """

    template: ClassVar[str]
    channels_given = 1

    def find(
        self, image: UInt8[np.ndarray, "s s 3"], template: Placement, face: Float32[np.ndarray, "s s"]
    ) -> Float32[np.ndarray, "s s"] | None:
        """Find occlusion; see ``OcclusionFinder.find``."""
        side = len(image)
        to_own = template_to_template(template, side, self.template, self.size)
        share = cv2.warpAffine(
            self.hidden(warp_frame(image, to_own, self.size)),
            invert_affine(to_own),
            (side, side),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return share if float((share * face).sum()) > _LEAST * float(face.sum()) else None

    def hidden(self, crop: UInt8[np.ndarray, "t t 3"]) -> Float32[np.ndarray, "t t"]:
        """Share of each pixel that something hides, in [0, 1].

        Args:
            crop: RGB, of the network's own template and size.
        """
        raise NotImplementedError


class OcclusionDetector(CropOcclusion):
    """Runs the shipped occlusion network on crops, through onnxruntime."""

    weights = "occlusion-lite-onnx"
    template = "tight"

    def hidden(self, crop: UInt8[np.ndarray, "t t 3"]) -> Float32[np.ndarray, "t t"]:
        """See ``CropOcclusion.hidden``."""
        pixels = np.ascontiguousarray(crop.transpose(2, 0, 1)[None]).astype(np.float32) / np.float32(255)
        (logits,) = self.session.run(None, {"faces": pixels})
        probability = 1 / (1 + np.exp(-np.asarray(logits, np.float32)[0, 0]))
        low, high = _RANGE
        return np.clip((probability - low) / (high - low), 0, 1)
