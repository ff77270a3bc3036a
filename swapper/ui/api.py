"""The app's named endpoints, for ``gradio_client`` and other programs."""

from collections.abc import Mapping
from typing import Any, Literal, TypedDict

import gradio as gr
from gradio.events import api

from swapper.faces.pose import head_pose
from swapper.faces.select import select_faces, selection
from swapper.images import read_image, read_still
from swapper.provenance import Origin, write_marked_image
from swapper.restore.default import default_restorer
from swapper.runtime import values
from swapper.runtime.limits import Limits
from swapper.runtime.timing import StepTimer
from swapper.types import UserError
from swapper.ui.consent import CONSENT_ARGUMENT, require_consent
from swapper.ui.files import new_folder, raises_sentences, result_name, upload_path, upload_paths
from swapper.ui.gpu import on_gpu
from swapper.ui.image.target import NO_FACE
from swapper.ui.layout import ENGINE, FORMATS
from swapper.ui.people import NOBODY, faces_of_people, people_pairs
from swapper.ui.settings_panel import blend_settings
from swapper.ui.swappers import SwapperCache, check_upscaler
from swapper.ui.terms import TRUST_ARGUMENT, require_trust

NO_TARGET = "Target: no photo was given. Pass the photo to change."


class UploadMark(TypedDict):
    """What tells Gradio that a value is a file, so that clients send it first."""

    _type: Literal["gradio.FileData"]


class Upload(TypedDict):
    """A file as an endpoint receives it."""

    path: str
    meta: UploadMark


def file_suffix(file_format: Any, known: Mapping[str, str]) -> str:
    """Suffix of the files of a format.

    Args:
        file_format: its name as an endpoint receives it, in letters of either size.
        known: suffixes by name.

    Raises:
        UserError: there is no such format.
    """
    word = file_format.upper() if isinstance(file_format, str) else file_format
    return known[values.choice("Format", word, known)]


def add_endpoints(swappers: SwapperCache, limits: Limits) -> None:
    """Add ``/find_faces`` and ``/swap_image``; called inside Blocks.

    Args:
        swappers: shared by all sessions.
        limits: what is allowed on this machine.
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
        trust: bool = False,
        people: list[dict] | None = None,
        upscale: str = "none",
    ) -> tuple[gr.FileData, dict]:
        """Put the source person's face on faces of the target photo; returns the picture and a report.

        Args:
            source: one or several photos of one person; may be empty where people are given.
            target: the photo that is changed.
            consent: True if everyone whose face is used has agreed; nothing is swapped otherwise.
            select: all, largest, or a face's number counted from the largest, 0 first.
            method: the app's recommended method when empty.
            restore: none, or a restoration of this app; its usual one for photos when empty.
            blend: settings by name, such as feather, grow, forehead, color; defaults where left out.
            file_format: PNG or JPEG.
            trust: True to use published weights that are unverified; nothing in them can run code.
            people: {"source": photo, "reference": photo} each: whoever resembles the reference becomes the source, and
                others are left alone unless there is a source for them, too.
            upscale: none, or an upscaler of this app, which enlarges the whole picture.
        """
        require_consent(consent, CONSENT_ARGUMENT)
        suffix, chosen = file_suffix(file_format, FORMATS), selection(select)
        blending = blend_settings(blend)
        name, restorer = values.text("Method", method), values.text("Restoration", restore) or default_restorer()
        upscaler = check_upscaler(values.text("Upscaling", upscale) or "none")
        require_trust(trust, [name], restorer, upscaler, sentence=TRUST_ARGUMENT)
        photos = upload_paths(source, files=limits.max_source_photos)
        pairs = people_pairs(people, limits.max_source_photos)
        path = upload_path(target, NO_TARGET)
        swapper, timer = swappers.get(name, restorer), StepTimer()
        with timer.step("decode"):
            still = read_still(path)
        faces = swapper.find_faces(still.image, timer)
        if not faces:
            raise UserError(NO_FACE)
        changed = select_faces(faces, chosen)
        with timer.step("identify"):
            others = dict.fromkeys(changed, swapper.identify(photos)) if photos or not pairs else {}
            assigned = {**others, **faces_of_people(swapper, still.image, faces, pairs)}
        if not assigned:
            raise UserError(NOBODY)
        result = swapper.swap_faces(still, faces, assigned, timer, blending, upscale=upscaler)
        origin = Origin(swapper.method_name, restorer, len(set(map(id, assigned.values()))), upscaler)
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
        concurrency_limit=limits.concurrency,
    )
    api(
        on_gpu(raises_sentences(swap_image)),
        api_name="swap_image",
        concurrency_id=ENGINE,
        concurrency_limit=limits.concurrency,
    )
