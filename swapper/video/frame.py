"""Swapping the faces of one picture (a photo, or a frame of a video or a live stream), one batch per identity."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from swapper.compose.blend import blend_into
from swapper.compose.color import Transfer
from swapper.compose.expression import match_expression
from swapper.compose.mask import MaskSettings, MaskShape, adaptive_face_mask, mask_shape, shape_offset
from swapper.faces.align import cut_crop
from swapper.faces.covers import CoverFinder
from swapper.faces.landmarks import LandmarkDetector
from swapper.faces.looks import Glimpse, Look, cover_mask, glimpse
from swapper.faces.pose import head_pose
from swapper.faces.track import TrackedFace
from swapper.methods.base import Method, swap_crops
from swapper.methods.likeness import aim_identity
from swapper.restore.base import LEAST_SIZE, Restorer, restore_swapped
from swapper.timing import StepTimer
from swapper.types import Crop, Identity
from swapper.video.picture import Box

_MOST_TOGETHER = 4  # faces in a batch
_FADE_YAW = (60.0, 80.0)  # degrees: a face turned further fades back to the target's own
_FADE_PRESENCE = (0.5, 0.8)  # probability that a face is there, below which it fades


@dataclass(frozen=True)
class Part:
    """One face to be swapped.

    Attributes:
        tracked: where it is.
        identity: what it becomes.
        shape: of its mask; as measured in this picture when None.
        measure: report how much narrower the swapped face is.
        tone: usual change of its colours, from the frames before.
        look: of the target, from the frames before.
        covered: something was in front of the face when it was last looked for, or it never was.
        alone: the picture is no frame of many: nothing is learnt for a next one, and a face that is turned away or
            hardly there does not fade.
    """

    tracked: TrackedFace
    identity: Identity
    shape: MaskShape | None = None
    measure: bool = False
    tone: Transfer | None = None
    look: Look | None = None
    covered: bool = True
    alone: bool = False


@dataclass(frozen=True)
class Outcome:
    """What was learnt from swapping one face.

    Attributes:
        track: number of the face's track.
        offset: ``shape_offset``, where it was to be measured.
        tone: change of its colours that would match this frame alone.
        box: left, top, right, bottom of the part of the frame that changed; None where none did.
        seen: the target, where what covers it counts.
        covered: whether something is in front of it; None where that was not looked for.
        mask: the method's own, of its crop.
    """

    track: int
    offset: float | None
    tone: Transfer | None
    box: Box | None
    seen: Glimpse | None = None
    covered: bool | None = None
    mask: Float32[np.ndarray, "s s"] | None = None


class FrameSwapper:
    """Swaps faces whose places and masks are known; keeps nothing from frame to frame, so threads can share it."""

    def __init__(
        self,
        method: Method,
        landmarks: LandmarkDetector,
        device: torch.device,
        restorer: Restorer | None = None,
        mask: MaskSettings | None = None,
        occlusion: CoverFinder | None = None,
    ):
        """Use networks that are loaded.

        Args:
            method: swaps.
            landmarks: measures swapped faces, for their masks.
            device: where the method wants its input.
            restorer: improves swapped faces.
            mask: how they are blended in.
            occlusion: finds what is in front of a face; without it only dark glasses and what passes by are found.
        """
        self._method, self._landmarks, self._device = method, landmarks, device
        self._mask = mask or MaskSettings()
        self._restorer, self._occlusion = restorer, occlusion

    def swap_parts(
        self, frame: UInt8[np.ndarray, "h w 3"], parts: Sequence[Part], timer: StepTimer | None = None
    ) -> list[Outcome]:
        """Swap faces in place.

        Args:
            frame: RGB, changed.
            parts: the faces; where two overlap, a later one lies on top.
            timer: collects the time of the steps ``align``, ``swap``, ``restore`` and ``compose``.

        Returns:
            What was learnt, in the order of the parts.
        """
        timer = timer or StepTimer()
        method = self._method
        with timer.step("align"):
            crops = [self._cut(frame, part.tracked, method.size) for part in parts]
        swapped: dict[int, tuple[UInt8[np.ndarray, "s s 3"], Float32[np.ndarray, "s s"]]] = {}
        for group in _groups(parts):
            with timer.step("swap"):
                result = swap_crops(method, parts[group[0]].identity, [crops[i] for i in group], self._device)
            if self._restorer is not None:
                with timer.step("restore"):
                    result = restore_swapped(self._restorer, result, method.template)
            swapped.update(zip(group, zip(result.images(), result.shares(), strict=True), strict=True))
        if self._restorer is not None and method.size < LEAST_SIZE:
            crops = [self._cut(frame, part.tracked, LEAST_SIZE) for part in parts]
        with timer.step("compose"):
            return [self._compose(frame, crops[i], part, *swapped[i]) for i, part in enumerate(parts)]

    def _cut(self, frame: UInt8[np.ndarray, "h w 3"], tracked: TrackedFace, size: int) -> Crop:
        return cut_crop(frame, tracked.face.points, size, self._method.template, tracked.landmarks)

    def _compose(
        self,
        frame: UInt8[np.ndarray, "h w 3"],
        crop: Crop,
        part: Part,
        face: UInt8[np.ndarray, "s s 3"],
        mask: Float32[np.ndarray, "s s"],
    ) -> Outcome:
        """Paste one face."""
        offset = None
        if part.measure or part.shape is None:
            found = self._measure(face)
            offset = shape_offset(crop.mesh, found) if self._mask.adapt else 0.0
            if part.alone:
                face = match_expression(face, found, crop.mesh, self._measure, self._mask.expression)
        shape = part.shape or mask_shape(offset or 0.0)
        own, mask = mask, mask * adaptive_face_mask(crop.mesh, shape, crop.size, self._mask)
        seen, covered, cover = self._look_for_covers(crop, part, mask) if self._mask.occluders else (None, None, None)
        opacity = 1.0 if part.alone else _opacity(part.tracked)
        done = blend_into(
            frame,
            crop,
            face,
            mask,
            self._mask,
            cover=cover,
            usual=part.tone,
            opacity=opacity,
            shade=part.alone,
            drawn_side=self._method.size,
        )
        return Outcome(part.tracked.track, offset if part.measure else None, done.tone, done.box, seen, covered, own)

    def _look_for_covers(
        self, crop: Crop, part: Part, mask: Float32[np.ndarray, "s s"]
    ) -> tuple[Glimpse, bool | None, Float32[np.ndarray, "s s"] | None]:
        """The face as it is seen, whether the network found something in front of it, and the share of that."""
        seen = glimpse(crop.image, crop.mesh, part.look)
        cover = cover_mask(seen, crop.image, crop.mesh)
        if self._occlusion is None or not (part.covered or part.measure):
            return seen, None, cover
        found = self._occlusion.find(crop.image, self._method.template, mask)
        if found is None:
            return seen, False, cover
        return seen, True, found if cover is None else np.maximum(cover, found)

    @property
    def aims(self) -> bool:
        """Whether what a face becomes depends on how it looks."""
        return self._mask.likeness != 1

    def target(self, frame: UInt8[np.ndarray, "h w 3"], tracked: TrackedFace) -> Crop:
        """What ``aim_at`` needs of a face.

        Args:
            frame: RGB.
            tracked: the face as it is.
        """
        return cut_crop(frame, tracked.face.points, landmarks=tracked.landmarks)

    def aim_at(self, target: Crop, identity: Identity) -> Identity:
        """The identity that a face gets so that it becomes as much like the source as wanted.

        Args:
            target: of the face.
            identity: of the source.
        """
        return aim_identity(self._method, identity, target, self._mask.likeness)

    def aim(self, frame: UInt8[np.ndarray, "h w 3"], tracked: TrackedFace, identity: Identity) -> Identity:
        """``aim_at`` for a face of a picture.

        Args:
            frame: RGB.
            tracked: the face as it is.
            identity: of the source.
        """
        return self.aim_at(self.target(frame, tracked), identity) if self.aims else identity

    def measure(self, frame: UInt8[np.ndarray, "h w 3"], tracked: TrackedFace, identity: Identity) -> float:
        """``shape_offset`` that a face's swap will have; the frame is left as it is.

        Args:
            frame: RGB.
            tracked: the face.
            identity: what it becomes.
        """
        crop = self._cut(frame, tracked, self._method.size)
        if not self._mask.adapt:
            return 0.0
        face = swap_crops(self._method, identity, [crop], self._device).images()[0]
        return shape_offset(crop.mesh, self._measure(face))

    def _measure(self, face: UInt8[np.ndarray, "s s 3"]) -> Float32[np.ndarray, "478 3"]:
        return self._landmarks.measure_crop(face, self._method.template)


def _groups(parts: Sequence[Part]) -> list[list[int]]:
    """Indices of faces that share an identity, in order of appearance, few enough for one batch."""
    groups: dict[int, list[int]] = {}
    for index, part in enumerate(parts):
        groups.setdefault(id(part.identity), []).append(index)
    return [
        group[start : start + _MOST_TOGETHER]
        for group in groups.values()
        for start in range(0, len(group), _MOST_TOGETHER)
    ]


def _opacity(tracked: TrackedFace) -> float:
    """How much of a swapped face is shown: less of one that is turned far away or hardly there."""
    yaw = abs(head_pose(tracked.landmarks).yaw)
    turned = np.interp(yaw, _FADE_YAW, (1.0, 0.0))
    there = np.interp(tracked.face.score, _FADE_PRESENCE, (0.0, 1.0))
    return float(turned * there)
