"""The app's named endpoints, for ``gradio_client`` and other programs."""

from dataclasses import fields
from typing import Any, Literal, TypedDict

import gradio as gr
from gradio.events import api

from swapper.compose.settings import BlendSettings
from swapper.faces.pose import head_pose
from swapper.faces.select import select_faces
from swapper.images import read_image, read_still
from swapper.provenance import Origin, write_marked_image
from swapper.restore.default import default_restorer
from swapper.runtime.timing import StepTimer
from swapper.types import UserError
from swapper.ui.files import new_folder, raises_sentences, result_name, upload_path, upload_paths
from swapper.ui.gpu import on_gpu
from swapper.ui.image.target import NO_FACE
from swapper.ui.layout import ENGINE, FORMATS
from swapper.ui.swappers import SwapperCache

CONSENT_FIRST = "Consent has not been given. Pass consent=True if everyone whose face is used has agreed."
NO_TARGET = "Target: no photo was given. Pass the photo to change."
BAD_FORMAT = "Unknown format '{name}'. Choose one of: {known}."
BAD_BLEND = "Blend setting '{name}' does not exist or its value is not a number. Choose from: {known}."


class UploadMark(TypedDict):
    """What tells Gradio that a value is a file, so that clients send it first."""

    _type: Literal["gradio.FileData"]


class Upload(TypedDict):
    """A file as an endpoint receives it."""

    path: str
    meta: UploadMark


def add_endpoints(swappers: SwapperCache, concurrency: int) -> None:
    """Add ``/find_faces`` and ``/swap_image``; called inside Blocks.

    Args:
        swappers: shared by all sessions.
        concurrency: calls at a time.
    """

    def find_faces(target: Upload) -> list[dict]:
        """Find the faces of a photo, largest first.

        Each has its number, its box (left, top, right, bottom in pixels), the detector's confidence in 0..1, and the
        head's yaw, pitch and roll in degrees.

        Args:
            target: the photo.
        """
        path = upload_path(target, NO_TARGET)
        faces = swappers.finder().find_faces(read_image(path))
        poses = [head_pose(face.mesh) for face in faces]
        return [
            {
                "number": number,
                "box": [round(float(v), 1) for v in face.box],
                "score": round(face.score, 3),
                "yaw": round(pose.yaw, 1),
                "pitch": round(pose.pitch, 1),
                "roll": round(pose.roll, 1),
            }
            for number, (face, pose) in enumerate(zip(faces, poses, strict=True))
        ]

    def swap_image(
        source: list[Upload],
        target: Upload,
        consent: bool = False,
        select: str = "all",
        method: str = "",
        restore: str = "",
        blend: dict | None = None,
        file_format: str = "PNG",
    ) -> tuple[gr.FileData, dict]:
        """Put the source person's face on faces of the target photo; returns the picture and a report.

        Args:
            source: one or several photos of one person.
            target: the photo that is changed.
            consent: True if everyone whose face is used has agreed; nothing is swapped otherwise.
            select: all, largest, or a face's number counted from the largest, 0 first.
            method: the app's recommended method when empty.
            restore: none, or a restoration of this app; its usual one for photos when empty.
            blend: settings by name, such as feather, grow, forehead, color; defaults where left out.
            file_format: PNG or JPEG.
        """
        if not consent:
            raise UserError(CONSENT_FIRST)
        suffix = FORMATS.get(file_format.upper())
        if suffix is None:
            raise UserError(BAD_FORMAT.format(name=file_format, known=", ".join(FORMATS)))
        path = upload_path(target, NO_TARGET)
        blending = blend_settings(blend or {})
        restore = restore or default_restorer()
        swapper, timer = swappers.get(method, restore), StepTimer()
        with timer.step("decode"):
            still = read_still(path)
        faces = swapper.find_faces(still.image, timer)
        if not faces:
            raise UserError(NO_FACE)
        chosen = select_faces(faces, select)
        with timer.step("identify"):
            identity = swapper.identify(upload_paths(source))
        result = swapper.swap_faces(still, faces, dict.fromkeys(chosen, identity), timer, blending)
        origin = Origin(swapper.method_name, restore)
        file = write_marked_image(result.picture, new_folder() / result_name(path, suffix), origin)
        report = {
            "method": swapper.method_name,
            "faces": len(result.faces),
            "swapped": result.swapped,
            "milliseconds": {step: round(ms, 1) for step, ms in result.timings.items()},
            "warnings": result.warnings + file.warnings,
        }
        return gr.FileData(path=str(file.path)), report

    api(
        on_gpu(raises_sentences(find_faces)),
        api_name="find_faces",
        concurrency_id=ENGINE,
        concurrency_limit=concurrency,
    )
    api(
        on_gpu(raises_sentences(swap_image)),
        api_name="swap_image",
        concurrency_id=ENGINE,
        concurrency_limit=concurrency,
    )


def blend_settings(values: dict[str, Any]) -> BlendSettings:
    """Blend settings from their names and values, as an endpoint receives them.

    Raises:
        UserError: the setting does not exist, or its value is out of range.
    """
    known = [field.name for field in fields(BlendSettings)]
    for name, value in values.items():
        if name not in known or not isinstance(value, int | float):
            raise UserError(BAD_BLEND.format(name=name, known=", ".join(known)))
    return BlendSettings(**values)
