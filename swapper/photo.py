"""Swapping the faces of a photo, and enlarging the result."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import UInt8

from swapper.compose.paint import Paint
from swapper.compose.paste import paste_share
from swapper.face_swap.picture import FaceToSwap, FrameSwapper
from swapper.faces.pose import head_pose
from swapper.images import Still, over_white
from swapper.restore.upscale import Upscaler
from swapper.runtime.timing import StepTimer
from swapper.types import Face, Identity, SwapResult

TURNED_TOO_FAR = 45.0  # degrees of yaw beyond which methods trained on portraits get weak


def swap_photo(
    swapper: FrameSwapper,
    still: Still,
    faces: list[Face],
    assignment: Mapping[int, Identity],
    timer: StepTimer,
    paint: Paint | None = None,
) -> SwapResult:
    """Give chosen faces of a photo an identity each; faces not named are left alone.

    Args:
        swapper: does it.
        still: the photo; not modified.
        faces: all that were found, with their landmarks.
        assignment: identity by index into ``faces``.
        timer: of the steps, those before included.
        paint: what the user painted over the photo.
    """
    order = sorted(assignment, reverse=True)  # near faces last
    with timer.step("identify"):
        paints = _painted(paint, [faces[i] for i in order], still.image.shape)
        wanted = [
            FaceToSwap(faces[i], swapper.extrapolate(still.image, faces[i], assignment[i]), paint=own)
            for i, own in zip(order, paints, strict=True)
        ]
    swapped = still.image.copy()
    outcomes = swapper.swap_faces(swapped, wanted, timer)
    replaced = np.zeros(swapped.shape[:2], np.uint8)
    for outcome in outcomes:
        if outcome.share is not None and outcome.matrix is not None:
            paste_share(replaced, outcome.share, outcome.matrix)
    masks = {index: outcome.mask for index, outcome in zip(order, outcomes, strict=True)}
    return SwapResult(
        image=swapped,
        faces=faces,
        swapped=sorted(assignment),
        timings=timer.milliseconds,
        warnings=[*still.notes, *swapper.likeness_warnings(), *_turned(faces, assignment)],
        masks={index: mask for index, mask in sorted(masks.items()) if mask is not None and mask.min() < mask.max()},
        layers=still.changed(swapped),
        replaced=replaced,
    )


def enlarge_result(upscaler: Upscaler, result: SwapResult, timer: StepTimer) -> SwapResult:
    """The same result with its whole picture enlarged, opacity and the note of what was replaced included.

    Args:
        upscaler: does it.
        result: of ``swap_photo``; where its faces lie is still said in pixels of the target.
        timer: of the steps, those before included.

    Raises:
        UserError: the result would be too large.
    """
    if result.layers is None:
        image, layers = upscaler.enlarge(result.image, timer), None
    else:
        colors = upscaler.enlarge(np.ascontiguousarray(result.layers[..., :3]), timer)
        alpha = _stretched(np.ascontiguousarray(result.layers[..., 3]), upscaler.info.scale)
        image, layers = over_white(colors, alpha), np.dstack([colors, alpha])
    replaced = None if result.replaced is None else _stretched(result.replaced, upscaler.info.scale)
    return replace(result, image=image, layers=layers, replaced=replaced, timings=timer.milliseconds)


def _stretched(plane: UInt8[np.ndarray, "h w"], scale: int) -> UInt8[np.ndarray, "a b"]:
    height, width = plane.shape
    return cv2.resize(plane, (width * scale, height * scale), interpolation=cv2.INTER_LINEAR)


def _painted(paint: Paint | None, faces: list[Face], shape: tuple[int, ...]) -> Sequence[Paint | None]:
    """What the user painted, by face."""
    if paint is None:
        return [None] * len(faces)
    height, width = shape[:2]
    middles = [(face.box[:2] + face.box[2:]) / 2 for face in faces]
    return paint.among([(float(x) / width, float(y) / height) for x, y in middles])


def _turned(faces: list[Face], assignment: Mapping[int, Identity]) -> list[str]:
    """A sentence for each swapped face that is turned far to the side."""
    yaws = {index: abs(head_pose(faces[index].mesh).yaw) for index in assignment}
    return [
        f"Face {index + 1} of {len(faces)} is turned {yaw:.0f} degrees to the side; its swap may look wrong."
        for index, yaw in yaws.items()
        if yaw > TURNED_TOO_FAR
    ]
