"""How real results look: distances of feature distributions, sharpness, and jitter over time.

The features are our own (see ``RealismFeatures``): the distances rank methods on the same photos and cannot be
compared with published FID or KID, which use Inception.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32, Float64, UInt8
from torch import Tensor

from swapper.faces import mesh
from swapper.faces.embed import arcface_crop
from swapper.faces.regions import region_mask
from swapper.models.arcface import MobileFaceNet
from swapper.types import Crop

BATCH = 32  # crops the network sees at a time
_LEVELS = 4  # of the Laplacian pyramid: 1 px detail to 8 px
_CHANNELS = cv2.COLOR_RGB2YCrCb

Matrix = Float64[np.ndarray, "d d"]
Vector = Float64[np.ndarray, "d"]


class RealismFeatures:
    """Describes how a face crop looks: early and middle layers of the identity network, and detail by scale.

    Of the stem and the first stage the spatial mean and deviation, of the second the mean (strokes, textures and
    parts, but hardly who it is); of the whole crop each colour channel's mean, deviation and logarithmic energy in
    four octaves of detail.
    """

    def __init__(self, network: MobileFaceNet, device: torch.device | None = None):
        """Use an identity network as it is.

        Args:
            network: trained; not changed.
            device: where it runs; the CPU when None.
        """
        self.device = device or torch.device("cpu")
        self.network = network.to(self.device).eval()

    def measure(self, crops: Sequence[Crop]) -> Float64[np.ndarray, "n d"]:
        """One row of features per crop.

        Args:
            crops: in the ``ffhq`` template, all of one size.
        """
        rows = []
        for start in range(0, len(crops), BATCH):
            part = crops[start : start + BATCH]
            faces = np.stack([arcface_crop(crop) for crop in part])
            pixels = torch.from_numpy(faces).to(self.device).permute(0, 3, 1, 2).float() / 255
            with torch.inference_mode():
                deep = self._layers(pixels).double().cpu().numpy()
            rows.append(np.concatenate([deep, np.stack([_statistics(crop.image) for crop in part])], axis=1))
        return np.concatenate(rows)

    def _layers(self, faces: Float[Tensor, "b 3 112 112"]) -> Float[Tensor, "b d"]:
        stem, stage1, stage2 = self.network.early(faces)
        rows = [x.mean((2, 3)) for x in (stem, stage1, stage2)] + [x.std((2, 3)) for x in (stem, stage1)]
        return torch.cat(rows, dim=1)


def _statistics(image: UInt8[np.ndarray, "s s 3"]) -> Vector:
    """Mean, deviation and energy by scale of every colour channel."""
    level = cv2.cvtColor(image, _CHANNELS).astype(np.float32) / 255
    found = [level.mean((0, 1)), level.std((0, 1))]
    for _ in range(_LEVELS):
        smaller = cv2.pyrDown(level)
        detail = level - cv2.pyrUp(smaller, dstsize=level.shape[1::-1])
        found.append(np.log((detail**2).mean((0, 1)) + 1e-7))
        level = smaller
    return np.concatenate(found).astype(np.float64)


def gaussian_of(features: Float64[np.ndarray, "n d"]) -> tuple[Vector, Matrix]:
    """Mean and covariance of a sample; the covariance is shrunk to its mean variance where the sample is small.

    Args:
        features: two rows or more.

    Source: Ledoit and Wolf, "A well-conditioned estimator for large-dimensional covariance matrices", 2004, lemma 3.3.
    """
    from sklearn.covariance import ledoit_wolf  # takes a second to load, and the app starts without it

    return features.mean(0), ledoit_wolf(features)[0]


def frechet_distance(first: tuple[Vector, Matrix], second: tuple[Vector, Matrix]) -> float:
    """Squared Fréchet distance of two Gaussians, 0 and up: |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)).

    Args:
        first: mean and covariance.
        second: mean and covariance.

    Source: Heusel et al., "GANs trained by a two time-scale update rule", 2017, eq. 6.
    """
    (mean1, cov1), (mean2, cov2) = first, second
    values, vectors = np.linalg.eigh(cov1)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ cov2 @ root).clip(0)).sum()
    distance = ((mean1 - mean2) ** 2).sum() + np.trace(cov1) + np.trace(cov2) - 2 * cross
    return max(float(distance), 0.0)


def feature_distance(results: Float64[np.ndarray, "n d"], reals: Float64[np.ndarray, "m d"]) -> float:
    """FID-like distance: ``frechet_distance`` of both samples, every feature in units of its deviation in the reals.

    0 and up, per feature (divided by their number). Small samples add to it, so compare results of equal number
    against the same reals, and read it beside the distance of re-encoded targets (noise floor: 0.006 for 30 of them).

    Args:
        results: from ``RealismFeatures.measure``.
        reals: of untouched photographs.
    """
    results, reals = _standardised(results, reals)
    return frechet_distance(gaussian_of(results), gaussian_of(reals)) / reals.shape[1]


def kernel_distance(results: Float64[np.ndarray, "n d"], reals: Float64[np.ndarray, "m d"]) -> float:
    """KID-like distance: unbiased squared maximum mean discrepancy with a cubic kernel; does not grow in small samples.

    0 for equal distributions, slightly negative by chance; more so where the results were made from the very reals
    (noise floor: -0.38 for 30 re-encoded photographs against themselves).

    Args:
        results: from ``RealismFeatures.measure``, two rows or more.
        reals: of untouched photographs, two rows or more.

    Source: Bińkowski et al., "Demystifying MMD GANs", 2018, section 4, on our features.
    """
    x, y = _standardised(results, reals)
    n, m, width = len(x), len(y), x.shape[1]
    xx, yy, xy = ((a @ b.T / width + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
    within = (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1))
    return float(within - 2 * xy.mean())


def _standardised(
    results: Float64[np.ndarray, "n d"], reals: Float64[np.ndarray, "m d"]
) -> tuple[Float64[np.ndarray, "n d"], Float64[np.ndarray, "m d"]]:
    mean, deviation = reals.mean(0), reals.std(0) + 1e-6
    return (results - mean) / deviation, (reals - mean) / deviation


def sharpness_ratio(
    result: UInt8[np.ndarray, "s s 3"], target: UInt8[np.ndarray, "s s 3"], landmarks: Float32[np.ndarray, "478 d"]
) -> float:
    """Energy of fine detail inside the face, result over target: 1 as sharp, less is softer, more is noisier.

    Fine means finer than 2 % of the eye distance, so that it does not depend on the crop's size. Noise floor: 0.72 for
    a re-encoded target, which was shrunk and is softer.

    Args:
        result: RGB crop.
        target: RGB crop of the same size.
        landmarks: mesh points of the target in crop pixels.
    """
    weight = region_mask(landmarks, "face", len(target)).astype(np.float64)
    radius = max(0.02 * mesh.eye_distance(landmarks), 0.6)
    energy = [float((_detail(image, radius) ** 2 * weight).sum()) for image in (result, target)]
    return energy[0] / max(energy[1], 1e-9)


def _detail(image: UInt8[np.ndarray, "s s 3"], radius: float) -> Float32[np.ndarray, "s s"]:
    light = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return light - cv2.GaussianBlur(light, (0, 0), radius)


def temporal_jitter(landmarks: Float32[np.ndarray, "t 478 3"]) -> float:
    """How much a face trembles: mean length of the mesh points' second difference over time.

    A share of the eye distance per frame squared, 0 and up; still faces and steady motion give 0. Noise floor 0.003:
    one photograph, re-encoded differently for every frame.

    Args:
        landmarks: mesh points of one face in consecutive frames, three or more, frame pixels.

    Raises:
        ValueError: fewer than three frames.
    """
    if len(landmarks) < 3:
        raise ValueError(f"jitter needs three frames or more, not {len(landmarks)}")
    points = landmarks[:, :, :2].astype(np.float64)
    second = np.linalg.norm(points[2:] - 2 * points[1:-1] + points[:-2], axis=2).mean()
    return float(second / np.mean([mesh.eye_distance(face[:, :2]) for face in landmarks]))


def added_jitter(result: Float32[np.ndarray, "t 478 3"], target: Float32[np.ndarray, "t 478 3"]) -> float:
    """Jitter of a swapped clip minus that of the clip it was made from; 0 where the swap adds none.

    Args:
        result: mesh points of the swapped face in consecutive frames.
        target: mesh points of the target's face in the same frames.
    """
    return temporal_jitter(result) - temporal_jitter(target)
