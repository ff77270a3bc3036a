"""Writing video: the formats on offer, and the segments a long job is written in."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from swapper.errors import UserError
from swapper.registry.encoders import ENCODERS, USUAL, EncoderInfo, check_encoder
from swapper.runtime.whole_file import writable_path
from swapper.video.colors import Colors, to_yuv
from swapper.video.failures import OutputError, encoding, writing
from swapper.video.info import VideoInfo
from swapper.video.journal import Segment
from swapper.video.picture import TimedFrame


@dataclass(frozen=True)
class OutputFormat:
    """How videos with one suffix are written.

    Attributes:
        container: FFmpeg's name of the file format.
        encoders: of the pictures, the usual one first; for an animated picture, of the segments it is made of.
        audio: codecs that are copied as they are.
        fallback: codec of sound that cannot be copied; None where there is no sound.
        file_options: of the container.
        edits: a file can say that its sound begins before its pictures are shown.
        subtitles: codecs that are copied as they are.
        text: codec of other subtitles that are text; None where there are none.
        animated: it is an animated picture.
    """

    container: str
    encoders: tuple[str, ...]
    audio: frozenset[str]
    fallback: str | None
    file_options: dict[str, str]
    edits: bool = False
    subtitles: frozenset[str] = frozenset()
    text: str | None = None
    animated: bool = False

    @property
    def encoder(self) -> EncoderInfo:
        """What the pictures are encoded with."""
        return ENCODERS[self.encoders[0]]


_APPLE, _MP4 = ("h264", "h265"), ("h264", "h265", "av1")
_MKV, _WEBM = (*_MP4, "vp9"), ("vp9", "av1")
_MP4_SOUND = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})
_MOV_SOUND = frozenset({"aac", "mp3", "ac3", "alac", "pcm_s16le", "pcm_s24le", "pcm_s16be", "pcm_s24be"})
_MKV_SOUND = _MP4_SOUND | _MOV_SOUND | {"vorbis", "dts", "truehd", "mp2", "wavpack"}
_TIMED_TEXT, _WEBVTT = frozenset({"mov_text"}), frozenset({"webvtt"})
_MKV_SUBTITLES = frozenset({"subrip", "ass", "ssa", "webvtt", "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle"})
_FAST_START = {"movflags": "+faststart"}

FORMATS: dict[str, OutputFormat] = {
    ".mp4": OutputFormat("mp4", _MP4, _MP4_SOUND, "aac", _FAST_START, True, _TIMED_TEXT, "mov_text"),
    ".m4v": OutputFormat("mp4", _MP4, _MP4_SOUND, "aac", _FAST_START, True, _TIMED_TEXT, "mov_text"),
    ".mov": OutputFormat("mov", _APPLE, _MOV_SOUND, "aac", _FAST_START, True, _TIMED_TEXT, "mov_text"),
    ".mkv": OutputFormat("matroska", _MKV, _MKV_SOUND, "aac", {}, False, _MKV_SUBTITLES, "subrip"),
    ".webm": OutputFormat("webm", _WEBM, frozenset({"opus", "vorbis"}), "libopus", {}, False, _WEBVTT, "webvtt"),
    **{
        f".{name}": OutputFormat(name, ("h264",), frozenset(), None, {}, animated=True)
        for name in ("gif", "webp", "apng", "avif")
    },
}
# A segment begins with a picture that needs no other, as one in so many does anyway; large ones take longer, and what
# is in an unfinished segment is lost by a crash.
SEGMENT_FRAMES, _LEAST_FRAMES, _USUAL_PIXELS = 250, 50, 1280 * 720
# With the instructions of AVX-512, which save it no time, x264's rate control does not always choose alike for the same
# pictures: up to 20 of 100 encodings differed, with one thread as with many; without them none of some hundreds.
_AVX512_SKX = 256  # OpenCV's number for the instructions that x264 asks for
_REPEATABLE = {"x264-params": "asm=AVX2"}
NOT_HELD = "Encoder '{name}': a {suffix} file does not hold its pictures. Choose one of: {known}."
QUALITY = 18  # constant rate factor: 0 keeps everything, 51 is worst; 18 looks like the original


def check_video_output(path: str | Path, encoder: str = USUAL) -> OutputFormat:
    """Make sure that a video can be written to a path, before any work is done for it.

    Args:
        path: of the video.
        encoder: one of ``encoder_choices()``; it makes no difference to animated pictures.

    Raises:
        UserError: the suffix is not a supported format or does not go with the encoder, or the folder does not exist.
    """
    return format_of(writable_path(path, FORMATS).suffix, encoder)


def format_of(suffix: str, encoder: str = USUAL) -> OutputFormat:
    """How a video is written.

    Args:
        suffix: of its name, one of ``FORMATS`` in any case.
        encoder: as of ``check_video_output``.

    Raises:
        UserError: they do not go together.
    """
    suffix = suffix.lower()
    how = FORMATS[suffix]
    if check_encoder(encoder) == USUAL or how.animated:
        return how
    if encoder not in how.encoders:
        raise UserError(NOT_HELD.format(name=encoder, suffix=suffix, known=", ".join([USUAL, *how.encoders])))
    return replace(how, encoders=(encoder,))


def segment_length(info: VideoInfo) -> int:
    """Frames of each segment but the last: the same in every run, or a stopped job would end otherwise than another.

    Args:
        info: of the video.
    """
    wanted = SEGMENT_FRAMES * _USUAL_PIXELS // max(info.width * info.height, 1)
    return min(max(wanted, _LEAST_FRAMES), SEGMENT_FRAMES)


class SegmentWriter:
    """Encodes frames into one NUT file, which keeps any video's times exactly."""

    def __init__(
        self,
        path: Path,
        info: VideoInfo,
        how: OutputFormat,
        quality: int = QUALITY,
        output: Path | None = None,
        mark: str = "",
    ):
        """Open the file and the encoder.

        Args:
            path: of the file to write.
            info: the video the frames come from.
            how: the format of the finished video.
            quality: constant rate factor.
            output: the finished video, which errors name; ``path`` when None.
            mark: what the file says of itself.

        Raises:
            OutputError: the file cannot be written, or pictures like these not be encoded.
        """
        self._path, self._info, self._output = path, info, output or path
        self._colors: Colors = info.colors.for_output(info.is_rgb)
        with writing(self._output):
            self._container = av.open(str(path), "w", format="nut")
        with encoding(self._output):
            self._stream = _stream(self._container, info, how, quality, self._colors)
        if mark:
            self._container.metadata["comment"] = mark
        self._frames = self._changed = self._end = 0

    def write(self, frame: TimedFrame, changed: bool) -> None:
        """Encode one frame; times must rise.

        Args:
            frame: the picture.
            changed: whether a face was swapped in it.

        Raises:
            OutputError: it cannot be encoded or written.
        """
        own = frame.picture
        width, height = self._stream.width, self._stream.height
        with encoding(self._output):
            picture = to_yuv(frame.image, self._colors, width, height) if own is None else own.frame()
            picture.pts, picture.time_base = frame.pts, self._info.time_base
            packets = self._stream.encode(picture)
        with writing(self._output):
            self._container.mux(packets)
        self._frames += 1
        self._changed += changed
        self._end = frame.pts + frame.duration

    def close(self) -> Segment:
        """Finish the file.

        Raises:
            OutputError: it cannot be encoded or written.
        """
        try:
            with encoding(self._output):
                packets = self._stream.encode(None)
            with writing(self._output):
                self._container.mux(packets)
        finally:
            with writing(self._output):
                self._container.close()
        return Segment(self._path, self._frames, self._changed, self._end)

    def discard(self) -> None:
        """Give the segment up."""
        with suppress(FFmpegError, OSError):
            self._container.close()
        self._path.unlink(missing_ok=True)


