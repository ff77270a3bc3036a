"""Decoded pictures in the numbers of the video itself, so that only what is swapped goes through RGB and back."""

from collections.abc import Sequence

import av
import cv2
import numpy as np
from jaxtyping import UInt8

from swapper.video.colors import Colors, to_rgb, to_yuv

_SIMILAR = 64  # px: boxes grow to multiples of this, so that a moving face needs no new converter for every frame


class Picture:
    """An 8-bit picture with chroma of half the size, as encoders take it.

    Attributes:
        numbers: luma and under it both chroma planes, as FFmpeg lays out yuv420p.
        colors: what the numbers mean.
    """

    def __init__(self, numbers: UInt8[np.ndarray, "a w"], colors: Colors):
        """Take the numbers over."""
        self.numbers, self.colors = numbers, colors

    @classmethod
    def of(cls, frame: av.VideoFrame, colors: Colors) -> "Picture | None":
        """The picture of a decoded frame; None where an encoder would need other numbers.

        Args:
            frame: as decoded, any pixel format.
            colors: what its video says.
        """
        fits = frame.format.name in ("yuv420p", "yuvj420p") and frame.width % 2 == frame.height % 2 == 0
        if not fits or colors.high_range:
            return None
        return cls(frame.to_ndarray(), colors)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return len(self.numbers) * 2 // 3, self.numbers.shape[1]

    @property
    def luma(self) -> UInt8[np.ndarray, "h w"]:
        """Its luma, which may be changed."""
        return self.numbers[: self.size[0]]

    def frame(self) -> av.VideoFrame:
        """For an encoder; it may share the numbers."""
        whole = self.size[0] % 4 == 0  # PyAV shares only arrays whose planes begin with a row
        share = av.VideoFrame.from_numpy_buffer if whole else av.VideoFrame.from_ndarray
        return share(self.numbers, "yuv420p")

    def to_rgb(self) -> UInt8[np.ndarray, "h w 3"]:
        """Its pixels."""
        return to_rgb(self.frame(), self.colors)

    def repaint(self, image: UInt8[np.ndarray, "h w 3"], boxes: Sequence[tuple[int, int, int, int]]) -> None:
        """Take parts over from an RGB version that was changed there; all else keeps its exact numbers.

        Args:
            image: RGB, of the same size.
            boxes: left, top, right, bottom of the changed parts.
        """
        height, width = self.size
        for box in boxes:
            left, right = _widened(box[0], box[2], width)
            top, bottom = _widened(box[1], box[3], height)
            part = np.ascontiguousarray(image[top:bottom, left:right])
            drawn = to_yuv(part, self.colors, right - left, bottom - top, matrix_height=height).to_ndarray()
            for mine, fresh in zip(_planes(self.numbers), _planes(drawn), strict=True):
                half = height // len(mine)
                mine[top // half : bottom // half, left // half : right // half] = fresh

    def add_to_luma(self, change: UInt8[np.ndarray, "2 h w"]) -> None:
        """Make it brighter and darker.

        Args:
            change: what is added, and what is taken away.
        """
        cv2.subtract(cv2.add(self.luma, change[0]), change[1], dst=self.luma)


class TimedFrame:
    """A picture and when it is shown.

    Attributes:
        pts: when it appears, ticks of the video's time base since the video's (or the trimmed part's) begin.
        duration: how long it stays, ticks.
    """

    def __init__(self, image: UInt8[np.ndarray, "h w 3"] | Picture, pts: int, duration: int):
        """Take a picture over, RGB or in the numbers of its video."""
        self._image, self._picture = (None, image) if isinstance(image, Picture) else (image, None)
        self.pts, self.duration = pts, duration

    @property
    def image(self) -> UInt8[np.ndarray, "h w 3"]:
        """RGB, made when it is first asked for; the array may be changed, which does not change ``picture``."""
        if self._image is None:
            assert self._picture is not None, "a frame has one of the two"
            self._image = self._picture.to_rgb()
        return self._image

    @image.setter
    def image(self, image: UInt8[np.ndarray, "h w 3"]) -> None:
        self._image, self._picture = image, None

    @property
    def picture(self) -> Picture | None:
        """In the numbers of its video, where it was decoded to such as an encoder can take."""
        return self._picture

    def forget_image(self) -> None:
        """Make ``image`` anew from ``picture`` when it is next asked for."""
        if self._picture is not None:
            self._image = None


def _planes(numbers: UInt8[np.ndarray, "a w"]) -> list[UInt8[np.ndarray, "_ _"]]:
    """Views of luma and both chroma planes."""
    height, width = len(numbers) * 2 // 3, numbers.shape[1]
    chroma = numbers[height:].reshape(2, height // 2, width // 2)
    return [numbers[:height], chroma[0], chroma[1]]


def _widened(low: int, high: int, most: int) -> tuple[int, int]:
    """An even range around another, of one of few lengths; ``most`` is even."""
    length = min(-(-(high - low + 1) // _SIMILAR) * _SIMILAR, most)
    low = min(low // 2 * 2, most - length)
    return low, low + length
