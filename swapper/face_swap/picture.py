"""Swapping faces of one picture (a photo, or a frame of a video or a live stream), one batch per identity."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from swapper.compose.blend import blend_into
from swapper.compose.color import Transfer
from swapper.compose.expression import match_expression
from swapper.compose.keep import kept_share
from swapper.compose.mask import MaskShape, adaptive_face_mask, mask_shape, shape_offset
from swapper.compose.paint import Paint
from swapper.compose.settings import BlendSettings
from swapper.compose.toning import in_color
from swapper.faces.align import Placement, cut_crop
from swapper.faces.fitting import cut_aligned, placement
from swapper.faces.landmarks import LandmarkDetector
from swapper.faces.occlusion.network import OcclusionFinder
from swapper.faces.occlusion.over_time import Appearance, UsualAppearance, measure_appearance, occlusion_mask
from swapper.methods.base import Method, alignment_of, swap_crops
from swapper.methods.likeness import extrapolate_identity, likeness_warnings, told_likeness
from swapper.restore.base import LEAST_SIZE, Restorer, restore_swapped
from swapper.runtime.timing import StepTimer
from swapper.types import Box, Crop, Face, Identity

_MOST_TOGETHER = 4  # faces in a batch


@dataclass(frozen=True)
class FaceToSwap:
    """One face to be swapped; what is left out is as of a photo, of which nothing is known from other pictures.

    Attributes:
        face: where it is, with its landmarks.
        identity: what it becomes.
        shape: of its mask; as measured in this picture when None.
        measure: report how much narrower the swapped face is.
        match_expression: move its lids, irises, brows and lips to where the target has them. From frame to frame that
            would tremble.
        match_shade: give it the target's large-scale light and shade, which takes too long for a video.
        opacity: how much of the swapped face is shown, 0 to 1.
        tone: usual change of its colours, from the frames before.
        appearance: of the target, from the frames before.
        occluded: whether the face was occluded at the last check (True if never checked).
        paint: what the user painted over the picture.
    """

    face: Face
    identity: Identity
    shape: MaskShape | None = None
    measure: bool = False
    match_expression: bool = True
    match_shade: bool = True
    opacity: float = 1.0
    tone: Transfer | None = None
    appearance: UsualAppearance | None = None
    occluded: bool = True
    paint: Paint | None = None


@dataclass(frozen=True)
class Outcome:
    """What was learnt from swapping one face.

    Attributes:
        offset: ``shape_offset``, where it was to be measured.
        tone: change of its colours that would match this frame alone.
        box: left, top, right, bottom of the part of the frame that changed; None where none did.
        appearance: of the target, where occlusion counts.
        occluded: whether the face is occluded; None if that was not checked.
        mask: the method's own, of its crop.
        share: of the swapped face at each pixel of its crop, in [0, 1].
        matrix: frame pixels to those of the crop.
    """

    offset: float | None
    tone: Transfer | None
    box: Box | None
    appearance: Appearance | None = None
    occluded: bool | None = None
    mask: Float32[np.ndarray, "s s"] | None = None
    share: Float32[np.ndarray, "s s"] | None = None
    matrix: Float32[np.ndarray, "2 3"] | None = None


class FrameSwapper:
    """Swaps faces whose places and masks are known; keeps nothing from frame to frame, so threads can share it."""

    def __init__(
        self,
        method: Method,
        landmarks: LandmarkDetector,
        device: torch.device,
        restorer: Restorer | None = None,
        blend: BlendSettings | None = None,
        occlusion: OcclusionFinder | None = None,
    ):
        """Use networks that are loaded.

        Args:
            method: swaps.
            landmarks: measures swapped faces, for their masks.
            device: where the method wants its input.
            restorer: improves swapped faces.
            blend: how they are blended in.
            occlusion: finds what is in front of a face; without it only dark glasses and what passes by are found.
        """
        self._method, self._landmarks, self._device = method, landmarks, device
        self._blend = blend or BlendSettings()
        self._restorer, self._occlusion = restorer, occlusion

    def swap_faces(
        self, frame: UInt8[np.ndarray, "h w 3"], faces: Sequence[FaceToSwap], timer: StepTimer | None = None
    ) -> list[Outcome]:
        """Swap faces in place.

        Args:
            frame: RGB, changed.
            faces: where two overlap, a later one lies on top.
            timer: collects the time of the steps ``align``, ``swap``, ``restore`` and ``compose``.

        Returns:
            What was learnt, in the order of the faces.
        """
        timer = timer or StepTimer()
        method = self._method
        with timer.step("align"):
            crops = [self._cut(frame, one.face, method.size) for one in faces]
        swapped: dict[int, tuple[UInt8[np.ndarray, "s s 3"], Float32[np.ndarray, "s s"]]] = {}
        for group in _groups(faces):
            with timer.step("swap"):
                result = swap_crops(method, faces[group[0]].identity, [_seen(crops[i]) for i in group], self._device)
            if self._restorer is not None:
                with timer.step("restore"):
                    places = [self._place(crops[i]) for i in group]
                    result = restore_swapped(self._restorer, result, places)
            swapped.update(zip(group, zip(result.images(), result.shares(), strict=True), strict=True))
        if self._restorer is not None and method.size < LEAST_SIZE:
            crops = [self._cut(frame, one.face, LEAST_SIZE) for one in faces]
        with timer.step("compose"):
            return [self._compose(frame, crops[i], one, *swapped[i]) for i, one in enumerate(faces)]

    def _cut(self, frame: UInt8[np.ndarray, "h w 3"], face: Face, size: int) -> Crop:
        return cut_aligned(frame, face.points, alignment_of(self._method, size), face.mesh)

    def _place(self, crop: Crop) -> Placement:
        return placement(crop, alignment_of(self._method))

    def _compose(
        self,
        frame: UInt8[np.ndarray, "h w 3"],
        crop: Crop,
        one: FaceToSwap,
        face: UInt8[np.ndarray, "s s 3"],
        mask: Float32[np.ndarray, "s s"],
    ) -> Outcome:
        """Paste one face."""
        offset = None
        if one.measure or one.shape is None or one.match_expression:
            place = self._place(crop)

            def measure(drawn: UInt8[np.ndarray, "s s 3"]) -> Float32[np.ndarray, "478 3"]:
                return self._landmarks.measure_crop(drawn, place)

            found = measure(face)
            offset = shape_offset(crop.mesh, found) if self._blend.adapt else 0.0
            if one.match_expression:
                face = match_expression(face, found, crop.mesh, measure, self._blend.expression)
        shape = one.shape or mask_shape(offset or 0.0)
        own, mask = mask, mask * adaptive_face_mask(crop.mesh, shape, crop.size, self._blend)
        appearance, occluded, occlusion = (
            self._find_occlusion(crop, one, mask) if self._blend.occluders else (None, None, None)
        )
        done = blend_into(
            frame,
            crop,
            face,
            mask,
            self._blend,
            occlusion=occlusion,
            kept=kept_share(crop.mesh, crop.size, self._blend.keep) if self._blend.keep else None,
            painted=one.paint.on_crop(crop.matrix, crop.size, frame.shape[:2]) if one.paint else None,
            usual=one.tone,
            opacity=one.opacity,
            shade=one.match_shade,
            drawn_side=self._method.size,
        )
        offset = offset if one.measure else None
        return Outcome(offset, done.tone, done.box, appearance, occluded, own, done.share, crop.matrix)

    def _find_occlusion(
        self, crop: Crop, one: FaceToSwap, mask: Float32[np.ndarray, "s s"]
    ) -> tuple[Appearance, bool | None, Float32[np.ndarray, "s s"] | None]:
        """The face as it is seen, whether the network found something in front of it, and the share of that."""
        appearance = measure_appearance(crop.image, crop.mesh, one.appearance)
        occlusion = occlusion_mask(appearance, crop.image, crop.mesh)
        if self._occlusion is None or not (one.occluded or one.measure):
            return appearance, None, occlusion
        found = self._occlusion.find(crop.image, self._place(crop), mask)
        if found is None:
            return appearance, False, occlusion
        return appearance, True, found if occlusion is None else np.maximum(occlusion, found)

    @property
    def extrapolates(self) -> bool:
        """Whether the identity that a face gets depends on how it looks."""
        return told_likeness(self._method, self._blend.likeness) != 1

    def target_crop(self, frame: UInt8[np.ndarray, "h w 3"], face: Face) -> Crop:
        """What ``extrapolate_from`` needs of a face.

        Args:
            frame: RGB.
            face: as it is, with its landmarks.
        """
        return cut_crop(frame, face.points, landmarks=face.mesh)

    def extrapolate_from(self, target: Crop, identity: Identity) -> Identity:
        """The identity that gives a face the likeness that was asked for.

        Args:
            target: of the face.
            identity: of the source.
        """
        return extrapolate_identity(self._method, identity, target, self._blend.likeness)

    def extrapolate(self, frame: UInt8[np.ndarray, "h w 3"], face: Face, identity: Identity) -> Identity:
        """``extrapolate_from`` for a face of a picture.

        Args:
            frame: RGB.
            face: as it is, with its landmarks.
            identity: of the source.
        """
        return self.extrapolate_from(self.target_crop(frame, face), identity) if self.extrapolates else identity

    def likeness_warnings(self) -> list[str]:
        """What to say of a likeness that the method cannot give; empty where it can."""
        return likeness_warnings(self._method, self._blend.likeness)

    def measure(self, frame: UInt8[np.ndarray, "h w 3"], face: Face, identity: Identity) -> float:
        """``shape_offset`` that a face's swap will have; the frame is left as it is.

        Args:
            frame: RGB.
            face: with its landmarks.
            identity: what it becomes.
        """
        crop = self._cut(frame, face, self._method.size)
        if not self._blend.adapt:
            return 0.0
        swapped = swap_crops(self._method, identity, [_seen(crop)], self._device).images()[0]
        return shape_offset(crop.mesh, self._landmarks.measure_crop(swapped, self._place(crop)))


def _seen(crop: Crop) -> Crop:
    """A crop as networks know faces: in colour."""
    image = in_color(crop.image, crop.mesh)
    return crop if image is crop.image else replace(crop, image=image)


def _groups(faces: Sequence[FaceToSwap]) -> list[list[int]]:
    """Indices of faces that share an identity, in order of appearance, few enough for one batch."""
    groups: dict[int, list[int]] = {}
    for index, one in enumerate(faces):
        groups.setdefault(id(one.identity), []).append(index)
    return [
        group[start : start + _MOST_TOGETHER]
        for group in groups.values()
        for start in range(0, len(group), _MOST_TOGETHER)
    ]
