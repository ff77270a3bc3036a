"""Each system's published pipeline written down plainly, and small official checkpoints to run it with."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from official_keys import narrowed, official_shapes, random_arrays, write_checkpoint
from torch import Tensor, nn

from swapper import hub
from swapper.compose.mask import adaptive_face_mask, mask_shape
from swapper.compose.settings import BlendSettings
from swapper.convert import convert
from swapper.faces.regions import region_masks
from swapper.models.arcface import IRSE
from swapper.models.mobilefaceswap import MobileFaceSwap
from swapper.models.rafswap import RAFSwap
from swapper.models.smoothswap import SmoothIdentityEmbedder
from swapper.types import Face

PLAIN = BlendSettings(expression=0, color=0, light=0, detail=0, adapt=False, occluders=False)
ARCFACE = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])
FFHQ = np.array(
    [
        [192.98138, 239.94708],
        [318.90277, 240.1936],
        [256.63416, 314.01935],
        [201.26117, 371.41043],
        [313.08905, 371.15118],
    ]
)
POSES = np.array(
    [
        [[51.642, 50.115], [57.617, 49.990], [35.740, 69.007], [51.157, 89.050], [57.025, 89.702]],
        [[45.031, 50.118], [65.568, 50.872], [39.677, 68.111], [45.177, 86.190], [64.246, 86.758]],
        [[39.730, 51.138], [72.270, 51.138], [56.000, 68.493], [42.463, 87.010], [69.537, 87.010]],
        [[46.845, 50.872], [67.382, 50.118], [72.737, 68.111], [48.167, 86.758], [67.236, 86.190]],
        [[54.796, 49.990], [60.771, 50.115], [76.673, 69.007], [55.388, 89.702], [61.257, 89.050]],
    ]
)


def similarity(points: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """Scale, turn and shift by least squares: x' = ax - by + c, y' = bx + ay + d."""
    rows, wanted = [], []
    for (x, y), (u, v) in zip(points.astype(float), goal, strict=True):
        rows += [[x, -y, 1, 0], [y, x, 0, 1]]
        wanted += [u, v]
    a, b, c, d = np.linalg.lstsq(np.array(rows), np.array(wanted), rcond=None)[0]
    return np.array([[a, -b, c], [b, a, d]])


def affine(points: np.ndarray, goal: np.ndarray) -> np.ndarray:
    return np.linalg.lstsq(np.column_stack([points.astype(float), np.ones(5)]), goal, rcond=None)[0].T


def nearest_pose(points: np.ndarray, goals: np.ndarray) -> np.ndarray:
    found = [similarity(points, goal) for goal in goals]
    errors = [
        np.linalg.norm(points @ m[:, :2].T + m[:, 2] - goal, axis=1).sum() for m, goal in zip(found, goals, strict=True)
    ]
    return found[int(np.argmin(errors))]


def cut(photo: np.ndarray, matrix: np.ndarray, size: int) -> Tensor:
    """A crop, RGB in [0, 1]."""
    image = cv2.warpAffine(photo, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255


Drawn = tuple[np.ndarray, int, Tensor, Tensor | None]  # matrix, side, face, its own mask


@dataclass
class Scene:
    """One photo each of source and target, what was found in them, and where the weights are."""

    folder: Path
    source: np.ndarray
    target: np.ndarray
    who: Face
    face: Face

    def load(self, name: str, kind: str) -> Any:
        return hub.load_path(getattr(hub, kind), self.folder / f"{name}.safetensors")


def ghost(scene: Scene) -> Drawn:
    """Nearest of five poses at 224; halved for iresnet100, whose vector stays as long as it is; AEI-Net at 256."""
    whole = cut(scene.source, nearest_pose(scene.who.points, POSES * 2), 224)
    identity = scene.load("arcface-iresnet100", "IResNet")(
        F.interpolate(whole, scale_factor=0.5, mode="bilinear", align_corners=True)
    ).embedding
    matrix = nearest_pose(scene.face.points, POSES * 256 / 112)
    return matrix, 256, scene.load("official", "AEINet")(cut(scene.target, matrix, 256), identity).face, None


def simswap(scene: Scene) -> Drawn:
    """Nearest of five poses at 224; every second pixel for SE-ArcFace, whose vector is brought to unit length."""
    whole = cut(scene.source, nearest_pose(scene.who.points, POSES * 2), 224)
    identity = scene.load("arcface-se", "IRSE")(F.interpolate(whole, scale_factor=0.5)).embedding
    matrix = nearest_pose(scene.face.points, POSES * 2)
    face = scene.load("official", "SimSwapGenerator")(cut(scene.target, matrix, 224), F.normalize(identity))
    return matrix, 224, face, None


def mobilefaceswap(scene: Scene) -> Drawn:
    """Affine fit of the ArcFace template at 224 for both; the source halved for SE-ArcFace.

    The official code mixes the drawing into the crop by its mask, and then pastes all that the mask touches: the mask
    counts once.
    """
    whole = cut(scene.source, affine(scene.who.points, ARCFACE * 2), 224)
    image = np.rint(whole[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    halved = torch.from_numpy(cv2.resize(image, (112, 112))).permute(2, 0, 1)[None].float() / 255
    seen = scene.load("arcface-se", "IRSE")(halved)
    matrix = affine(scene.face.points, ARCFACE * 2)
    unit = seen._replace(embedding=F.normalize(seen.embedding))
    drawn = scene.load("official", "MobileFaceSwap")(unit, cut(scene.target, matrix, 224))
    return matrix, 224, drawn.drawn, drawn.mask


def smoothswap(scene: Scene) -> Drawn:
    """FFHQ crops of 256 for the embedder and for the generator."""
    whole = cut(scene.source, similarity(scene.who.points, FFHQ / 2), 256)
    identity = scene.load("smooth-embedder", "SmoothIdentityEmbedder")(whole)
    matrix = similarity(scene.face.points, FFHQ / 2)
    return matrix, 256, scene.load("official", "NCSNppGenerator")(cut(scene.target, matrix, 256), identity), None


def rafswap(scene: Scene) -> Drawn:
    """FFHQ crops, 256 in and 1024 out; the mask is dilated by one pixel at 256."""
    network: RAFSwap = scene.load("official", "RAFSwap")
    small = similarity(scene.who.points, FFHQ / 2)
    whole = cut(scene.source, small, 256)
    matrix = similarity(scene.face.points, FFHQ * 2)
    large = cut(scene.target, matrix, 1024)
    code = network.encode_sources(whole, regions(scene.who, small, 256), None)
    target = F.interpolate(large, size=(256, 256), mode="bilinear", antialias=True)
    drawn = network.swap(target, regions(scene.face, matrix, 1024), code)
    mask = F.interpolate(F.max_pool2d(drawn.mask, 3, 1, 1), size=(1024, 1024), mode="bilinear", antialias=True)
    return matrix, 1024, drawn.full, mask


def regions(face: Face, matrix: np.ndarray, size: int) -> Tensor:
    points = face.mesh[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    shares = torch.from_numpy(np.column_stack([points, face.mesh[:, 2]]) / size).float()[None]
    return (region_masks(shares, 64, ("lips", "nose", "brows", "eyes")) > 0.5).float()


def pasted(scene: Scene, drawn: Drawn) -> np.ndarray:
    """Face and mask warped back and mixed into the frame."""
    matrix, size, face, own = drawn
    image = np.rint(face[0].clamp(0, 1).permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    points = np.column_stack([scene.face.mesh[:, :2] @ matrix[:, :2].T + matrix[:, 2], scene.face.mesh[:, 2]])
    mask = adaptive_face_mask(points.astype(np.float32), mask_shape(0.0), size, PLAIN)
    if own is not None:
        mask = mask * own[0, 0].clamp(0, 1).numpy()
    back, shape = cv2.invertAffineTransform(matrix), scene.target.shape[1::-1]
    patch = cv2.warpAffine(image, back, shape, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    share = cv2.warpAffine(mask, back, shape, flags=cv2.INTER_LINEAR)[..., None]
    return share * patch + (1 - share) * scene.target


@dataclass(frozen=True)
class Official:
    reference: Callable[[Scene], Drawn]
    factor: int  # the networks are narrower by
    identity: tuple[str, str] | None  # kind of official checkpoint, and the name of its weights
    side: int  # of the photos, px, so that crops are neither shrunk nor grown much


SYSTEMS = {
    "ghost": Official(ghost, 16, ("arcface", "arcface-iresnet100"), 288),
    "mobilefaceswap": Official(mobilefaceswap, 4, ("arcface-se", "arcface-se"), 272),
    "simswap": Official(simswap, 4, ("arcface-se", "arcface-se"), 256),
    "smoothswap": Official(smoothswap, 8, None, 256),
    "rafswap": Official(rafswap, 4, None, 768),
}


def official_file(kind: str, factor: int, name: str, folder: Path, seed: int) -> Path:
    """A checkpoint of the official layout, narrow and random, and converted."""
    arrays = random_arrays(narrowed(official_shapes(kind), factor), seed)
    for key, value in arrays.items() if kind == "smoothswap" else []:
        if value.ndim == 4 and len(value) == 3:
            arrays[key] *= 0.1  # what is added to the picture would leave nothing of it
        if key.endswith("Dense_0.weight"):
            arrays[key] *= 30  # random networks hardly listen to the identity
    path = write_checkpoint(kind, arrays, folder)
    converted = folder / f"{name}.safetensors"
    convert(kind, path, converted)
    if kind in ("arcface-se", "mobilefaceswap"):
        calm(converted, converted if kind == "arcface-se" else folder / "arcface-se.safetensors")
    return converted


def calm(weights: Path, identity: Path) -> None:
    """Give a random network the normalisation statistics of a face.

    Without them what it says grows from layer to layer, until a grey level in its crop decides on black or white.

    Args:
        weights: of the identity network, or of a student that listens to it.
        identity: file of the identity network.
    """
    smooth = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    faces = F.interpolate(smooth, 224, mode="bicubic").clamp(0, 1)
    small, network = F.interpolate(faces, 112), hub.load_path(IRSE, identity)
    if weights == identity:
        with_statistics(network)(small)
    else:
        seen, network = network(small), hub.load_path(MobileFaceSwap, weights)
        with_statistics(network)(seen._replace(embedding=F.normalize(seen.embedding)), faces)
    hub.save(network, weights, hub.read_metadata(weights), torch.float32)


def with_statistics(network: nn.Module) -> nn.Module:
    """The network, whose normalisations keep the statistics of what they are given next."""
    for norm in network.modules():
        if isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d):
            norm.momentum = 1.0
            norm.train()
    return network


def official_files(system: str, folder: Path) -> Path:
    """A system's checkpoints, converted; the swapping network's file is returned."""
    official = SYSTEMS[system]
    if official.identity:
        official_file(official.identity[0], official.factor, official.identity[1], folder, 1)
    if system == "smoothswap":
        shipped = hub.load(SmoothIdentityEmbedder, "smooth-embedder-lite")
        short = SmoothIdentityEmbedder(replace(shipped.config, embedding=64))
        length = {name: value.shape for name, value in short.state_dict().items()}
        state = {name: v[:64] if v.shape != length[name] else v for name, v in shipped.state_dict().items()}
        short.load_state_dict(state)
        hub.save(short, folder / "smooth-embedder.safetensors", dtype=torch.float32)
    return official_file(system, official.factor, "official", folder, 0)
