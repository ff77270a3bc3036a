"""Writing animated pictures: GIF, WebP, APNG and AVIF with their delays and how often they are played."""

import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.filter import Graph
from av.video.stream import VideoStream

from swapper.runtime.threads import usual_priority
from swapper.video.encode import OutputFormat, read_segment
from swapper.video.info import VideoInfo
from swapper.video.journal import Segment


@dataclass(frozen=True)
class _Kind:
    """How one of the formats is written.

    Attributes:
        codec: of the pictures.
        pixels: format of the pictures.
        options: of the codec.
        tick: seconds of one unit of its delays.
    """

    codec: str
    pixels: str
    options: dict[str, str]
    tick: Fraction = Fraction(1, 1000)


_KINDS = {
    "gif": _Kind("gif", "pal8", {}, Fraction(1, 100)),
    "webp": _Kind("libwebp_anim", "yuv420p", {"quality": "88"}),
    "apng": _Kind("apng", "rgb24", {"pred": "paeth"}),
    "avif": _Kind("libsvtav1", "yuv420p", {"crf": "22", "preset": "8"}),
}
_RATE = 25  # frames a second that encoders plan with
_FRAME_HEAD = 16  # bytes of a WebP frame's place, size, duration and flags


def write_animation(segments: Sequence[Segment], info: VideoInfo, how: OutputFormat, path: Path) -> None:
    """Write the finished file.

    Args:
        segments: in order; their pictures' times count from 0.
        info: the video they were made from.
        how: the format.
        path: of the file to write.
    """
    kind = _KINDS[how.container]
    shown = _delays(segments, info, kind.tick)
    options = _options(how.container, info.plays, list(shown.values())[-1])
    os.environ.setdefault("SVT_LOG", "1")  # or its encoder tells everybody what it does
    with av.open(str(path), "w", format=how.container, options={**how.file_options, **options}) as output:
        stream = output.add_stream(kind.codec, rate=_RATE, options=kind.options)
        assert isinstance(stream, VideoStream), "the formats name codecs of pictures"
        stream.width, stream.height, stream.pix_fmt = info.width, info.height, kind.pixels
        stream.codec_context.time_base = stream.time_base = kind.tick
        with usual_priority():
            stream.codec_context.open()
        for packet in _packets(segments, info, kind, stream, shown):
            output.mux_one(packet)
    if how.container == "webp":
        _set_last_delay(path, list(shown.values())[-1])


def _delays(segments: Sequence[Segment], info: VideoInfo, tick: Fraction) -> dict[int, int]:
    """How long each picture stays, by the time at which it appears; of those at one time the first is shown."""
    times: list[int] = []
    for segment in segments:
        for packet in read_segment(segment):
            at = round((packet.pts or 0) * packet.time_base / tick)
            if not times or at > times[-1]:
                times.append(at)
    end = max(round(segments[-1].end * info.time_base / tick), times[-1] + 1)
    return {at: until - at for at, until in zip(times, [*times[1:], end], strict=True)}


def _options(container: str, plays: int, last: int) -> dict[str, str]:
    """What the file says of its plays, and of its last picture."""
    if container == "gif":
        return {"loop": str(plays - 1 if plays > 1 else -plays), "final_delay": str(last)}
    if container == "apng":
        return {"plays": str(plays), "final_delay": f"{last}/1000"}
    return {"loop": str(plays)}


def _packets(
    segments: Sequence[Segment], info: VideoInfo, kind: _Kind, stream: VideoStream, shown: dict[int, int]
) -> Iterator[av.Packet]:
    waiting = dict(shown)
    for picture in _painted(segments, info, kind):
        at = round((picture.pts or 0) * (picture.time_base or kind.tick) / kind.tick)
        if waiting.pop(at, None) is None:
            continue
        picture.pts, picture.time_base = at, kind.tick
        for packet in stream.encode(picture):
            yield _lasting(packet, shown)
    for packet in stream.encode(None):
        yield _lasting(packet, shown)


def _lasting(packet: av.Packet, shown: dict[int, int]) -> av.Packet:
    packet.duration = shown.get(packet.pts or 0, packet.duration or 0)
    return packet


def _painted(segments: Sequence[Segment], info: VideoInfo, kind: _Kind) -> Iterator[av.VideoFrame]:
    """Pictures of the segments as the codec takes them."""
    graph = None
    for segment in segments:
        with av.open(str(segment.path), format="nut") as container:
            for picture in container.decode(video=0):
                graph = graph or _graph(picture, info, kind)
                graph.vpush(picture)
                painted = graph.vpull()
                if kind.pixels != "yuv420p":  # what holds RGB says so, whatever the segment said
                    painted.colorspace, painted.color_range = 0, 2
                yield painted


def _graph(picture: av.VideoFrame, info: VideoInfo, kind: _Kind) -> Graph:
    """Cuts pictures to the video's size; in a GIF each has a palette of its own, as nothing is known of later ones."""
    graph = Graph()
    base = Fraction(1, 1000)
    begin = graph.add_buffer(
        width=picture.width, height=picture.height, format=picture.format, time_base=picture.time_base or base
    )
    colors = graph.add("format", "rgb24")  # only here can a crop end at an odd pixel
    crop, end = graph.add("crop", f"{info.width}:{info.height}:0:0"), graph.add("buffersink")
    begin.link_to(colors)
    colors.link_to(crop)
    if kind.pixels == "pal8":
        split, generate = graph.add("split"), graph.add("palettegen", "stats_mode=single")
        use = graph.add("paletteuse", "new=1:dither=sierra2_4a")
        crop.link_to(split)
        split.link_to(use, 0, 0)
        split.link_to(generate, 1, 0)
        generate.link_to(use, 0, 1)
        use.link_to(end)
    else:
        wanted = graph.add("format", kind.pixels)
        crop.link_to(wanted)
        wanted.link_to(end)
    graph.configure()
    return graph


def _set_last_delay(path: Path, delay: int) -> None:
    """Say how long the last frame of a WebP stays, which FFmpeg guesses.

    Source: RFC 9649, section 2.7.1.1.
    """
    with path.open("r+b") as file:
        at, end, last = 12, path.stat().st_size, None
        while at + 8 <= end:
            file.seek(at)
            name, size = struct.unpack("<4sI", file.read(8))
            last = at + 8 if name == b"ANMF" and size >= _FRAME_HEAD else last
            at += 8 + size + size % 2
        if last is not None:
            file.seek(last + 12)
            file.write(min(delay, (1 << 24) - 1).to_bytes(3, "little"))
