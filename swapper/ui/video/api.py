"""The app's endpoint for videos, for ``gradio_client`` and other programs."""

import gradio as gr
from gradio.events import api

from swapper.faces.select import selection
from swapper.methods.base import default_method
from swapper.pipeline import FaceSwapper
from swapper.restore.default import default_restorer
from swapper.runtime import values
from swapper.runtime.limits import Limits
from swapper.ui.api import Upload, file_suffix
from swapper.ui.consent import CONSENT_ARGUMENT, require_consent
from swapper.ui.files import raises_sentences, upload_path, upload_paths
from swapper.ui.gpu import VIDEO_SECONDS, on_gpu
from swapper.ui.layout import LENGTHY
from swapper.ui.people import people_pairs
from swapper.ui.plan import Plan
from swapper.ui.settings_panel import blend_settings
from swapper.ui.swappers import SwapperCache
from swapper.ui.terms import TRUST_ARGUMENT, require_trust
from swapper.ui.video.jobs import FORMATS, run_job, video_work
from swapper.video.encode import format_of
from swapper.video.job import VideoSettings, check_video_settings
from swapper.video.request import measured_role

NO_TARGET = "Target: no video was given. Pass the video to change."


def add_video_endpoint(swappers: SwapperCache, limits: Limits) -> None:
    """Add ``/swap_video``; called inside Blocks.

    Args:
        swappers: shared by all sessions.
        limits: what is allowed on this machine.
    """

    def swap_video(
        source: list[Upload],
        target: Upload,
        consent: bool = False,
        select: str = "all",
        people: list[dict] | None = None,
        start: float = 0.0,
        end: float | None = None,
        method: str = "",
        restore: str = "",
        blend: dict | None = None,
        quality: int = 18,
        steadiness: float = 1.0,
        file_format: str = "MP4",
        trust: bool = False,
        rate: float | None = None,
        encoder: str = "usual",
    ) -> tuple[gr.FileData, dict]:
        """Put the source person's face on faces of the target video; returns the new video and a report.

        Args:
            source: one or several photos of one person; may be empty where people are given.
            target: the video that is changed.
            consent: True if everyone whose face is used has agreed; nothing is swapped otherwise.
            select: all, largest, or a face's number counted from the largest, 0 first.
            people: {"source": photo, "reference": photo} each: whoever resembles the reference becomes the source, and
                others are left alone unless there is a source for them, too.
            start: second at which the part begins that is kept.
            end: second at which it ends; the end of the video when None.
            method: the app's recommended method for videos when empty.
            restore: none, or a restoration of this app; its usual one for videos when empty.
            blend: settings by name, such as feather, grow, forehead, color; defaults where left out.
            quality: 0 (best) to 51.
            steadiness: of the faces over time, 0 to 1.
            file_format: MP4, or GIF, which has no sound; the target may be one, too.
            trust: True to use published weights that are unverified; nothing in them can run code.
            rate: frames a second at most, 1 to 240; as in the target when None.
            encoder: h265 or av1 instead of the usual H.264 in an MP4; a GIF has its own.
        """
        require_consent(consent, CONSENT_ARGUMENT)
        suffix, chosen = file_suffix(file_format, FORMATS), selection(select)
        blending = blend_settings(blend)
        check_video_settings(start, end, quality, steadiness)
        part = VideoSettings(start, end, int(quality), steadiness, rate, encoder)
        format_of(suffix, encoder)
        name = values.text("Method", method) or default_method(moving=True)
        restorer = values.text("Restoration", restore) or default_restorer(moving=True)
        require_trust(trust, [name], restorer, sentence=TRUST_ARGUMENT)
        photos = upload_paths(source, files=limits.max_source_photos)
        pairs = people_pairs(people, limits.max_source_photos)
        path = upload_path(target, NO_TARGET, limits.max_video_bytes)

        def plan(swapper: FaceSwapper) -> Plan:
            roles = [measured_role(swapper, *pair) for pair in pairs]
            return Plan(swapper.identify(photos) if photos or not roles else None, chosen, roles)

        work = video_work(lambda: swappers.get(name, restorer), plan, path, part, blending, limits)
        result = run_job(path, work, suffix)
        report = {
            "frames": result.frames,
            "swapped": result.swapped,
            "people": result.people,
            "seconds": round(result.seconds, 2),
            "fps": round(result.fps, 2),
            "milliseconds": {step: round(ms, 1) for step, ms in result.timings.items()},
            "warnings": result.warnings,
        }
        return gr.FileData(path=str(result.path)), report

    api(
        on_gpu(raises_sentences(swap_video), seconds=VIDEO_SECONDS),
        api_name="swap_video",
        concurrency_id=LENGTHY,
        concurrency_limit=limits.concurrency,
    )
