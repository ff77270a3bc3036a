"""Swapping the faces of one frame of a video, those of one identity in one batch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor
from torch.nn import functional as F

from swapper.compose.color import match_color
from swapper.compose.mask import MaskSettings, MaskShape, adaptive_face_mask, shape_offset
from swapper.compose.paste import paste_into
from swapper.faces.align import TEMPLATES, cut_crop, template_to_template, transform_points
from swapper.faces.landmarks import LandmarkDetector
from swapper.faces.pose import head_pose
from swapper.faces.track import TrackedFace
from swapper.methods.base import Method
from swapper.restore.base import Restorer
from swapper.timing import StepTimer
from swapper.types import Crop, Identity

RESTORED_SIZE = 256  # px, least side of the crops that restorers see
_FADE_YAW = (60.0, 80.0)  # degrees: a face turned further fades back to the target's own
_FADE_PRESENCE = (0.5, 0.8)  # probability that a face is there, below which it fades


@dataclass(frozen=True)
class Part:
    """One face to be swapped.

    Attributes:
        tracked: where it is.
        identity: what it becomes.
        shape: of its mask.
        measure: report how much narrower the swapped face is.
    """

    tracked: TrackedFace
    identity: Identity
    shape: MaskShape
    measure: bool


class FrameSwapper:
    """Swaps faces whose places and masks are known; keeps nothing from frame to frame, so threads can share it."""

    def __init__(
        self,
        method: Method,
        landmarks: LandmarkDetector,
        device: torch.device,
        restorer: Restorer | None = None,
        mask: MaskSettings | None = None,
    ):
        """Use networks that are loaded.

        Args:
            method: swaps.
            landmarks: measures swapped faces, for their masks.
            device: where the method wants its input.
            restorer: improves swapped faces.
            mask: how they are blended in.
        """
        self._method, self._landmarks, self._device = method, landmarks, device
        self._restorer, self._mask = restorer, mask or MaskSettings()

    def swap(
        self, frame: UInt8[np.ndarray, "h w 3"], parts: Sequence[Part], timer: StepTimer | None = None
    ) -> dict[int, float]:
        """Swap faces in place.

        Args:
            frame: RGB, changed.
            parts: the faces; where two overlap, a later one lies on top.
            timer: collects the time of the steps ``align``, ``swap``, ``restore`` and ``compose``.

        Returns:
            ``shape_offset`` by track, of the faces that were to be measured.
        """
        timer = timer or StepTimer()
        method = self._method
        with timer.step("align"):
            crops = [
                cut_crop(frame, part.tracked.face.points, method.size, method.template, part.tracked.landmarks)
                for part in parts
            ]
        swapped: dict[int, tuple[Tensor, Tensor]] = {}
        for group in _groups(parts):
            with timer.step("swap"), torch.inference_mode():
                result = method.swap(parts[group[0]].identity, *self._batch([crops[i] for i in group]))
            pixels, mask = result.face, result.mask
            if self._restorer is not None:
                with timer.step("restore"), torch.inference_mode():
                    pixels, mask = self._restored(self._restorer, pixels, mask)
            swapped.update({i: (pixels[row], mask[row, 0]) for row, i in enumerate(group)})
        if self._restorer is not None and method.size < RESTORED_SIZE:
            crops = [
                cut_crop(frame, part.tracked.face.points, RESTORED_SIZE, method.template, part.tracked.landmarks)
                for part in parts
            ]
        offsets: dict[int, float] = {}
        with timer.step("compose"):
            for index, part in enumerate(parts):
                offset = self._compose(frame, crops[index], part, *swapped[index])
                if offset is not None:
                    offsets[part.tracked.track] = offset
        return offsets

    def _restored(self, restorer: Restorer, pixels: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Faces sharpened, enlarged first where they are so small that they could not get any sharper."""
        if pixels.shape[-1] < RESTORED_SIZE:
            pixels = F.interpolate(pixels, RESTORED_SIZE, mode="bicubic", antialias=True).clamp(0, 1)
            mask = F.interpolate(mask, RESTORED_SIZE, mode="bilinear")
        return restorer.restore(pixels, self._method.template), mask

    def _batch(self, crops: Sequence[Crop]) -> tuple[Tensor, Tensor]:
        """Pixels and landmarks as networks want them."""
        pixels = torch.from_numpy(np.stack([crop.image for crop in crops])).to(self._device)
        points = np.stack([_landmarks(crop) / crop.size for crop in crops])
        return pixels.permute(0, 3, 1, 2).float() / 255, torch.from_numpy(points).to(self._device)

    def _compose(
        self, frame: UInt8[np.ndarray, "h w 3"], crop: Crop, part: Part, pixels: Tensor, share: Tensor
    ) -> float | None:
        """Paste one face; returns the offset of its shape where that was wanted."""
        face = _to_image(pixels)
        mask = share.float().cpu().numpy()
        offset = self._offset(face, crop) if part.measure else None
        mask = mask * adaptive_face_mask(_landmarks(crop), part.shape, crop.size, self._mask) * _opacity(part.tracked)
        face = match_color(face, crop.image, mask, self._mask.color)
        paste_into(frame, face, mask, crop.matrix)
        return offset

    def measure(self, frame: UInt8[np.ndarray, "h w 3"], tracked: TrackedFace, identity: Identity) -> float:
        """``shape_offset`` that a face's swap will have; the frame is left as it is.

        Args:
            frame: RGB.
            tracked: the face.
            identity: what it becomes.
        """
        method = self._method
        crop = cut_crop(frame, tracked.face.points, method.size, method.template, tracked.landmarks)
        with torch.inference_mode():
            pixels = method.swap(identity, *self._batch([crop])).face[0]
        return self._offset(_to_image(pixels), crop)

    def _offset(self, face: UInt8[np.ndarray, "s s 3"], crop: Crop) -> float:
        if not self._mask.adapt:
            return 0.0
        to_crop = template_to_template("ffhq", 1, self._method.template, crop.size)
        swapped = self._landmarks.measure(face, [transform_points(TEMPLATES["ffhq"], to_crop)])[0][0]
        return shape_offset(_landmarks(crop), swapped)


def _to_image(pixels: Tensor) -> UInt8[np.ndarray, "s s 3"]:
    return (pixels.permute(1, 2, 0).clamp(0, 1) * 255).round().byte().cpu().numpy()


def _groups(parts: Sequence[Part]) -> list[list[int]]:
    """Indices of the faces that share an identity, in order of appearance."""
    groups: dict[int, list[int]] = {}
    for index, part in enumerate(parts):
        groups.setdefault(id(part.identity), []).append(index)
    return list(groups.values())


def _opacity(tracked: TrackedFace) -> np.float32:
    """How much of a swapped face is shown: less of one that is turned far away or hardly there."""
    yaw = abs(head_pose(tracked.landmarks).yaw)
    turned = np.interp(yaw, _FADE_YAW, (1.0, 0.0))
    there = np.interp(tracked.face.score, _FADE_PRESENCE, (0.0, 1.0))
    return np.float32(turned * there)


def _landmarks(crop: Crop) -> Float32[np.ndarray, "478 3"]:
    assert crop.landmarks is not None, "followed faces have landmarks"
    return crop.landmarks
