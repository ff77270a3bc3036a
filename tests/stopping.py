"""Stopping a video job in the middle."""

from collections.abc import Callable

from swapper.video.job import VideoProgress


class Stop(Exception):
    """What ends it."""


def stop_at(frame: int) -> Callable[[VideoProgress], None]:
    """A progress function that ends the job after so many frames."""

    def progress(now: VideoProgress) -> None:
        if now.frames == frame:
            raise Stop

    return progress
