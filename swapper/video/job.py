"""Settings, progress and result of a video job."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from swapper.registry.encoders import USUAL, check_encoder
from swapper.runtime import values
from swapper.runtime.limits import Limits
from swapper.types import UserError
from swapper.video.encode import QUALITY
from swapper.video.info import VideoInfo
from swapper.video.picture import TimedFrame

LONGEST = 999_999  # seconds of a video that times are taken for


@dataclass(frozen=True)
class VideoSettings:
    """How a video is swapped.

    Attributes:
        start: seconds from the video's begin.
        end: seconds from the video's begin; its end when None.
        quality: constant rate factor of the result, 0 (best) to 51.
        steadiness: of the faces over time, 0 to 1.
        rate: frames a second at most; as many as the video has when None.
        encoder: of the pictures, from ``registry.encoders``.

    Raises:
        UserError: a value of another kind, or outside its range.
    """

    start: float = 0.0
    end: float | None = None
    quality: int = QUALITY
    steadiness: float = 1.0
    rate: float | None = None
    encoder: str = USUAL

    def __post_init__(self):
        check_video_settings(self.start, self.end, self.quality, self.steadiness, self.rate, self.encoder)

    def rate_of(self, info: VideoInfo) -> float:
        """Frames a second of the result, about.

        Args:
            info: of the video.
        """
        return min(float(info.rate), self.rate or float("inf"))


def check_video_settings(
    start: Any, end: Any, quality: Any, steadiness: Any, rate: Any = None, encoder: Any = USUAL
) -> None:
    """Make sure that ``VideoSettings`` can be made of some values.

    Args:
        start: anything; so are the others.
        end: None is the video's end.
        quality: constant rate factor.
        steadiness: share.
        rate: frames a second; None is the video's own.
        encoder: of the pictures.

    Raises:
        UserError: a value of another kind, or outside its range.
    """
    values.number("Start", start, 0, LONGEST)
    if end is not None and values.number("End", end, 0, LONGEST) <= start:
        raise UserError(
            f"Trim from {start:g} to {end:g}: this is not a part of a video. Give a start of 0 or more and a later end."
        )
    values.whole("Quality", quality, 0, 51)
    values.number("Steadiness", steadiness, 0, 1)
    if rate is not None:
        values.number("Frame rate", rate, 1, 240)
    check_encoder(values.text("Encoder", encoder))


@dataclass(frozen=True)
class VideoProgress:
    """Where a job is.

    Attributes:
        fraction: of the video's length that is finished, 0 to 1.
        frames: finished.
        total: frames in all, estimated.
        fps: frames a second so far.
        seconds_left: estimated.
        frame: finished last.
    """

    fraction: float
    frames: int
    total: int
    fps: float
    seconds_left: float
    frame: TimedFrame

    @property
    def image(self) -> UInt8[np.ndarray, "h w 3"]:
        """The latest finished frame, RGB."""
        return self.frame.image


@dataclass(frozen=True)
class VideoResult:
    """A finished video.

    Attributes:
        path: of its file.
        frames: in it.
        swapped: frames with a swapped face.
        people: told apart.
        seconds: the work took.
        fps: frames a second of this run.
        timings: milliseconds by step, summed over threads.
        warnings: sentences the user should read.
    """

    path: Path
    frames: int
    swapped: int
    people: int
    seconds: float
    fps: float
    timings: dict[str, float]
    warnings: list[str] = field(default_factory=list)


class VideoCancelled(UserError):
    """The job was cancelled; nothing is left of it."""


class Clock:
    """Speed and time left of a job."""

    def __init__(self, length: float, frames: int, rate: float, done: float):
        """Begin, or go on.

        Args:
            length: of the part that is swapped, seconds.
            frames: finished already.
            rate: frames per second of the video.
            done: seconds of the part that are finished already.
        """
        self._length, self._before, self._rate, self._done_before = max(length, 1e-6), frames, rate, done
        self._frames, self._begun = frames, time.perf_counter()

    def tick(self, frame: TimedFrame, seconds: float) -> VideoProgress:
        """Count one more frame.

        Args:
            frame: finished now.
            seconds: of the part, at which it ends.
        """
        self._frames += 1
        spent = max(time.perf_counter() - self._begun, 1e-6)
        left = max(self._length - seconds, 0) * spent / max(seconds - self._done_before, 1e-6)
        return VideoProgress(
            fraction=min(seconds / self._length, 1.0),
            frames=self._frames,
            total=max(round(self._length * self._rate), self._frames),
            fps=(self._frames - self._before) / spent,
            seconds_left=left,
            frame=frame,
        )


def kept_part(info: VideoInfo, settings: VideoSettings) -> tuple[float, float]:
    """First and last second of the part that is swapped.

    Args:
        info: of the video.
        settings: of the job.

    Raises:
        UserError: it lies outside the video.
    """
    if settings.start and settings.start >= info.duration:
        raise UserError(
            f"Video '{info.path}': it lasts {info.duration:.1f} seconds, but the part starts at "
            f"{settings.start:g}. Choose an earlier start."
        )
    return settings.start, info.duration if settings.end is None else min(settings.end, info.duration)


def check_limits(info: VideoInfo, settings: VideoSettings, limits: Limits) -> None:
    """Refuse a video that exceeds the limits of a shared machine.

    Args:
        info: of the video.
        settings: of the job.
        limits: what is allowed.

    Raises:
        UserError: it is too large, too long, or has too many frames.
    """
    name = f"Video '{info.path}'"
    begin, end = kept_part(info, settings)
    megabytes, seconds, rate = info.path.stat().st_size / 2**20, end - begin, float(info.rate)
    found = (
        (megabytes, limits.max_video_bytes / 2**20, "megabytes", "Make it smaller"),
        (seconds, limits.max_video_seconds + 0.5, "seconds", "Choose a shorter part"),
        (rate, limits.max_video_fps + 0.5, "frames a second", "Convert it first"),
        (seconds * settings.rate_of(info), limits.max_video_frames + 1, "frames", "Choose a shorter part"),
    )
    for value, most, unit, advice in found:
        if value > most:
            raise UserError(f"{name}: it has {value:.0f} {unit}, more than the limit of {int(most)}. {advice}.")
