"""Joining finished segments, the original sound and the subtitles into the video that was asked for."""

import heapq
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from swapper.types import UserError
from swapper.video.animation_writing import write_animation
from swapper.video.encode import OutputFormat, read_segment
from swapper.video.failures import no_space, reason
from swapper.video.info import VideoInfo
from swapper.video.journal import Segment
from swapper.video.opening import open_video
from swapper.video.sound import MediaTrack, Span, TrackError, add_tracks, track_packets
from swapper.video.sound_plan import SoundPlan
from swapper.video.subtitles import add_subtitles

if TYPE_CHECKING:
    from av.container.core import Chapter

_TAGGED = ("mp4", "mov")  # formats in which pictures have a tag that players look at
_KEPT_TAGS = ("title", "artist", "comment", "copyright", "date", "creation_time")


def assemble(
    segments: Sequence[Segment], info: VideoInfo, span: Span, how: OutputFormat, path: Path, sound: SoundPlan
) -> int:
    """Write the finished file; a track besides the pictures that fails is left out, as pictures must not be lost.

    Args:
        segments: in order; their pictures' times count from the span's begin.
        info: the video they were made from, whose sound is taken.
        span: the part of it that was swapped.
        how: the format.
        path: of the file to write.
        sound: what becomes of the tracks of sound; says afterwards which were left out, and why.

    Returns:
        Number of the video's tracks of subtitles that are not in the file.
    """
    if how.animated:
        write_animation(segments, info, how, path)
        return 0
    silent: set[int] = set()  # subtitles that failed
    while True:
        try:
            return _write(segments, info, span, how, path, sound, silent) + len(silent)
        except TrackError as error:
            if error.index is None:
                silent |= set(_subtitles(info.path))
            if error.index is None or error.index in sound.choices:
                sound.fall_back(error)
            else:
                silent.add(error.index)


def _subtitles(path: Path) -> list[int]:
    with open_video(path) as source:
        return [stream.index for stream in source.streams.subtitles]


def _write(
    segments: Sequence[Segment],
    info: VideoInfo,
    span: Span,
    how: OutputFormat,
    path: Path,
    sound: SoundPlan,
    silent: Container[int],
) -> int:
    """Try to write the file.

    Raises:
        TrackError: something else than the pictures cannot be written.
    """
    with ExitStack() as stack:
        like = stack.enter_context(av.open(str(segments[0].path), format="nut"))
        output = stack.enter_context(av.open(str(path), "w", format=how.container, options=how.file_options))
        pictures = output.add_stream_from_template(like.streams.video[0], opaque=True)  # only a decoder is known of AV1
        if how.encoder.tag and output.format.name in _TAGGED:
            pictures.codec_context.codec_tag = how.encoder.tag
        pictures.time_base = info.time_base
        walks, tracks, left_out = [_pictures(segments, info, pictures)], dict[int, MediaTrack](), 0
        source = _opened(info, stack, sound)
        if source is not None:
            output.metadata.update({k: v for k, v in source.metadata.items() if k in _KEPT_TAGS})
            output.set_chapters(_chapters(source, span))
            subtitles, left_out = add_subtitles(source, output, how, span, silent)
            tracks = {**add_tracks(source, output, sound.tracks, span), **subtitles}
            walks.append(track_packets(source, tracks, span))
        whose = {track.target.index: index for index, track in tracks.items()}
        with _blamed(None if tracks else pictures.index, whose):
            output.start_encoding()
        for packet in heapq.merge(*walks, key=_time):
            with _blamed(packet.stream_index, whose):
                output.mux_one(packet)
        return left_out


def _chapters(source: InputContainer, span: Span) -> "list[Chapter]":
    """The video's chapters, or what is kept of them, counted from the begin of the part."""
    kept: list[Chapter] = []
    for chapter in source.chapters():
        base = chapter["time_base"] or Fraction(1, 1000)
        begin, end = (chapter[side] * base for side in ("start", "end"))
        begin, end = max(begin, span.begin), end if span.end is None else min(end, span.end)
        if begin < end:
            start, stop = (round((time - span.begin) / base) for time in (begin, end))
            kept.append({**chapter, "id": len(kept), "start": start, "end": stop})
    return kept


def _opened(info: VideoInfo, stack: ExitStack, sound: SoundPlan) -> InputContainer | None:
    """The video; None where it has gone since its pictures were read, and its sound with it."""
    try:
        return stack.enter_context(open_video(info.path))
    except UserError as error:
        sound.fall_back(TrackError(None, str(error).split(": ", 1)[-1].split(". ")[0]))
        return None


@contextmanager
def _blamed(stream: int | None, whose: Mapping[int, int]) -> Iterator[None]:
    """Say which track something went wrong with, unless it were the pictures or the disk.

    Args:
        stream: index in the new file; None for any.
        whose: index in the source by that.
    """
    try:
        yield
    except (FFmpegError, ValueError) as error:
        if no_space(error) or (stream is not None and stream not in whose):
            raise
        raise TrackError(None if stream is None else whose[stream], reason(error)) from error


def _time(packet: av.Packet) -> Fraction:
    return (packet.dts or 0) * packet.time_base


def _pictures(segments: Sequence[Segment], info: VideoInfo, stream: VideoStream) -> Iterator[av.Packet]:
    """Packets of all segments, each lasting until the next."""
    held: av.Packet | None = None
    for segment in segments:
        for packet in read_segment(segment):
            if held is not None:
                yield _lasting(held, (packet.pts or 0) * packet.time_base)
            packet.stream = stream
            held = packet
    if held is not None:
        yield _lasting(held, segments[-1].end * info.time_base)


def _lasting(packet: av.Packet, until: Fraction) -> av.Packet:
    packet.duration = max(round(until / packet.time_base) - (packet.pts or 0), 1)
    return packet
