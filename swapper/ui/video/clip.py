"""The target video of a session: what it is, its frames, and a preview of the swap."""

from contextlib import closing
from dataclasses import dataclass, replace
from math import floor

import numpy as np
from jaxtyping import UInt8

from swapper.compose.settings import BlendSettings
from swapper.pipeline import FaceSwapper
from swapper.provenance import MarkSettings
from swapper.runtime.limits import Limits
from swapper.studies.previews import shrink
from swapper.types import UserError
from swapper.ui.plan import Plan
from swapper.video.io import VideoReader
from swapper.video.job import VideoSettings, check_limits
from swapper.video.marks import FrameMarker
from swapper.video.request import origin_of

STEP = 0.1  # seconds, of the sliders
SHOWN_SIDE = 960  # px, longer side of frames on the page
NO_FACE = "Frame: no face was found at {time}. Move the slider to a frame that shows one."
NOBODY_CHOSEN = (
    "Frame: none of the people you chose was recognised at {time}. Move the slider to a frame that shows them."
)


@dataclass(frozen=True)
class Clip:
    """A video that may be swapped.

    Attributes:
        path: of the upload.
        seconds: its length.
        rate: frames a second.
        width: of the upright pictures, pixels.
        height: of the upright pictures, pixels.
        longest: seconds that may be swapped at once.
    """

    path: str
    seconds: float
    rate: float
    width: int
    height: int
    longest: float

    @property
    def last(self) -> float:
        """Where the sliders end, seconds."""
        return round(max(floor(self.seconds / STEP + 1e-6) * STEP, STEP), 3)  # the page shows all digits

    def part(self, start: float, end: float, whole: VideoSettings | None = None) -> VideoSettings:
        """Settings of a job on a part of the video.

        Args:
            start: seconds.
            end: seconds; the whole rest when it is where the sliders end.
            whole: settings that say the rest; the usual ones when None.

        Raises:
            UserError: this is not a part of a video.
        """
        last = None if end >= self.last - STEP / 2 else end
        return replace(whole or VideoSettings(), start=start, end=last)


def open_clip(path: str, limits: Limits) -> Clip:
    """Look at a video.

    Args:
        path: of the file.
        limits: what is allowed on this machine.

    Raises:
        UserError: it is not a readable video, or it is too large whatever part is chosen.
    """
    info = VideoReader(path, limits).info
    longest = min(limits.max_video_seconds, limits.max_video_frames / max(float(info.rate), 1))
    check_limits(info, VideoSettings(end=longest if info.duration > longest else None), limits)
    return Clip(path, info.duration, float(info.rate), info.width, info.height, longest)


def frame_at(clip: Clip, seconds: float, limits: Limits) -> UInt8[np.ndarray, "h w 3"]:
    """The frame on view at a time.

    Args:
        clip: the video.
        seconds: from its begin.
        limits: what is allowed on this machine.

    Raises:
        UserError: the file is cut off before.
    """
    with closing(VideoReader(clip.path, limits).samples([min(max(seconds, 0), clip.seconds)])) as frames:
        frame = next(frames, None)
    if frame is None:
        raise UserError(f"Video '{clip.path}': it has no frame there. Choose another part.")
    return frame.image


def preview_swap(
    swapper: FaceSwapper, image: UInt8[np.ndarray, "h w 3"], plan: Plan, blend: BlendSettings, time: str
) -> UInt8[np.ndarray, "a b 3"]:
    """A frame as the finished video will about show it, reduced and marked.

    Args:
        swapper: does it.
        image: RGB.
        plan: who becomes whom.
        blend: how faces are blended in.
        time: of the frame, for messages.

    Raises:
        UserError: the frame shows no face that changes.
    """
    faces = swapper.find_faces(image)
    if not faces:
        raise UserError(NO_FACE.format(time=time))
    assignment = plan.assign(swapper, image, faces)
    if not assignment:
        raise UserError(NOBODY_CHOSEN.format(time=time))
    swapped = swapper.swap_faces(image, faces, assignment, blend=blend).image
    marker = FrameMarker(origin_of(swapper, plan.sources), MarkSettings.from_environment())
    return marker.mark(np.array(shrink(swapped, SHOWN_SIDE)))
