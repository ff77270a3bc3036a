"""Reading animated pictures: how often they are played, and WebP, which FFmpeg cannot read, as a video that it can."""

import tempfile
from fractions import Fraction
from pathlib import Path
from typing import IO

import av
import numpy as np
from av.video.stream import VideoStream
from PIL import Image

from swapper.errors import UserError

_MOST_PIXELS = 1 << 30  # of all frames together: they are kept on disk while they are read
_ANIMATION = 2  # bit of the features
_TICK = Fraction(1, 1000)  # seconds


def is_animated_webp(path: Path) -> bool:
    """Whether a file says that it is one.

    Args:
        path: of a file.

    Source: RFC 9649, section 2.7.
    """
    with path.open("rb") as file:
        head = file.read(21)
    return head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and len(head) == 21 and bool(head[20] & _ANIMATION)


def webp_as_video(path: Path, name: str, most_pixels: int) -> IO[bytes]:
    """The same pictures at the same times, without loss, in a file that goes with the object.

    Args:
        path: of an animated WebP.
        name: of the video, as messages begin.
        most_pixels: of a frame.

    Raises:
        UserError: it is larger than what is allowed on this machine.
        OSError: it is damaged, or the disk is full.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the reader closes it
    with Image.open(path, formats=["WEBP"]) as image:
        count, pixels = getattr(image, "n_frames", 1), image.width * image.height
        if pixels > most_pixels:
            raise UserError(
                f"{name}: its frames have {pixels / 1e6:.0f} megapixels, more than the limit of "
                f"{most_pixels / 1e6:g}. Make it smaller."
            )
        if count * pixels > _MOST_PIXELS:
            raise UserError(
                f"{name}: it has {count} frames of {image.width} x {image.height} pixels, more than a WebP may have "
                "here. Convert it to a video first."
            )
        with av.open(file, "w", format="matroska") as out:
            stream = out.add_stream("ffv1", rate=25)
            assert isinstance(stream, VideoStream), "FFV1 is pictures"
            stream.width, stream.height, stream.pix_fmt = image.width, image.height, "bgra"
            stream.codec_context.time_base, at = _TICK, 0
            for number in range(count):
                image.seek(number)
                frame = av.VideoFrame.from_ndarray(np.asarray(image.convert("RGBA")), "rgba")
                frame.pts, frame.time_base = at, _TICK
                lasting = max(round(image.info.get("duration") or 0), 1)
                for packet in stream.encode(frame.reformat(format="bgra")):
                    packet.duration = lasting
                    out.mux_one(packet)
                at += lasting
            out.mux(stream.encode(None))
    file.seek(0)
    return file


def plays_of(path: Path) -> int:
    """How often an animated picture is played; 0 for ever, as other videos become where they are turned into one.

    Args:
        path: of a file.
    """
    try:
        with Image.open(path, formats=["GIF", "WEBP", "PNG"]) as image:
            said, is_gif = image.info.get("loop"), image.format == "GIF"
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return 0
    if is_gif:  # it counts how often it is repeated, or says nothing where it is not
        return 1 if said is None else said + 1 if said else 0
    return int(said or 0)
