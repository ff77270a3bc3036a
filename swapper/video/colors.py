"""From a decoder's colours to RGB and back: matrix, range, and high dynamic range brought down to 8 bits."""

import threading
from dataclasses import dataclass
from functools import cache, partial

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from jaxtyping import Float32, UInt8, UInt16

from swapper.reading.deep import MATRICES
from swapper.reading.encoding import (
    BT2020,
    HLG,
    PQ,
    UNSPECIFIED,
    Encoding,
    encoding,
    light_by_code,
    with_compressed_highlights,
)
from swapper.video.transparency import may_be_transparent, over_white

BT709 = 1  # in every one of the codecs' tables (ITU-T H.273)
_HD_HEIGHT = 720  # pictures this high use BT.709 where nothing else is said


class _Converters(threading.local):
    """Setting a conversion up takes as long as one; a thread's next frame mostly wants the same again."""

    def __init__(self) -> None:
        self.to_rgb, self.to_yuv = VideoReformatter(), VideoReformatter()


_CONVERTERS = _Converters()


@dataclass(frozen=True)
class Colors:
    """How a video's numbers stand for colours; the codes of ITU-T H.273.

    Attributes:
        matrix: of YUV.
        full: luma uses 0..255 instead of 16..235.
        transfer: characteristics.
        primaries: of red, green and blue.
    """

    matrix: int = UNSPECIFIED
    full: bool = False
    transfer: int = UNSPECIFIED
    primaries: int = UNSPECIFIED

    @classmethod
    def of(cls, frame: av.VideoFrame) -> "Colors":
        """What a decoded frame says."""
        return cls(
            matrix=int(frame.colorspace),
            full=int(frame.color_range) == ColorRange.JPEG or frame.format.name.startswith("yuvj"),
            transfer=int(frame.color_trc),
            primaries=int(frame.color_primaries),
        )

    @property
    def high_range(self) -> bool:
        """Whether it is HDR."""
        return self.transfer in (PQ, HLG)

    def for_output(self, is_rgb: bool) -> "Colors":
        """What an 8-bit YUV video made from it should say.

        Args:
            is_rgb: the source holds RGB, whose matrix and range say nothing about YUV.
        """
        if self.high_range or is_rgb:
            return Colors(BT709, False, BT709, BT709)
        return self


def matrix_for(matrix: int, height: int) -> Colorspace:
    """The YUV matrix of a code; by the picture's height where the code says nothing."""
    usual = Colorspace.ITU709 if height >= _HD_HEIGHT else Colorspace.ITU601
    return MATRICES.get(matrix, usual)


def to_rgb(frame: av.VideoFrame, colors: Colors) -> UInt8[np.ndarray, "h w 3"]:
    """Pixels of a decoded frame; transparent parts lie over white, HDR is brought down to SDR.

    Args:
        frame: as decoded, any pixel format.
        colors: what its video says.
    """
    convert = partial(_CONVERTERS.to_rgb.reformat, threads=1)  # several cost more than they save
    how = {
        "src_colorspace": matrix_for(colors.matrix, frame.height),
        "src_color_range": ColorRange.JPEG if colors.full or frame.format.is_rgb else ColorRange.MPEG,
        "dst_color_range": ColorRange.JPEG,
    }
    if colors.high_range:
        return tone_map(convert(frame, format="rgb48le", **how).to_ndarray(), colors.transfer)
    if may_be_transparent(frame):
        return over_white(convert(frame, format="rgba", **how).to_ndarray())
    return convert(frame, format="rgb24", **how).to_ndarray()


def to_yuv(
    image: UInt8[np.ndarray, "h w 3"], colors: Colors, width: int, height: int, matrix_height: int | None = None
) -> av.VideoFrame:
    """A frame for an encoder; where it has to be larger by a pixel, the last row or column is repeated.

    Args:
        image: RGB.
        colors: what the video says.
        width: of the encoder's pictures.
        height: of the encoder's pictures.
        matrix_height: of the whole picture, where the image is a part of it.
    """
    if image.shape[:2] != (height, width):
        more = (0, height - image.shape[0], 0, width - image.shape[1])
        image = cv2.copyMakeBorder(image, *more, cv2.BORDER_REPLICATE)
    frame = av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(image), "rgb24")
    return _CONVERTERS.to_yuv.reformat(
        frame,
        format="yuv420p",
        threads=1,
        src_color_range=ColorRange.JPEG,
        dst_colorspace=matrix_for(colors.matrix, matrix_height or height),
        dst_color_range=ColorRange.JPEG if colors.full else ColorRange.MPEG,
    )


def tone_map(deep: UInt16[np.ndarray, "h w 3"], transfer: int) -> UInt8[np.ndarray, "h w 3"]:
    """Bring BT.2020 RGB with a PQ or HLG curve down to SDR: diffuse white stays, highlights are compressed.

    Args:
        deep: full range, 0..65535.
        transfer: ``PQ`` or ``HLG``.
    """
    light = np.take(_light(transfer), deep >> 4)
    light = with_compressed_highlights(_encoding(transfer).to_bt709(light))
    return np.take(_display_curve(), (np.clip(light, 0, 1) * 4095 + 0.5).astype(np.uint16))


@cache
def _encoding(transfer: int) -> Encoding:
    found = encoding(BT2020, transfer)
    assert found is not None, "both curves of high dynamic range are known"
    return found


def _light(transfer: int) -> Float32[np.ndarray, "4096"]:
    """By 12-bit code value, whose table stays in a processor's cache."""
    found = light_by_code(transfer, 4096)
    assert found is not None, "both curves of high dynamic range are known"
    return found


@cache
def _display_curve() -> UInt8[np.ndarray, "4096"]:
    """8-bit code by linear light in 4095ths, for a display of gamma 2.4."""
    return np.rint(np.linspace(0, 1, 4096) ** (1 / 2.4) * 255).astype(np.uint8)
