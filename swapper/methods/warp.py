"""The baseline without learning: the source's texture stretched over the target's landmarks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor

from swapper.compose.color import add_detail, statistics_transfer, to_rgb
from swapper.compose.light import RADIUS, SIDE, light_difference, shared_skin
from swapper.faces import mesh
from swapper.faces.align import TEMPLATES
from swapper.faces.landmarks import LandmarkDetector
from swapper.faces.occlusion.glasses import glasses_in, occluded_area
from swapper.faces.raster import interpolate_over_mesh
from swapper.faces.regions import disc, draw_polygons, face_outline, hull_mask, region_mask
from swapper.faces.skin import Statistics, to_lab
from swapper.methods.base import check_identity
from swapper.types import Crop, Identity, Swapped

_MAP_SIDE = 256  # the coordinate map is drawn at this side at most and enlarged: it is smooth

# Lengths as shares of the eye distance.
_FEATHER = 0.07  # of the outer edge
_INSET = 0.08  # of the outer edge, so that the feathering ends inside the face
_LID_FEATHER = 0.02  # around the target's eyeballs and mouth opening
_CONTRAST = (0.75, 1.15)  # limits of the stretch of lightness
_SHINE = 8.0  # L* by which skin may be brighter than what lies around it

_BROW_MARGIN = 0.07  # brows are thicker than their outline
_HAIR_MARGIN = 0.05  # around hair over the face

# Hulls of the areas where what is not skin (brows, lids, beard, lips) belongs to the face; around them, it is hair.
_INNER_FACE = (
    (*mesh.LEFT_BROW, *mesh.LEFT_EYE),
    (*mesh.RIGHT_BROW, *mesh.RIGHT_EYE),
    (*mesh.LEFT_EYE, *mesh.RIGHT_EYE, 31, 261, 118, 347, 50, 280, 187, 411, *mesh.JAW[6:-6]),
)

Points = Float32[np.ndarray, "478 3"]


@dataclass(frozen=True)
class Texture:
    """One photo of the source person.

    Attributes:
        image: RGB crop.
        places: per mesh point: x, y in the crop; x, y of the point's mirror image; share of the mirrored side.
        facing: per mesh point, 1 straight at the camera, 0 edge-on.
        hidden: what lies over the face, a smaller soft mask of the crop; None where nothing does.
    """

    image: UInt8[np.ndarray, "s s 3"]
    places: Float32[np.ndarray, "468 5"]
    facing: Float32[np.ndarray, "468"]
    hidden: Float32[np.ndarray, "t t"] | None = None


class WarpMethod:
    """Piecewise affine warp with the target's eyeballs, mouth interior and light kept."""

    name = "warp"
    template = "ffhq"

    def __init__(self, device: torch.device, size: int = 512, landmarks: LandmarkDetector | None = None):
        """Nothing is loaded until landmarks have to be measured.

        Args:
            device: where the landmark network runs; the warp itself runs on the CPU.
            size: side of the target crops, px.
            landmarks: measures faces that come without landmarks; the shipped network when None.
        """
        self.device = device
        self.size = size
        self._landmarks = landmarks

    def identify(self, crops: Sequence[Crop]) -> Identity:
        """Keep the photos as textures; ``swap`` takes the one whose pose is nearest to the target's.

        Args:
            crops: crops in the ``ffhq`` template, all of the same person.
        """
        measured = [crop if crop.landmarks is not None else self._measured(crop) for crop in crops]
        shapes = [_shape(crop.landmarks) for crop in measured if crop.landmarks is not None]
        shape = np.stack(shapes).mean(0)
        embedding = np.asarray(shape / np.linalg.norm(shape), dtype=np.float32)
        textures = tuple(make_texture(c.image, c.landmarks) for c in measured if c.landmarks is not None)
        return Identity(self.name, embedding, textures)

    def swap(
        self,
        identity: Identity,
        faces: Float[Tensor, "b 3 s s"],
        landmarks: Float[Tensor, "b 478 3"] | None = None,
    ) -> Swapped:
        """Swap as ``Method.swap`` says: warp the source's photo onto each target."""
        check_identity(self, identity)
        targets = (faces.permute(0, 2, 3, 1).clamp(0, 1) * 255).round().byte().cpu().numpy()
        size = targets.shape[1]
        if landmarks is None:
            points = np.stack([self._measure(target) for target in targets])
        else:
            points = landmarks.float().cpu().numpy() * size
        swapped = [
            warp_face(best_texture(identity.state, found), target, found)
            for target, found in zip(targets, points, strict=True)
        ]
        pixels = torch.from_numpy(np.stack([face for face, _ in swapped])).to(faces.device)
        masks = torch.from_numpy(np.stack([mask for _, mask in swapped])).to(faces)
        return Swapped(face=pixels.permute(0, 3, 1, 2).to(faces.dtype) / 255, mask=masks[:, None])

    def _measured(self, crop: Crop) -> Crop:
        return replace(crop, landmarks=self._measure(crop.image))

    def _measure(self, crop: UInt8[np.ndarray, "s s 3"]) -> Points:
        if self._landmarks is None:
            self._landmarks = LandmarkDetector(self.device)
        return self._landmarks.measure(crop, [TEMPLATES[self.template] * len(crop)])[0][0]


