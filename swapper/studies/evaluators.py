"""The networks that evaluate results, loaded once for both kinds of study."""

from dataclasses import dataclass

import torch

from swapper.faces.embed import FaceEmbedder, IdentityEmbedder, local_embedders
from swapper.faces.landmarks import LandmarkDetector
from swapper.metrics.measure import FaceMeasurer
from swapper.metrics.perceptual import PerceptualDistance
from swapper.metrics.realism import RealismFeatures


@dataclass(frozen=True)
class Evaluators:
    """The networks that measure pictures; stateless, so sessions can share them.

    Attributes:
        embedders: identity networks by name, the shipped ArcFace network first.
        measurer: finds landmarks and, with the first two networks, identity.
        perceptual: how different pictures look.
        realism: how real they look.
    """

    embedders: dict[str, IdentityEmbedder]
    measurer: FaceMeasurer
    perceptual: PerceptualDistance
    realism: RealismFeatures


def load_evaluators(device: torch.device | None = None) -> Evaluators:
    """All evaluators whose weights are on this machine.

    Args:
        device: where they run; the CPU when None.

    Raises:
        UserError: the shipped weights are missing.
    """
    device = device or torch.device("cpu")
    embedders = local_embedders(device)
    arcface = embedders["arcface"]
    assert isinstance(arcface, FaceEmbedder), "local_embedders says so"
    return Evaluators(
        embedders,
        FaceMeasurer(LandmarkDetector(device), arcface, smooth=embedders.get("smooth")),
        PerceptualDistance(arcface.network, device),
        RealismFeatures(arcface.network, device),
    )
