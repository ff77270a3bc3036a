"""Pixels of more than 8 bits, of files from which Pillow takes 8."""

import io
from functools import partial

import av
import cv2
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from jaxtyping import UInt16

MATRICES = {  # by the codes of ITU-T H.273
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}


def deep_png(data: bytes) -> UInt16[np.ndarray, "h w 3"] | None:
    """Colours of a PNG with 16 bits a channel, without its transparency; None of any other, and of damaged ones.

    Args:
        data: the file.
    """
    if data[24:25] != b"\x10":
        return None
    pixels = decode_quietly(data)
    if pixels is None or pixels.dtype != np.uint16:
        return None
    return np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., :3])


def decode_quietly(data: bytes) -> np.ndarray | None:
    """Whatever numbers OpenCV finds in a file, channels in the order RGB(A); None where it finds none.

    Args:
        data: the file; what it says about its size has been checked.
    """
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # what is wrong is said in our own sentences
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    finally:
        cv2.utils.logging.setLogLevel(level)
    if pixels is None or pixels.ndim == 2:
        return pixels
    return np.ascontiguousarray(pixels[..., [2, 1, 0, 3][: pixels.shape[2]]])


def deep_avif(data: bytes, matrix: int, full: bool) -> UInt16[np.ndarray, "h w 3"] | None:
    """Colours of an AVIF file with more than 8 bits a channel; None of any other, and of those made of tiles.

    Args:
        data: the file.
        matrix: of YUV, as its container says.
        full: luma uses the whole range, as its container says.
    """
    if matrix not in MATRICES:
        return None
    try:
        with av.open(io.BytesIO(data), "r", format="mov") as container:
            frame = next(container.decode(video=0), None)
            if frame is None or frame.format.components[0].bits <= 8:
                return None
            convert = partial(VideoReformatter().reformat, frame, format="rgb48le", threads=1)
            return convert(
                src_colorspace=MATRICES[matrix],
                src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
                dst_color_range=ColorRange.JPEG,
            ).to_ndarray()
    except (FFmpegError, OSError, ValueError, IndexError):
        return None
