"""What a video file says about its pictures."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from swapper.video.colors import Colors
from swapper.video.orientation import Orientation


@dataclass(frozen=True)
class VideoInfo:
    """What a video file says about its pictures.

    Attributes:
        path: of the file.
        width: of the upright pictures, pixels.
        height: of the upright pictures, pixels.
        orientation: how the stored pictures lie.
        time_base: seconds of one tick of the pictures' times.
        rate: mean frames per second.
        origin: time at which the file begins, seconds; times are counted from it.
        duration: seconds.
        pixel_aspect: width of an upright pixel over its height.
        colors: what the numbers mean.
        is_rgb: the pictures are stored as RGB.
        plays: how often an animated picture is played; 0 for ever.
        interlaced: every frame was taken as two half-pictures, and is read as a whole one.
        transparent: parts of the first frame are; they are shown over white.
        by_order: packets say when they are decoded, not when they are shown: frames are shown at those times, in order.
    """

    path: Path
    width: int
    height: int
    orientation: Orientation
    time_base: Fraction
    rate: Fraction
    origin: Fraction
    duration: float
    pixel_aspect: Fraction
    colors: Colors
    is_rgb: bool
    interlaced: bool = False
    plays: int = 0
    transparent: bool = False
    by_order: bool = False

    @property
    def usual_ticks(self) -> int:
        """How long a frame usually stays, ticks."""
        return max(round(1 / (self.rate * self.time_base)), 1)
