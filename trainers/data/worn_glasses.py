"""Sources with glasses: who wears some, and drawn ones for those who wear none."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from swapper.faces import mesh
from swapper.faces.occlusion.network import OcclusionDetector
from swapper.runtime.whole_file import whole_file
from trainers.data import augment
from trainers.data.alignment import mesh_five_points
from trainers.data.augment import Plan
from trainers.data.drawing import SIDE, FaceToOcclude
from trainers.data.faces import Faces, made_once
from trainers.data.glasses import glasses
from trainers.data.pairs import template_map

_WORN = 0.02  # share of the ground around the eyes that something hides, from which on it counts as glasses
_AROUND = 0.35  # eye distances: how far that ground reaches beyond the eyes
_PART = 64  # photos cut at a time


def wear_glasses(faces: Faces, cache: Path) -> Bool[Tensor, "n"]:
    """Whose eyes are behind something: glasses as a rule, hair now and then. Found once and kept.

    Args:
        faces: the split.
        cache: folder of the file.
    """
    digest = hashlib.sha256(f"{len(faces)} {faces.size} {_WORN} {_AROUND}".encode())
    digest.update(faces.landmarks.numpy().tobytes())
    path = cache / f"glasses-{digest.hexdigest()[:10]}.npy"
    with made_once(path) as missing:
        if missing:
            detector = OcclusionDetector(torch.device("cpu"), threads=1)
            parts = torch.arange(len(faces)).split(_PART)
            found = np.concatenate([_hidden_eyes(faces, part, detector) for part in parts])
            with whole_file(path) as fresh, fresh.open("wb") as file:
                np.save(file, found)
    return torch.from_numpy(np.load(path) > _WORN)


def _hidden_eyes(faces: Faces, rows: Tensor, detector: OcclusionDetector) -> Float[np.ndarray, "b"]:
    """Share of the ground around the eyes that is hidden."""
    side = detector.size
    maps = template_map("ffhq", detector.template, torch.device("cpu")).expand(len(rows), 2, 3)
    crops = augment.warp_images(faces.pixels(rows, torch.device("cpu")), maps, side).mul(255).round().byte()
    points = augment.transform_landmarks(faces.landmarks[rows], maps).numpy() * side
    shares = []
    for crop, face in zip(crops.permute(0, 2, 3, 1).numpy(), points, strict=True):
        ground, thick = np.zeros((side, side), np.uint8), round(2 * _AROUND * mesh.eye_distance(face))
        for eye in (mesh.LEFT_EYE, mesh.RIGHT_EYE):
            cv2.polylines(ground, [np.round(face[list(eye), :2]).astype(np.int32)], True, 255, thick)
        shares.append(float(detector.hidden(np.ascontiguousarray(crop))[ground > 0].mean()))
    return np.array(shares, np.float32)


def put_on_glasses(faces: Faces, plan: Plan, crops: Float[Tensor, "b 3 112 112"]) -> Float[Tensor, "b 3 112 112"]:
    """Draw glasses of any kind over some of the sources.

    Args:
        faces: the split.
        plan: of the pairs; ``glasses`` (b) says which, and where it is 0 a source stays bare.
        crops: the sources of the plan, see ``Pairs.source_crops``.
    """
    rows = torch.nonzero(plan["glasses"]).squeeze(1)
    landmarks = faces.landmarks[plan["source"][rows]]
    points = augment.transform_landmarks(landmarks, augment.alignment_maps(mesh_five_points(landmarks), "arcface"))
    worn = crops.clone()
    for row, face in zip(rows.tolist(), points.numpy(), strict=True):
        mirrored = bool(plan["source_mirror"][row])
        crop = crops[row].flip(-1) if mirrored else crops[row]
        drawn = _with_glasses(crop.permute(1, 2, 0).cpu().numpy(), face, int(plan["glasses"][row]))
        placed = torch.from_numpy(drawn).permute(2, 0, 1).to(crops)
        worn[row] = placed.flip(-1) if mirrored else placed
    return worn


def _with_glasses(
    crop: Float[np.ndarray, "s s 3"], points: Float[np.ndarray, "478 3"], seed: int
) -> Float[np.ndarray, "s s 3"]:
    face = np.round(crop * 255).astype(np.uint8)
    shown = cv2.resize(face, (SIDE, SIDE))
    scene = FaceToOcclude(np.random.default_rng(seed), points.astype(np.float32) * SIDE, face, lambda: shown)
    color, alpha, _ = glasses(scene).resized(len(crop))
    return crop + alpha[..., None] * (color / 255 - crop)
