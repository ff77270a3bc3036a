"""Videos with transparent parts: they are decoded with them, and shown over white."""

from collections.abc import Callable, Sequence

import av
import numpy as np
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream
from jaxtyping import UInt8

# FFmpeg's own decoders of these leave the transparency out, and show what the maker of the file had hidden under it.
_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}

Decode = Callable[[av.Packet], Sequence[av.VideoFrame]]


def decoder_of(stream: VideoStream, most_pixels: int) -> Decode:
    """What decodes the packets of a stream, transparency included.

    Args:
        stream: of pictures.
        most_pixels: of a frame.
    """
    name = _WITH_ALPHA.get(stream.codec_context.name)
    said = {key.lower(): value for key, value in stream.metadata.items()}
    if name is None or said.get("alpha_mode") != "1":
        return lambda packet: packet.decode()  # type: ignore[return-value]
    context = av.CodecContext.create(name, "r")
    context.extradata = stream.codec_context.extradata
    context.options = {"max_pixels": str(most_pixels)}
    return context.decode  # type: ignore[return-value]


def may_be_transparent(frame: av.VideoFrame) -> bool:
    """Whether a frame's pixel format knows transparency.

    Args:
        frame: as decoded.
    """
    return frame.format.name == "pal8" or any(part.is_alpha for part in frame.format.components)


def is_transparent(frame: av.VideoFrame) -> bool:
    """Whether parts of a frame are transparent.

    Args:
        frame: as decoded.
    """
    if not may_be_transparent(frame):
        return False
    return bool(frame.reformat(format="rgba", dst_color_range=ColorRange.JPEG).to_ndarray()[..., 3].min() < 255)


def over_white(rgba: UInt8[np.ndarray, "h w 4"]) -> UInt8[np.ndarray, "h w 3"]:
    """A picture laid over white, RGB.

    Args:
        rgba: its colours, not multiplied by its opacity.
    """
    alpha = rgba[..., 3:].astype(np.uint16)
    if alpha.min() == 255:
        return np.ascontiguousarray(rgba[..., :3])
    return ((rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