def make_texture(image: UInt8[np.ndarray, "s s 3"], landmarks: Points) -> Texture:
    """Prepare a source photo; where its face is turned away or covered, the mirrored other side stands in.

    Args:
        image: RGB crop.
        landmarks: its mesh points in crop pixels.
    """
    mirror = mesh.mirror_index()[: mesh.MESH_POINTS]
    facing = mesh.facing(landmarks)
    better = _ramp(facing[mirror] - facing, 0.25, 0.6) * _ramp(0.7 - facing, 0, 0.35)
    places = np.concatenate([landmarks[: mesh.MESH_POINTS, :2], landmarks[mirror, :2], better[:, None]], axis=1)
    return Texture(image, places.astype(np.float32), facing, occluded_area(image, landmarks))


def best_texture(textures: Sequence[Texture], landmarks: Points) -> Texture:
    """The photo whose pose is nearest to the target's where the target is seen."""
    wanted = mesh.facing(landmarks)
    seen = np.maximum(wanted, 0)
    return min(textures, key=lambda texture: float((seen * np.abs(texture.facing - wanted)).sum()))


def warp_face(
    texture: Texture, target: UInt8[np.ndarray, "s s 3"], landmarks: Points
) -> tuple[UInt8[np.ndarray, "s s 3"], Float32[np.ndarray, "s s"]]:
    """Put a texture on a target crop.

    Args:
        texture: the source.
        target: RGB crop.
        landmarks: mesh points of the target in crop pixels.

    Returns:
        The crop with the new face, and its mask in [0, 1].
    """
    left, top, side = _face_square(landmarks, len(target))
    part = np.ascontiguousarray(target[top : top + side, left : left + side])
    points = landmarks - np.array([left, top, 0], dtype=np.float32)
    warped, covered = _warped_texture(texture, points, side)
    glasses = glasses_in(part, points)
    if glasses is not None:
        covered = covered * (1 - cv2.resize(glasses, (side, side), interpolation=cv2.INTER_LINEAR))
    matched, skin = _match_light(warped, part, points, covered)
    share = _blend_mask(points, covered, skin)
    support = np.clip(3 * share, 0, 1)  # the crop is whole wherever the mask is not used
    face, mask = target.copy(), np.zeros(target.shape[:2], np.float32)
    face[top : top + side, left : left + side] = cv2.blendLinear(matched, part, support, 1 - support)
    mask[top : top + side, left : left + side] = share
    return face, mask


def _face_square(landmarks: Points, size: int) -> tuple[int, int, int]:
    """Left, top and side of the square inside the crop that holds the mesh; the rest need not be worked on."""
    low, high = landmarks[: mesh.MESH_POINTS, :2].min(0), landmarks[: mesh.MESH_POINTS, :2].max(0)
    side = min(size, int(np.ceil((high - low).max())) + 4)
    left, top = (int(v) for v in np.clip(np.floor((low + high - side) / 2), 0, size - side))
    return left, top, side


def _warped_texture(
    texture: Texture, landmarks: Points, size: int
) -> tuple[UInt8[np.ndarray, "s s 3"], Float32[np.ndarray, "s s"]]:
    """The source's pixels in the target's geometry, and where there are any."""
    side = min(_MAP_SIDE, size)
    places, covered = interpolate_over_mesh(landmarks * np.float32(side / size), texture.places, side)
    soft = cv2.GaussianBlur(covered, (0, 0), 1)  # rounds the kinks between triangles, fills their outer rim
    places = cv2.GaussianBlur(places, (0, 0), 1) / np.maximum(soft, 1e-3)[..., None]
    if side != size:
        places = cv2.resize(places, (size, size), interpolation=cv2.INTER_LINEAR)
        covered = cv2.resize(covered, (size, size), interpolation=cv2.INTER_LINEAR)
    direct, mirrored, share = places[..., :2], places[..., 2:4], places[..., 4:]
    if texture.hidden is not None:
        scale = np.float32(len(texture.hidden) / len(texture.image))
        here, there = (_sampled(texture.hidden, place * scale, cv2.INTER_LINEAR) for place in (direct, mirrored))
        share = np.maximum(share, (here * (1 - there))[..., None])
        covered = covered * (1 - (here + (there - here) * share[..., 0]))
    warped = _sampled(texture.image, direct)
    if share.max() > 0.01:
        other = _sampled(texture.image, mirrored).astype(np.float32)
        warped = np.rint(warped + (other - warped) * np.clip(share, 0, 1)).astype(np.uint8)
    return warped, covered


