"""Derive the mean frontal face and its triangles: ``python -m trainers.data.canonical_face DATA OUT.json``.

The result ships as ``swapper/faces/canonical_face.json``; only means over thousands of faces are kept.
"""

import argparse
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int64
from scipy.spatial import Delaunay

from swapper.faces import mesh
from trainers.data.alignment import mirror_index

FRONTAL = 0.06  # largest difference in depth between the left and right side, share of the crop


def mean_face(landmarks: Float[np.ndarray, "n 478 3"], rounds: int = 4) -> Float[np.ndarray, "478 3"]:
    """Median of similarity-aligned faces, made symmetric, in the frame of ``mesh.canonical_face``.

    Args:
        landmarks: near-frontal faces, any unit.
        rounds: of aligning to the current mean (generalised Procrustes analysis).
    """
    mean = landmarks.mean(0)
    for _ in range(rounds):
        mean = _aligned(np.median([_aligned(face, mean) for face in landmarks], axis=0), mean)
    mirrored = mirror_index(torch.from_numpy(mean).float()).numpy()
    mean = (mean + _aligned(mean[mirrored] * [-1, 1, 1], mean)) / 2
    across = mean[454] - mean[234]
    across /= np.linalg.norm(across)
    down = np.array([0, 1, 0]) - across[1] * across
    down /= np.linalg.norm(down)
    mean = mean @ np.stack([across, down, np.cross(across, down)], axis=1)
    mean = mean - mean[[234, 454]].mean(0)
    mean = (mean + mean[mirrored] * [-1, 1, 1]) / 2  # what rounding left
    eyes = [mean[list(corners)].mean(0) for corners in (mesh.LEFT_EYE_CORNERS, mesh.RIGHT_EYE_CORNERS)]
    return (mean - np.mean(eyes, axis=0)) / np.linalg.norm(eyes[1] - eyes[0])


def _aligned(face: Float[np.ndarray, "n 3"], goal: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """The face moved, turned and scaled onto another."""
    a, b = face - face.mean(0), goal - goal.mean(0)
    u, s, v = np.linalg.svd(a.T @ b)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ v))])
    return (s * signs).sum() / (a**2).sum() * a @ (u * signs) @ v + goal.mean(0)


def triangulate(face: Float[np.ndarray, "478 3"]) -> Int64[np.ndarray, "m 3"]:
    """Delaunay triangles of the face unrolled from a cylinder; strips between the rings of the lips.

    The lips are left to strips because in a closed mouth upper and lower lip touch, and Delaunay would sew them.

    Raises:
        ValueError: an outline of the face, eyes, brows or lips is not made of triangle edges.
    """
    points = face[: mesh.MESH_POINTS]
    axis = points[[234, 454], 2].mean() + 0.3  # of the cylinder, a little behind the ears, in eye distances
    plane = np.stack([np.arctan2(points[:, 0], axis - points[:, 2]), points[:, 1]], axis=1)
    lips = {index for ring in (*mesh.LIPS_RINGS, mesh.LIPS_INNER) for index in ring}
    kept = np.array([index for index in range(len(points)) if index not in lips])
    found = kept[Delaunay(plane[kept]).simplices]
    found = found[~np.isin(found, mesh.LIPS_OUTER).all(1)]  # spans the mouth
    corner = plane[found]
    (ax, ay), (bx, by) = (corner[:, 1] - corner[:, 0]).T, (corner[:, 2] - corner[:, 0]).T
    turned = ax * by - ay * bx < 0
    found[turned] = found[turned][:, ::-1]
    found = np.concatenate([found, _lip_strips()]).astype(np.int64)
    _check_outlines(found)
    return found


def _lip_strips() -> list[tuple[int, int, int]]:
    """Triangles between neighbouring rings from the outer to the inner outline, and over the mouth's opening."""
    strips = []
    rings = (mesh.LIPS_OUTER, *mesh.LIPS_RINGS, mesh.LIPS_INNER)
    for outer, inner in pairwise(rings):
        for k in range(len(outer)):
            after = (k + 1) % len(outer)
            strips += [(outer[k], outer[after], inner[k]), (outer[after], inner[after], inner[k])]
    upper, lower = mesh.LIPS_INNER[:11], (mesh.LIPS_INNER[0], *mesh.LIPS_INNER[:9:-1])
    for k in range(10):
        strips += [(upper[k], upper[k + 1], lower[k]), (upper[k + 1], lower[k + 1], lower[k])]
    return [t for t in strips if len(set(t)) == 3]


def _check_outlines(found: Int64[np.ndarray, "m 3"]) -> None:
    edges = {frozenset((int(t[k]), int(t[k - 1]))) for t in found for k in range(3)}
    closed = ("FACE_OVAL", "LIPS_OUTER", "LIPS_INNER", "LEFT_EYE", "RIGHT_EYE", "LEFT_BROW", "RIGHT_BROW")
    for name in closed:
        loop = getattr(mesh, name)
        missing = [pair for pair in zip(loop, (*loop[1:], loop[0]), strict=True) if frozenset(pair) not in edges]
        if missing:
            raise ValueError(f"{name} is crossed by triangles at {missing}")


def main() -> None:
    """Read the landmarks of a data folder and write the file."""
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("data", type=Path, help="folder with geometry-train.npz")
    p.add_argument("out", type=Path)
    args = p.parse_args()
    landmarks = np.load(args.data / "geometry-train.npz")["landmarks"].astype(np.float64)
    face = mean_face(landmarks[np.abs(landmarks[:, 234, 2] - landmarks[:, 454, 2]) < FRONTAL])
    content = {"points": face.round(4).tolist(), "triangles": triangulate(face.round(4)).tolist()}
    args.out.write_text(json.dumps(content, separators=(",", ":")).replace("]],", "]],\n") + "\n")


if __name__ == "__main__":
    main()
