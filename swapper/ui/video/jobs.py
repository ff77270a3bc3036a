"""A video job of one visitor: it tells where it is, and leaves nothing when it fails or is cancelled."""

import shutil
from collections.abc import Callable
from threading import Event

from swapper.compose.settings import BlendSettings
from swapper.pipeline import FaceSwapper
from swapper.runtime.limits import Limits
from swapper.ui.files import new_folder, result_name
from swapper.ui.plan import Plan
from swapper.video.job import VideoProgress, VideoResult, VideoSettings

FORMATS = {"MP4": ".mp4", "GIF": ".gif"}  # MP4 is what every browser plays

Tell = Callable[[VideoProgress], object]
Work = Callable[[str, Tell, Event], VideoResult]  # writes to a path, tells where it is, and ends when the event is set


def video_work(
    load: Callable[[], FaceSwapper],
    plan: Callable[[FaceSwapper], Plan],
    target: str,
    part: VideoSettings,
    blend: BlendSettings,
    limits: Limits,
) -> Work:
    """The job of swapping a video; nothing is done yet.

    Args:
        load: gives the swapper.
        plan: says who becomes whom.
        target: path of the video.
        part: trim, quality and steadiness.
        blend: how faces are blended in.
        limits: what is allowed on this machine.
    """

    def work(path: str, tell: Tell, cancel: Event) -> VideoResult:
        swapper = load()
        found = plan(swapper)
        return swapper.swap_video(
            found.source,
            target,
            path,
            tell,
            select=found.select,
            people=found.roles,
            blend=blend,
            settings=part,
            limits=limits,
            cancel=cancel,
        )

    return work


def run_job(
    target: str, work: Work, suffix: str = FORMATS["MP4"], tell: Tell | None = None, cancel: Event | None = None
) -> VideoResult:
    """Run a job in a new folder, which is removed if the job fails.

    Args:
        target: path of the video, which names the result.
        work: the job.
        suffix: of the result, from ``FORMATS``.
        tell: is told where the job is.
        cancel: set it from another thread to end the job.

    Raises:
        UserError: the job cannot be done, or it was cancelled.
    """
    folder = new_folder()
    try:
        return work(str(folder / result_name(target, suffix)), tell or (lambda _now: None), cancel or Event())
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
