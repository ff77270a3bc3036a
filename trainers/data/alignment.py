"""Points of the mesh that faces are aligned and mirrored by."""

import torch
from jaxtyping import Float, Int64
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from swapper.faces.landmarks import FIVE_POINTS

ARCFACE_SIZE = 112  # px, side of the ArcFace crop
_MIDLINE = [10, 168, 6, 1, 2, 0, 17, 152]  # forehead to chin


def mesh_five_points(landmarks: Float[Tensor, "b 478 d"]) -> Float[Tensor, "b 5 2"]:
    """The five alignment points from the mesh (batched ``swapper.faces.landmarks.five_points``)."""
    rows = [torch.stack([weight * landmarks[:, index, :2] for index, weight in p]).sum(0) for p in FIVE_POINTS]
    return torch.stack(rows, 1)


def mirror_index(mean: Float[Tensor, "478 3"]) -> Int64[Tensor, "478"]:
    """For every point the one that takes its place in a mirrored picture; irises swap 468+i and 473+i.

    Raises:
        ValueError: the mean face is too lopsided to pair its points.
    """
    mesh = mean[:468].clone()
    mesh[:, 0] -= mesh[_MIDLINE, 0].mean()
    flipped = mesh * torch.tensor([-1.0, 1.0, 1.0])
    pairs = _nearest_pairs(flipped, mesh)
    for _ in range(5):  # the mean face is a little turned: fit the flipped face rigidly, pair again
        centred, goal = flipped - flipped.mean(0), mesh[pairs] - mesh[pairs].mean(0)
        u, _, v = torch.linalg.svd(centred.T @ goal)
        pairs = _nearest_pairs(centred @ (u @ v) + mesh[pairs].mean(0), mesh)
    if not torch.equal(pairs[pairs], torch.arange(468)):
        raise ValueError("the mean face is not symmetric enough to pair its points")
    return torch.cat([pairs, torch.arange(473, 478), torch.arange(468, 473)])


def _nearest_pairs(points: Tensor, others: Tensor) -> Tensor:
    """One-to-one partners with the smallest total distance."""
    return torch.as_tensor(linear_sum_assignment(torch.cdist(points, others).numpy())[1])
