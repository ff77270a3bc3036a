"""Swapping a session's target, and what a user is told about it."""

import base64
import html
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from swapper.compose.paint import Paint
from swapper.compose.settings import BlendSettings
from swapper.images import read_still
from swapper.pipeline import FaceSwapper
from swapper.types import SwapResult, UserError
from swapper.ui.assignment import PEOPLE
from swapper.ui.image.target import Target
from swapper.ui.languages import said, said_markup
from swapper.ui.progress import ReportProgress, ToldTimer

NO_SOURCE = "Source: person {letter} has no photo yet. Add one, or choose somebody else for face {face}."
NOTHING_TO_DO = "Target: every face is set to stay unchanged. Click a face and choose who it becomes."
OWN_MASK = "Face mask predicted by the method:"
UNUSED = "Person {letter} has photos, but no face becomes this person. Click a face under the target to choose."
DOING = {  # share done when a step begins, and what it does
    "identify": (0.1, "Learning the source"),
    "align": (0.3, "Swapping"),
    "restore": (0.6, "Sharpening the face"),
    "compose": (0.8, "Blending"),
    "upscale": (0.85, "Enlarging the picture"),
}
STEPS = {
    "decode": "read",
    "detect": "find faces",
    "landmarks": "landmarks",
    "identify": "learn source",
    "align": "align",
    "swap": "swap",
    "restore": "restore",
    "compose": "blend",
    "analyse": "find and follow faces",
    "encode": "encode",
    "assemble": "join",
    "rest": "rest",
    "upscale": "enlarge",
}


def swap_target(
    swapper: FaceSwapper,
    target: Target,
    photos: Sequence[Sequence[str]],
    blend: BlendSettings,
    progress: ReportProgress,
    paint: Paint | None = None,
    upscale: str = "none",
) -> SwapResult:
    """Give each face of a target the person chosen for it.

    Args:
        swapper: does it.
        target: the photo, and who each face becomes.
        photos: paths of the photos by person, as in ``PEOPLE``.
        blend: how the faces are blended in.
        progress: called with the share done in [0, 1] and what is being done.
        paint: what the visitor painted over the target.
        upscale: name of what enlarges the whole result.

    Raises:
        UserError: a person has no photo, or one that cannot be used; or no face is to change.
    """
    wanted = target.wanted()
    if not wanted:
        raise UserError(NOTHING_TO_DO)
    for face, person in wanted.items():
        if not photos[person]:
            raise UserError(NO_SOURCE.format(letter=PEOPLE[person], face=face + 1))
    timer = ToldTimer(progress, {step: (share, said(what)) for step, (share, what) in DOING.items()})
    timer.milliseconds.update(target.timings)
    with timer.step("identify"):
        identities = {person: swapper.identify(list(photos[person])) for person in sorted(set(wanted.values()))}
    still = read_still(target.path)
    assignment = {face: identities[person] for face, person in wanted.items()}
    result = swapper.swap_faces(still, target.faces, assignment, timer, blend, paint, upscale)
    unused = [PEOPLE[i] for i, paths in enumerate(photos) if paths and i not in identities]
    result.warnings.extend(UNUSED.format(letter=letter) for letter in unused)
    return result


def as_large_as(target: UInt8[np.ndarray, "h w 3"], shown: UInt8[np.ndarray, "a b 3"]) -> UInt8[np.ndarray, "a b 3"]:
    """The target at the size of an enlarged result, so that both lie over each other where they are compared.

    Args:
        target: RGB.
        shown: the result, as it is shown.
    """
    if target.shape == shown.shape:
        return target
    return cv2.resize(target, shown.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def summary(result: SwapResult, method: str) -> str:
    """HTML with what was swapped and how long each step took.

    Args:
        result: the finished picture.
        method: label of the method.
    """
    height, width = result.image.shape[:2]
    total = sum(result.timings.values())
    faces = "face" if len(result.faces) == 1 else "faces"
    facts = f"{len(result.swapped)} of {len(result.faces)} {faces} swapped with {html.escape(method)}"
    return said_markup(
        f'<div class="summary"><p><b>{_milliseconds(total)}</b> in total · {facts} · {width} × {height} px</p>'
        f"{step_bars(result.timings)}{_masks(result)}</div>"
    )


def _masks(result: SwapResult) -> str:
    """HTML with the masks that a method drew itself; empty without any."""
    shown = "".join(
        f'<img src="data:image/png;base64,{_png(mask)}" alt="Mask of face {face + 1}"/>'
        for face, mask in result.masks.items()
    )
    return f'<div class="masks"><p>{OWN_MASK}</p>{shown}</div>' if shown else ""


def _png(mask: Float32[np.ndarray, "s s"]) -> str:
    done, data = cv2.imencode(".png", np.rint(mask * 255).astype(np.uint8))
    assert done, "pictures of eight bits can always be written"
    return base64.b64encode(data.tobytes()).decode()


def step_bars(timings: Mapping[str, float]) -> str:
    """HTML with a bar and a number for every step.

    Args:
        timings: milliseconds by step.
    """
    total = sum(timings.values())
    # Bars narrower than a hundredth could not be seen; the numbers beside them stay exact.
    colours = {name: f"s{i}" for i, name in enumerate(STEPS)}
    bars = "".join(
        f'<span class="{colours.get(name, "s0")}" style="flex-grow:{max(ms, total / 100):.1f}"></span>'
        for name, ms in timings.items()
    )
    rows = "".join(
        f'<li><i class="{colours.get(name, "s0")}"></i>{STEPS.get(name, name)} <b>{_milliseconds(ms)}</b></li>'
        for name, ms in timings.items()
    )
    return f'<div class="bars" aria-hidden="true">{bars}</div><ul>{rows}</ul>'


def _milliseconds(value: float) -> str:
    return f"{value / 1000:.1f} s" if value >= 1000 else f"{value:.0f} ms"
