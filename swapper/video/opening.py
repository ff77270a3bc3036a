"""Opening files that may be videos, and nothing that they point to."""

from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream
from PIL import Image

from swapper.errors import UserError
from swapper.images import READABLE
from swapper.reading.headers import brands
from swapper.runtime.limits import Limits
from swapper.runtime.there import exists, is_file
from swapper.video.animation_reading import is_animated_webp, webp_as_video
from swapper.video.failures import reading, reason
from swapper.video.references import refers_elsewhere

# Formats of one self-contained file; playlists and scripts that name other files or addresses are not among them.
_READABLE = (
    *("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "gif", "mpegts", "mpeg", "mpegvideo", "flv", "asf", "ogg"),
    *("nut", "mxf", "dv", "wtv", "rm", "h264", "hevc", "av1", "obu", "ivf", "m4v", "apng", "swf", "yuv4mpegpipe"),
    *("mp3", "aac", "flac", "wav", "aiff", "amr", "ac3", "caf"),  # sound alone, to say so
)
_SAFE = {
    "protocol_whitelist": "file",
    "format_whitelist": ",".join(_READABLE),
    "enable_drefs": "0",  # of QuickTime and MP4: what is in other files stays there
    "use_absolute_path": "0",
}


def open_video(path: Path, most_pixels: int | None = None) -> InputContainer:
    """Open a file for reading.

    Args:
        path: of the file.
        most_pixels: of a frame, beyond which nothing is decoded; that of the environment when None.

    Raises:
        UserError: the file is missing or not a readable video.
    """
    name, most = f"Video '{path}'", most_pixels or Limits.from_environment().max_pixels
    if not exists(path):
        raise UserError(f"{name}: file not found. Check the path.")
    if not is_file(path):
        raise UserError(f"{name}: this is not a file. Give a video file.")
    if not path.stat().st_size:
        raise UserError(f"{name}: the file is empty. Copy or download it again.")
    try:
        with reading(name):
            if _is_still_avif(path):
                raise ValueError("one picture")
            file = webp_as_video(path, name, most) if is_animated_webp(path) else str(path.resolve())
            options = {**_SAFE, "max_pixels": str(most)}  # which holds for the frames that are looked at here, too
            container = av.open(file, "r", options=options, metadata_errors="replace")
        for stream in container.streams.video:
            if stream.codec_context is not None:
                stream.codec_context.options = {"max_pixels": str(most)}
        if "mov" in container.format.name and refers_elsewhere(path):
            container.close()
            raise UserError(
                f"{name}: its pictures or sound are in another file, which is not opened. "
                "Save it as one file that holds everything."
            )
        return container
    except (FFmpegError, OSError, ValueError) as error:
        if _is_picture(path):
            raise UserError(f"{name}: this is a still picture. Swap it as an image.") from error
        raise UserError(
            f"{name}: this is not a readable video, or it is cut off ({reason(error)}). Copy it again."
        ) from error


def _is_still_avif(path: Path) -> bool:
    """FFmpeg would read it as a video of one frame."""
    with path.open("rb") as file:
        known = brands(file.read(1024))
    return b"avif" in known and b"avis" not in known


def _is_picture(path: Path) -> bool:
    try:
        with Image.open(path, formats=READABLE):
            return True
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def pictures_of(container: InputContainer, name: str) -> VideoStream:
    """The moving pictures of a file, not its cover.

    Args:
        container: open.
        name: of the file, for the message.

    Raises:
        UserError: there are none.
    """
    pictures = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    streams = [s for s in pictures if s.codec_context is not None]
    if pictures and not streams:
        raise UserError(f"{name}: its video format cannot be decoded. Convert it to MP4.")
    if not streams:
        what = "sound but no pictures" if container.streams.audio else "no pictures"
        raise UserError(f"{name}: it contains {what}. Give a video.")
    moving = [s for s in streams if s.frames > 1] or streams  # an AVIF holds its first frame twice
    stream = max(moving, key=lambda s: (s.codec_context.width or 0) * (s.codec_context.height or 0))
    if stream.codec_context.name.startswith("enc") or stream.codec_tag in ("encv", "drmi"):
        raise UserError(f"{name}: it is encrypted. Give a file without copy protection.")
    return stream
