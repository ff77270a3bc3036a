"""A video job of one visitor: it works in a thread, tells where it is, and ends when nobody waits for it any more."""

import shutil
from collections.abc import Callable, Generator
from queue import Empty, Queue
from threading import Event, Thread

from swapper.compose.settings import BlendSettings
from swapper.pipeline import FaceSwapper
from swapper.runtime.limits import Limits
from swapper.ui.files import new_folder, result_name
from swapper.ui.video.plan import Plan
from swapper.video.job import VideoProgress, VideoResult, VideoSettings

LOOK_EVERY = 0.5  # seconds from one look at a job to the next
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


def run_job(target: str, work: Work, suffix: str = FORMATS["MP4"]) -> VideoResult:
    """Run a job in a new folder, which is removed if the job fails.

    Args:
        target: path of the video, which names the result.
        work: the job.
        suffix: of the result, from ``FORMATS``.

    Raises:
        UserError: the job cannot be done.
    """
    return _run(target, work, suffix, lambda _now: None, Event())


def follow(
    target: str, work: Work, suffix: str = FORMATS["MP4"]
) -> Generator[VideoProgress | VideoResult | None, None, None]:
    """Run a job in a thread: yields its progress now and then, and its result at the end.

    Closing the generator cancels the job, which then removes what it has written.

    Args:
        target: path of the video, which names the result.
        work: the job.
        suffix: of the result, from ``FORMATS``.

    Yields:
        None as long as no frame is finished.

    Raises:
        UserError: the job cannot be done.
    """
    ended: Queue[VideoResult | BaseException] = Queue()
    latest: list[VideoProgress | None] = [None]
    cancel = Event()

    def tell(now: VideoProgress) -> None:
        latest[0] = now

    def run() -> None:
        try:
            ended.put(_run(target, work, suffix, tell, cancel))
        except BaseException as error:  # raised where the visitor waits
            ended.put(error)

    Thread(target=run, daemon=True).start()
    try:
        while True:
            yield latest[0]
            try:
                outcome = ended.get(timeout=LOOK_EVERY)
            except Empty:
                continue
            if isinstance(outcome, BaseException):
                raise outcome
            yield outcome
            return
    finally:
        cancel.set()  # not joined: Gradio closes generators where waiting would hold up every visitor


def _run(target: str, work: Work, suffix: str, tell: Tell, cancel: Event) -> VideoResult:
    folder = new_folder()
    try:
        return work(str(folder / result_name(target, suffix)), tell, cancel)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