def _stream(
    container: OutputContainer, info: VideoInfo, how: OutputFormat, quality: int, colors: Colors
) -> VideoStream:
    chosen = how.encoder
    options = {**chosen.options, "crf": str(quality)}
    if chosen.codec == "libx264" and cv2.checkHardwareSupport(_AVX512_SKX):
        options |= _REPEATABLE
    os.environ.setdefault("SVT_LOG", "1")  # SVT-AV1 tells stderr of errors only
    stream = container.add_stream(chosen.codec, rate=_plausible(info.rate), options=options)
    assert isinstance(stream, VideoStream), "the formats name codecs of pictures"
    context = stream.codec_context
    stream.width, stream.height = info.width + info.width % 2, info.height + info.height % 2
    stream.pix_fmt = "yuv420p"
    context.time_base = info.time_base
    if info.pixel_aspect != 1:
        context.sample_aspect_ratio = info.pixel_aspect
    context.colorspace, context.color_trc, context.color_primaries = colors.matrix, colors.transfer, colors.primaries
    context.color_range = 2 if colors.full else 1
    return stream


def _plausible(rate: Fraction) -> Fraction:
    """Variable-rate files name rates like 90000; encoders plan with this one."""
    return rate if 1 <= rate <= 240 else Fraction(30)


def read_segment(segment: Segment) -> Iterator[av.Packet]:
    """Packets of one segment, in order.

    Raises:
        OutputError: there are not as many as were written.
    """
    count = 0
    with av.open(str(segment.path), format="nut") as container:
        for packet in container.demux(container.streams.video[0]):
            if packet.pts is not None:
                count += 1
                yield packet
    if count != segment.frames:
        raise OutputError(
            f"Segment '{segment.path}': it holds {count} pictures of {segment.frames}, so another program changed it. "
            "Run it again."
        )
