"""The subtitles of a video: copied where the new file can hold them, as plain text where it holds only another kind."""

import re
from collections.abc import Container, Iterator
from fractions import Fraction

import av
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.subtitles.codeccontext import SubtitleCodecContext
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import AssSubtitle, SubtitleSet

from swapper.video.encode import OutputFormat
from swapper.video.sound import MediaTrack, Span, describe

_TEXT = frozenset({"subrip", "ass", "ssa", "mov_text", "webvtt", "text"})
_TICK = Fraction(1, 1000)  # seconds, of subtitles that are written anew
_FIELDS_BEFORE_TEXT = 8  # of a line of dialogue as FFmpeg decodes it
# Encoders of text want to know the style that they are to leave out.
_HEADER = b"""[Script Info]
ScriptType: v4.00+
PlayResX: 384
PlayResY: 288

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
_STYLE = re.compile(r"\{[^}]*\}")


class CopiedSubtitles(MediaTrack):
    """A track of subtitles that go into the new file unchanged."""

    def __init__(self, source: SubtitleStream, output: OutputContainer, span: Span):
        """Add a track to the output that is like the source's."""
        self._span = span
        self.target = output.add_stream_from_template(source)
        describe(source, self.target)

    def feed(self, packet: av.Packet) -> Iterator[av.Packet]:
        """What becomes of one packet of the source."""
        place = _place(packet, self._span)
        if place is not None:
            base = packet.time_base
            packet.pts = packet.dts = round(place[0] / base)
            packet.duration = round(place[1] / base)
            packet.stream = self.target
            yield packet


class WrittenSubtitles(MediaTrack):
    """A track of subtitles that are written anew, without their style."""

    def __init__(self, source: SubtitleStream, output: OutputContainer, span: Span, codec: str):
        """Add a track of another codec to the output."""
        self._span, self._source = span, source
        target = output.add_stream(codec)
        assert isinstance(target.codec_context, SubtitleCodecContext), "the formats name codecs of subtitles"
        self.target, self._encoder = target, target.codec_context
        self._encoder.subtitle_header = _HEADER
        target.time_base = self._encoder.time_base = _TICK
        describe(source, target)

    def feed(self, packet: av.Packet) -> Iterator[av.Packet]:
        """What becomes of one packet of the source."""
        place = _place(packet, self._span)
        if place is None:
            return
        try:
            seen = self._source.codec_context.decode2(packet)
        except FFmpegError:
            return
        text = "\\N".join(
            _plain(part.ass.decode("utf-8", "replace")) for part in seen or () if isinstance(part, AssSubtitle)
        )
        if not text:
            return
        begin, length = (round(time / _TICK) for time in place)
        written = self._encoder.encode_subtitle(SubtitleSet.create(f"0,0,Default,,0,0,0,,{text}".encode(), 0, length))
        written.pts = written.dts = begin
        written.duration, written.time_base, written.stream = length, _TICK, self.target
        yield written


def add_subtitles(
    source: InputContainer, output: OutputContainer, how: OutputFormat, span: Span, without: Container[int] = ()
) -> tuple[dict[int, MediaTrack], int]:
    """Add every track of subtitles that the new file can hold.

    Args:
        source: the video.
        output: the new file.
        how: its format.
        span: what is kept.
        without: indices of the source's streams that are passed over, and not counted.

    Returns:
        Tracks by the index of the source's stream, and how many had to be left out.
    """
    tracks: dict[int, MediaTrack] = {}
    left_out = 0
    for stream in source.streams.subtitles:
        if stream.index in without:
            continue
        codec = stream.codec_context.codec.canonical_name if stream.codec_context is not None else ""
        if codec in how.subtitles:
            tracks[stream.index] = CopiedSubtitles(stream, output, span)
        elif codec in _TEXT and how.text is not None:
            tracks[stream.index] = WrittenSubtitles(stream, output, span, how.text)
        else:
            left_out += 1
    return tracks, left_out


def _place(packet: av.Packet, span: Span) -> tuple[Fraction, Fraction] | None:
    """When a packet is shown and for how long, seconds of the new file; None where that is never."""
    if packet.pts is None:
        return None
    begin = packet.pts * packet.time_base
    end = begin + (packet.duration or 0) * packet.time_base
    if max(end, begin) < span.begin or (packet.duration and end == span.begin):
        return None
    if span.end is not None and begin >= span.end:
        return None
    shown = max(begin, span.begin)
    end = end if span.end is None else min(end, span.end)
    return shown - span.begin, max(end - shown, Fraction(0))


def _plain(line: str) -> str:
    """The text of a line of dialogue, without its style; line breaks stay as they are written there."""
    return _STYLE.sub("", line.split(",", _FIELDS_BEFORE_TEXT)[-1]).strip()