def _sampled(image: np.ndarray, places: Float32[np.ndarray, "h w 2"], how: int = cv2.INTER_CUBIC) -> np.ndarray:
    x, y = np.ascontiguousarray(places[..., 0]), np.ascontiguousarray(places[..., 1])
    return cv2.remap(image, x, y, how, borderMode=cv2.BORDER_REFLECT_101)


def _match_light(
    warped: UInt8[np.ndarray, "s s 3"],
    target: UInt8[np.ndarray, "s s 3"],
    landmarks: Points,
    covered: Float32[np.ndarray, "s s"],
) -> tuple[UInt8[np.ndarray, "s s 3"], Float32[np.ndarray, "t t"]]:
    """Give the warped face the target's skin colour and light; also where both show plain skin."""
    size, side = len(target), min(SIDE, len(target))
    small, goal, inside = (
        cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA) for image in (warped, target, covered)
    )
    points = landmarks * np.float32(side / size)
    eyes = mesh.eye_distance(points)
    inside = cv2.erode(inside, disc(0.06 * eyes))
    lab, wanted = to_lab(small), to_lab(goal)
    skin = shared_skin(lab, wanted, points, inside)
    if skin is None:
        return warped, inside
    lab = _without_shine(lab, RADIUS * eyes)
    changed = statistics_transfer(skin.own, skin.goal, _CONTRAST).applied(lab)
    changed[..., 0] = _kept_dark(changed[..., 0], lab[..., 0], skin.own)
    changed += light_difference(changed, wanted, skin.plain, RADIUS * eyes)
    return add_detail(warped, small, to_rgb(changed)), skin.likeness


def _without_shine(lab: Float32[np.ndarray, "t t 3"], radius: float) -> Float32[np.ndarray, "t t 3"]:
    """Press small highlights, such as a flash leaves on the source's skin; the target's light has none there."""
    around = cv2.GaussianBlur(lab, (0, 0), radius)
    over = np.maximum(lab[..., 0] - around[..., 0] - _SHINE, 0)
    calm = lab.copy()
    calm[..., 0] -= over - _SHINE * np.tanh(over / _SHINE)
    calm[..., 1:] += (around - lab)[..., 1:] * _ramp(over, 0, 2 * _SHINE)[..., None]
    return calm


def _kept_dark(
    changed: Float32[np.ndarray, "t t"], lightness: Float32[np.ndarray, "t t"], skin: Statistics
) -> Float32[np.ndarray, "t t"]:
    """Keep beard and brows of a dark person from turning grey with their skin on a pale one, in L*."""
    average, spread = float(skin[0][0]), float(skin[1][0])
    start = spread + 3
    hair = _ramp(average - lightness, start, max(0.8 * average, start + 1))
    return changed - hair * np.maximum(changed - 1.15 * lightness - 3, 0)


def _blend_mask(
    landmarks: Points, covered: Float32[np.ndarray, "s s"], skin: Float32[np.ndarray, "t t"]
) -> Float32[np.ndarray, "s s"]:
    """The covered face without the target's eyeballs and mouth opening, and without hair over the forehead."""
    size, eyes = len(covered), mesh.eye_distance(landmarks)
    face = np.minimum(covered, draw_polygons([face_outline(landmarks, 1.0)], size))
    under, reduced = len(skin) / size, landmarks * np.float32(len(skin) / size)
    inner = cv2.dilate(hull_mask(reduced, _INNER_FACE, len(skin)), disc(_BROW_MARGIN * eyes * under))
    bare = np.maximum(inner, cv2.erode(_ramp(skin, 0.4, 0.85), disc(_HAIR_MARGIN * eyes * under)))
    mask = cv2.erode(face, disc(_INSET * eyes)) * cv2.resize(bare, (size, size), interpolation=cv2.INTER_LINEAR)
    mask = cv2.GaussianBlur(mask, (0, 0), max(_FEATHER * eyes, 0.5))
    kept = np.maximum(region_mask(landmarks, "eyes", size), region_mask(landmarks, "mouth", size))
    return np.clip(mask * (1 - cv2.GaussianBlur(kept, (0, 0), max(_LID_FEATHER * eyes, 0.5))), 0, 1)


def _ramp(value: np.ndarray, start: float, end: float) -> np.ndarray:
    """0 up to ``start``, 1 from ``end``, smooth between."""
    share = np.clip((value - start) / (end - start), 0, 1).astype(np.float32)
    return share * share * (3 - 2 * share)


def _shape(landmarks: Points) -> Float32[np.ndarray, "n"]:
    """The face's shape without place, size and pose, as one vector."""
    mesh_points = landmarks[: mesh.MESH_POINTS]
    upright = (mesh_points - mesh_points.mean(0)) @ mesh.rotation_from_canonical(landmarks)
    return (upright / mesh.eye_distance(landmarks)).astype(np.float32).ravel()
