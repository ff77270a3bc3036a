"""What finds the things in front of a face, so that the swapped face is masked around them: one record each."""

from collections.abc import Mapping
from dataclasses import dataclass

from swapper.registry.lookup import look_up


@dataclass(frozen=True)
class MaskInfo:
    """A way to find what is in front of a face, or not face at all.

    Attributes:
        cls: its class, called as ``cls(device, threads)``.
        weights: name in the manifest of its file.
        sentence: what it takes away, for ``--help``.
    """

    cls: str
    weights: str
    sentence: str


MASKS: Mapping[str, MaskInfo] = {
    "own": MaskInfo(
        "swapper.faces.occlusion.network:OcclusionDetector",
        "occlusion-lite-onnx",
        "the shipped network: glasses, hands, hair and the like stay",
    ),
    "xseg": MaskInfo(
        "swapper.faces.occlusion.published:XSegOccluder", "xseg_1", "DeepFaceLab's XSeg: whatever hides a face stays"
    ),
    "region": MaskInfo(
        "swapper.faces.occlusion.published:FaceRegions",
        "bisenet_resnet_34",
        "BiSeNet: all but skin, brows, eyes, nose and mouth stays",
    ),
}
"""By the name that ``--mask`` takes, the usual one first."""


def find_mask(name: str) -> MaskInfo:
    """A way to find what is in front of a face.

    Args:
        name: key of ``MASKS``.

    Raises:
        UserError: there is no such one.
    """
    return look_up(MASKS, name, "mask")
