"""The sound of a video: packets copied as they are where the new file can hold them, encoded anew where not."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError, InvalidDataError
from av.stream import Stream

from swapper.video.failures import no_space, reason
from swapper.video.samples import TOLERANCE, UnbrokenSound

_BITRATE = 96_000  # bits per second and channel of sound that is encoded anew
_LEAD = 1  # seconds before the kept part from which sound is read: packets begin where they like


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


@dataclass(frozen=True)
class TrackPlan:
    """How a track of sound gets into the new file.

    Attributes:
        codec: it is encoded with; None where its packets are copied.
        layout: of the channels of what is encoded, FFmpeg's name.
        rate: of what is encoded, samples per second.
    """

    codec: str | None = None
    layout: str = ""
    rate: int = 0


class TrackError(Exception):
    """A track besides the pictures cannot get into the new file.

    Attributes:
        index: of the source's stream; None where nobody can tell which one it was.
        why: the library's reason.
    """

    def __init__(self, index: int | None, why: str):
        super().__init__(why)
        self.index, self.why = index, why


class MediaTrack(ABC):
    """What becomes of one track of the source besides the pictures.

    Attributes:
        target: its stream in the new file.
    """

    target: Stream

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
        self._span, self._index = span, source.index
        self._reached: int | None = None
        # QuickTime says how long a sample lasts, not when it begins: a gap would be lost.
        self._counted = output.format.name in ("mov", "mp4") and source.codec_context.name.startswith("pcm_")
        self._due: Fraction | None = None  # seconds of the source
        self.target = output.add_stream_from_template(source)
        describe(source, self.target)

    def feed(self, packet: av.Packet) -> Iterator[av.Packet]:
        """What becomes of one packet of the source.

        Raises:
            TrackError: from here on the sound is of another kind, which a copy could not say.
        """
        base = packet.time_base
        if packet.pts is None or packet.dts is None:
            return
        start = packet.pts * base
        if not self._span.holds(start, start + (packet.duration or 1) * base):
            return
        if self._reached is not None and packet.has_sidedata("new_extradata"):
            raise TrackError(self._index, "the sound changes midway")
        if self._counted and self._due is not None and abs(start - self._due) > TOLERANCE:
            raise TrackError(self._index, "the sound has gaps")
        self._due = start + (packet.duration or 1) * base
        shift = round(self._span.begin / base)
        packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
        if self._reached is not None and packet.dts <= self._reached:
            return  # what is there twice
        self._reached = packet.dts
        packet.stream = self.target
        yield packet


class EncodedTrack(MediaTrack):
    """A sound track that is decoded and encoded anew."""

    def __init__(self, source: AudioStream, output: OutputContainer, span: Span, plan: TrackPlan):
        """Add a track of another codec to the output."""
        assert plan.codec is not None, "the plan is to encode"
        self._index, self._failed, self._heard = source.index, "", False
        target = output.add_stream(plan.codec, rate=plan.rate)
        assert isinstance(target, AudioStream), "the formats name codecs of sound"
        target.codec_context.layout = plan.layout
        target.codec_context.bit_rate = _BITRATE * av.AudioLayout(plan.layout).nb_channels
        self._sound = UnbrokenSound(plan.layout, plan.rate, span.begin, span.end)
        self.target = self._encoder = target
        describe(source, target)

    def feed(self, packet: av.Packet) -> Iterator[av.Packet]:
        """What becomes of one packet of the source; a damaged one is left out."""
        try:
            frames = packet.decode()
        except FFmpegError as error:
            self._failed = reason(error)
            return
        for frame in frames:
            if isinstance(frame, av.AudioFrame) and frame.samples:
                self._heard = True
                for part in self._sound.feed(frame):
                    yield from self._encoder.encode(part)

    def finish(self) -> Iterator[av.Packet]:
        """What the encoder still holds.

        Raises:
            TrackError: nothing could be decoded.
        """
        if self._failed and not self._heard:
            raise TrackError(self._index, self._failed)
        for part in self._sound.finish():
            yield from self._encoder.encode(part)
        if self._encoder.codec_context.is_open:
            yield from self._encoder.encode(None)


def describe(source: Stream, target: Stream) -> None:
    """Say of a new track what the video says of the one it comes from: language, title, and what it is for."""
    for key in ("language", "title"):
        if key in source.metadata:
            target.metadata[key] = source.metadata[key]
    target.disposition = source.disposition


def add_tracks(
    source: InputContainer, output: OutputContainer, plans: Mapping[int, TrackPlan], span: Span
) -> dict[int, MediaTrack]:
    """Add sound tracks of a video to the new file.

    Args:
        source: the video.
        output: the new file.
        plans: by the index of the source's stream.
        span: what is kept.

    Returns:
        Tracks by the same index.
    """
    return {index: _track(source.streams[index], output, plan, span) for index, plan in plans.items()}


def _track(source: Stream, output: OutputContainer, plan: TrackPlan, span: Span) -> MediaTrack:
    assert isinstance(source, AudioStream), "plans are made for sound"
    return CopiedTrack(source, output, span) if plan.codec is None else EncodedTrack(source, output, span, plan)


def packets_from(source: InputContainer, streams: list[Stream], span: Span) -> Iterator[av.Packet]:
    """Packets of streams from shortly before the kept part on, up to where the file is damaged.

    Args:
        source: the video.
        streams: of it.
        span: what is kept.

    Raises:
        TrackError: the file cannot be read any more.
    """
    if span.trimmed and span.begin > _LEAD:
        with suppress(FFmpegError):  # some files can only be read from their begin
            source.seek(int((span.begin - _LEAD) * av.time_base))
    try:
        for packet in source.demux(*streams):
            if packet.pts is not None and span.end is not None and packet.pts * packet.time_base > span.end + 10:
                return
            yield packet
    except InvalidDataError:
        return  # the pictures have been checked
    except FFmpegError as error:
        raise TrackError(None, reason(error)) from error


def track_packets(source: InputContainer, tracks: Mapping[int, MediaTrack], span: Span) -> Iterator[av.Packet]:
    """Packets of tracks for the new file, about in the order of time.

    Args:
        source: the video.
        tracks: by the index of the source's stream.
        span: what is kept.

    Raises:
        TrackError: one of them cannot be decoded, encoded or copied.
    """
    if not tracks:
        return
    for packet in packets_from(source, [source.streams[index] for index in tracks], span):
        yield from guarded(packet.stream.index, tracks[packet.stream.index].feed(packet))
    for index, track in tracks.items():
        yield from guarded(index, track.finish())


def guarded(index: int, packets: Iterator[av.Packet]) -> Iterator[av.Packet]:
    """The same packets; what goes wrong in making them is laid to their track.

    Args:
        index: of the source's stream.
        packets: of its track.

    Raises:
        TrackError: something went wrong.
    """
    try:
        yield from packets
    except (FFmpegError, ValueError) as error:
        if no_space(error):
            raise
        raise TrackError(index, reason(error)) from error
