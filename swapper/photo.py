"""Swapping the faces of a photo."""

from collections.abc import Mapping

from swapper.face_swap.picture import FaceToSwap, FrameSwapper
from swapper.faces.pose import head_pose
from swapper.images import Still
from swapper.runtime.timing import StepTimer
from swapper.types import Face, Identity, SwapResult

TURNED_TOO_FAR = 45.0  # degrees of yaw beyond which methods trained on portraits get weak


def swap_photo(
    swapper: FrameSwapper,
    still: Still,
    faces: list[Face],
    assignment: Mapping[int, Identity],
    timer: StepTimer,
) -> SwapResult:
    """Give chosen faces of a photo an identity each; faces not named are left alone.

    Args:
        swapper: does it.
        still: the photo; not modified.
        faces: all that were found, with their landmarks.
        assignment: identity by index into ``faces``.
        timer: of the steps, those before included.
    """
    order = sorted(assignment, reverse=True)  # near faces last
    with timer.step("identify"):
        wanted = [FaceToSwap(faces[i], swapper.extrapolate(still.image, faces[i], assignment[i])) for i in order]
    swapped = still.image.copy()
    outcomes = swapper.swap_faces(swapped, wanted, timer)
    masks = {index: outcome.mask for index, outcome in zip(order, outcomes, strict=True)}
    return SwapResult(
        image=swapped,
        faces=faces,
        swapped=sorted(assignment),
        timings=timer.milliseconds,
        warnings=[*still.notes, *swapper.likeness_warnings(), *_turned(faces, assignment)],
        masks={index: mask for index, mask in sorted(masks.items()) if mask is not None and mask.min() < mask.max()},
        layers=still.changed(swapped),
    )


def _turned(faces: list[Face], assignment: Mapping[int, Identity]) -> list[str]:
    """A sentence for each swapped face that is turned far to the side."""
    yaws = {index: abs(head_pose(faces[index].mesh).yaw) for index in assignment}
    return [
        f"Face {index + 1} of {len(faces)} is turned {yaw:.0f} degrees to the side; its swap may look wrong."
        for index, yaw in yaws.items()
        if yaw > TURNED_TOO_FAR
    ]
