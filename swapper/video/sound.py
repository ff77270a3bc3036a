"""The sound of a video: packets copied as they are where the new file can hold them, encoded anew where not."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import InvalidDataError
from av.stream import Stream

from swapper.video.encode import OutputFormat

# Codecs whose packets last a fraction of a video frame; when a video is trimmed, others are cut within a packet.
_SHORT_PACKETS = frozenset({"aac", "mp3", "mp2", "ac3", "eac3", "opus", "vorbis", "dts"})
_BITRATE = 96_000  # bits per second and channel of sound that is encoded anew


@dataclass(frozen=True)
class Span:
    """The part of a video that is kept, in seconds of the file's own clock.

    Attributes:
        begin: becomes time 0.
        end: sound that begins here or later is left out; None for everything.
        trimmed: whether it begins later than the file.
        lead_in: keep the packets before ``begin`` that some codecs need to start with; not every file format can
            hold them without delaying the pictures.
    """

    begin: Fraction
    end: Fraction | None = None
    trimmed: bool = False
    lead_in: bool = False

    def holds(self, start: Fraction, stop: Fraction) -> bool:
        """Whether sound from ``start`` to ``stop`` belongs to it."""
        return (stop > self.begin or self.lead_in) and (self.end is None or start < self.end)


class MediaTrack(ABC):
    """What becomes of one track of the source besides the pictures."""

    @abstractmethod
    def feed(self, packet: av.Packet) -> Iterator[av.Packet]:
        """What becomes of one packet of the source."""

    def finish(self) -> Iterator[av.Packet]:
        """What is still held back: nothing, but for encoders."""
        yield from ()


class CopiedTrack(MediaTrack):
    """A sound track whose packets go into the new file unchanged."""

    def __init__(self, source: AudioStream, output: OutputContainer, span: Span):
        """Add a track to the output that is like the source's."""
        self._span = span
        self._target = output.add_stream_from_template(source)
        describe(source, self._target)

    def feed(self, packet: av.Packet) -> Iterator[av.Packet]:
        """What becomes of one packet of the source."""
        base = packet.time_base
        if packet.pts is None or packet.dts is None:
            return
        start = packet.pts * base
        if not self._span.holds(start, start + (packet.duration or 1) * base):
            return
        shift = round(self._span.begin / base)
        packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
        packet.stream = self._target
        yield packet


class EncodedTrack(MediaTrack):
    """A sound track that is decoded and encoded anew."""

    def __init__(self, source: AudioStream, output: OutputContainer, span: Span, codec: str):
        """Add a track of another codec to the output."""
        self._span, self._source = span, source
        rate = 48_000 if codec == "libopus" else source.codec_context.sample_rate
        target = output.add_stream(codec, rate=rate)
        assert isinstance(target, AudioStream), "the formats name codecs of sound"
        self._target = target
        layout = source.codec_context.layout
        self._target.codec_context.layout = layout
        self._target.codec_context.bit_rate = _BITRATE * layout.nb_channels
        describe(source, self._target)

    def feed(self, packet: av.Packet) -> Iterator[av.Packet]:
        """What becomes of one packet of the source."""
        try:
            frames = packet.decode()
        except InvalidDataError:
            return
        for frame in frames:
            if not isinstance(frame, av.AudioFrame) or frame.pts is None or frame.time_base is None:
                continue
            start = frame.pts * frame.time_base
            if self._span.holds(start, start + Fraction(frame.samples, frame.sample_rate)):
                frame.pts -= round(self._span.begin / frame.time_base)
                yield from self._target.encode(frame)

    def finish(self) -> Iterator[av.Packet]:
        """What the encoder still holds."""
        yield from self._target.encode(None)


def describe(source: Stream, target: Stream) -> None:
    """Say of a new track what the video says of the one it comes from: language, title, and what it is for."""
    for key in ("language", "title"):
        if key in source.metadata:
            target.metadata[key] = source.metadata[key]
    target.disposition = source.disposition


def add_tracks(source: InputContainer, output: OutputContainer, how: OutputFormat, span: Span) -> dict[int, MediaTrack]:
    """Add every sound track of a video to the new file.

    Args:
        source: the video.
        output: the new file.
        how: its format.
        span: what is kept.

    Returns:
        Tracks by the index of the source's stream; none where the format holds no sound.
    """
    tracks: dict[int, MediaTrack] = {}
    if how.fallback is None:
        return tracks
    for stream in source.streams.audio:
        if not stream.codec_context.sample_rate:
            continue  # an empty or unknown track
        codec = stream.codec_context.codec.canonical_name
        if codec in how.audio and (not span.trimmed or codec in _SHORT_PACKETS):
            tracks[stream.index] = CopiedTrack(stream, output, span)
        else:
            tracks[stream.index] = EncodedTrack(stream, output, span, how.fallback)
    return tracks


def track_packets(source: InputContainer, tracks: Mapping[int, MediaTrack], span: Span) -> Iterator[av.Packet]:
    """Packets of tracks for the new file, about in the order of time.

    Args:
        source: the video.
        tracks: by the index of the source's stream.
        span: what is kept.
    """
    streams = [source.streams[index] for index in tracks]
    if not streams:
        return
    if span.trimmed and span.begin > 1:
        source.seek(int((span.begin - 1) * av.time_base))
    try:
        for packet in source.demux(*streams):
            if packet.pts is not None and span.end is not None and packet.pts * packet.time_base > span.end + 10:
                break
            yield from tracks[packet.stream.index].feed(packet)
    except InvalidDataError:
        pass  # the file cannot be read on; the pictures have been checked
    for track in tracks.values():
        yield from track.finish()
