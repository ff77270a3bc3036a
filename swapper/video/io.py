"""Reading video: the frames of a file, upright, in RGB and with their times."""

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NoReturn

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Stream
from av.video.stream import VideoStream
from jaxtyping import UInt8

from swapper.errors import UserError
from swapper.runtime.limits import Limits
from swapper.video.animation_reading import plays_of
from swapper.video.colors import Colors, to_rgb
from swapper.video.failures import converting, reading, reason
from swapper.video.info import VideoInfo
from swapper.video.interlacing import Deinterlacer
from swapper.video.opening import open_video, pictures_of
from swapper.video.orientation import Orientation
from swapper.video.picture import Picture, TimedFrame
from swapper.video.times import ShownTimes, are_decoding_times
from swapper.video.transparency import decoder_of, is_transparent

_CUT_OFF = (1.0, 0.05)  # seconds, and share of the length, by which a whole file may end early
_FRAMES_BEFORE = 2  # from which rows of an interlaced frame are filled in


class VideoReader:
    """Reads one video file; every walk over its frames opens the file anew.

    Attributes:
        info: what the file holds.
        left_out: frames of the last walk that were left out, because the file's times jump back.
    """

    def __init__(self, path: str | Path, limits: Limits | None = None):
        """Look at the file and decode its first frame.

        Args:
            path: of the file.
            limits: of which the one on the pixels of a frame; that of the environment when None.

        Raises:
            UserError: it is not a readable video.
        """
        self.path = Path(path)
        self.name = f"Video '{path}'"
        self._limit = (limits or Limits.from_environment()).max_pixels
        self.left_out = 0
        self._undecoded = ""  # why a packet could not be decoded
        with open_video(self.path, self._limit) as container:
            self.info = self._look(container)

    def _look(self, container: InputContainer) -> VideoInfo:
        stream = pictures_of(container, self.name)
        width, height = stream.codec_context.width, stream.codec_context.height
        if width * height > self._limit:
            self._refuse_size(f"its frames have {width * height / 1e6:.0f} megapixels, more")
        times = ShownTimes(False, 1)
        frames = (frame for _, frame in self._decoded(container, stream, times))
        first = next(frames, None)
        if first is None:
            why = self._undecoded or "it contains none"
            raise UserError(
                f"{self.name}: no frame can be decoded ({why}); the file is damaged or encrypted. Copy it again."
            )
        orientation = Orientation.of(first)
        aspect = stream.codec_context.sample_aspect_ratio or Fraction(1)
        sideways = orientation.transposed
        rate = stream.average_rate or stream.guessed_rate or stream.base_rate or Fraction(25)
        base = stream.time_base or 1 / rate
        origin = Fraction(container.start_time or 0, av.time_base)
        if container.start_time is None and first.pts is not None:
            origin = first.pts * base
        earliest = times.first
        by_order = are_decoding_times(frames, stream, times, container.format.name)
        if by_order and earliest is not None:
            origin = min(origin, earliest * base)
        return VideoInfo(
            path=self.path,
            width=first.height if sideways else first.width,
            height=first.width if sideways else first.height,
            orientation=orientation,
            time_base=base,
            rate=rate,
            origin=origin,
            duration=_duration(container, stream) or self._walked_duration(origin),
            pixel_aspect=1 / aspect if sideways else aspect,
            colors=Colors.of(first),
            is_rgb=first.format.is_rgb,
            plays=plays_of(self.path),
            interlaced=bool(first.interlaced_frame),
            transparent=is_transparent(first),
            by_order=by_order,
        )

    def _refuse_size(self, found: str) -> NoReturn:
        raise UserError(f"{self.name}: {found} than the limit of {self._limit / 1e6:g}. Make it smaller.")

    def _walked_duration(self, origin: Fraction) -> float:
        """Seconds, by looking at every packet: some recorders write no length."""
        with open_video(self.path, self._limit) as container:
            packets = self._packets(container, [pictures_of(container, self.name)])
            ends = [_end(packet) for packet in packets if packet.pts is not None]
        return float(max(ends, default=origin) - origin)

    def frames(self, start: float = 0.0, end: float | None = None, skip_to: int = 0) -> Iterator[TimedFrame]:
        """Frames shown from ``start`` to ``end``, in order; the frame on view at ``start`` comes first, cut short.

        Args:
            start: seconds from the video's begin.
            end: seconds from the video's begin; to its end when None.
            skip_to: tick of the trimmed part at which a frame begins; those before it are left out.

        Raises:
            UserError: the file ends long before it should.
        """
        info = self.info
        first = round((info.origin + Fraction(start)) / info.time_base)
        last = None if end is None else round((info.origin + Fraction(end)) / info.time_base)
        held: tuple[int, av.VideoFrame] | None = None
        for pts, frame in self._from(first + skip_to, exactly=skip_to > 0):
            if held is not None and pts > first:
                yield self._timed(held, pts, first)
            if last is not None and pts >= last:
                return
            held = (pts, frame)
        if held is not None:
            usual = held[0] + (held[1].duration or info.usual_ticks)
            yield self._timed(held, usual if last is None else min(max(last, held[0] + 1), usual), first)

    def samples(self, times: Sequence[float]) -> Generator[TimedFrame, None, None]:
        """The frames on view at some times, the last one for times beyond the end.

        Args:
            times: seconds from the video's begin, rising.

        Raises:
            UserError: the file ends long before it should.
        """
        ticks = deque(round((self.info.origin + Fraction(time)) / self.info.time_base) for time in times)
        held: tuple[int, av.VideoFrame] | None = None
        begin = round(self.info.origin / self.info.time_base)
        for pts, frame in self._from(ticks[0]):
            while held is not None and ticks and pts > ticks[0]:
                yield self._timed(held, pts, begin)
                ticks.popleft()
            if not ticks:
                return
            held = pts, frame
        while held is not None and ticks:
            ticks.popleft()
            yield self._timed(held, held[0] + 1, begin)

    def _timed(self, held: tuple[int, av.VideoFrame], until: int, first: int) -> TimedFrame:
        begin = max(held[0], first)
        return TimedFrame(self._pixels(held[1]), begin - first, max(until - begin, 1))

    def _pixels(self, frame: av.VideoFrame) -> UInt8[np.ndarray, "h w 3"] | Picture:
        info = self.info
        if info.orientation == Orientation() and (frame.height, frame.width) == (info.height, info.width):
            picture = Picture.of(frame, info.colors)
            if picture is not None:
                return picture
        with converting(self.name, frame):
            image = info.orientation.upright(to_rgb(frame, info.colors))
        if image.shape[:2] != (info.height, info.width):  # streams may change their size on the way
            image = cv2.resize(image, (info.width, info.height), interpolation=cv2.INTER_AREA)
        return image

    def _from(self, tick: int, exactly: bool = False) -> Iterator[tuple[int, av.VideoFrame]]:
        """Frames with rising times, the one on view at a tick first, where the format allows to jump near it.

        Args:
            tick: of the time base.
            exactly: a frame is known to begin there; a jump after which none does went wrong.
        """
        near_begin = tick * self.info.time_base - self.info.origin < 1 or (exactly and self.info.by_order)
        before = _FRAMES_BEFORE * self.info.usual_ticks if self.info.interlaced else 0
        for seeking in (False,) if near_begin else (True, False):
            with open_video(self.path, self._limit) as container:
                stream = pictures_of(container, self.name)
                stream.thread_type = "AUTO"
                if seeking and not _seek(container, stream, tick - before):
                    continue
                walk = self._walk(container, stream)
                opening = next(walk, None)
                while exactly and opening is not None and opening[0] < tick:
                    opening = next(walk, None)
                astray = opening is None or (opening[0] != tick if exactly else opening[0] > tick)
                if seeking and astray:
                    continue  # it went too far: read from the beginning
                if opening is not None:
                    yield opening
                    yield from walk
                return

    def _walk(self, container: InputContainer, stream: VideoStream) -> Iterator[tuple[int, av.VideoFrame]]:
        times = ShownTimes(self.info.by_order, self.info.usual_ticks)
        reached, whole, self.left_out = self.info.origin, Deinterlacer(self.info.time_base), 0
        for now, frame in self._decoded(container, stream, times, [*container.streams.audio]):
            reached, pts = now, times.of(frame)
            if pts is None:
                self.left_out += 1
            else:
                yield from whole.feed(pts, frame)
        yield from whole.finish()
        self._check_whole(container, float(reached - self.info.origin))

    def _decoded(
        self, container: InputContainer, stream: VideoStream, times: ShownTimes, others: Sequence[Stream] = ()
    ) -> Iterator[tuple[Fraction, av.VideoFrame]]:
        """Decoded frames, each with the latest time read from any of the streams; damaged packets are left out."""
        reached, decode = Fraction(0), decoder_of(stream, self._limit)
        for packet in self._packets(container, [stream, *others]):
            if packet.pts is not None:
                reached = max(reached, _end(packet))
            if packet.stream.index != stream.index:
                continue
            times.read(packet)
            try:
                with reading(self.name):  # too little memory is no damage
                    frames = decode(packet)
            except FFmpegError as error:
                if not stream.codec_context.width:  # it forgets a size that it refuses
                    self._refuse_size("one of its frames has more megapixels")
                self._undecoded = reason(error)
                times.lost()
                continue
            for frame in frames:
                yield reached, frame

    def _packets(self, container: InputContainer, streams: list[Stream]) -> Iterator[av.Packet]:
        """Packets up to the file's end, or to where it is damaged."""
        try:
            with reading(self.name):
                yield from container.demux(*streams)
        except FFmpegError as error:
            self._undecoded = reason(error)

    def _check_whole(self, container: InputContainer, reached: float) -> None:
        expected = (container.duration or 0) / av.time_base
        if reached < expected - max(_CUT_OFF[0], _CUT_OFF[1] * expected):
            raise UserError(
                f"{self.name}: it ends after {reached:.1f} of {expected:.1f} seconds; the file is cut off or damaged. "
                f"Copy it again, or trim it with an end before {reached:.1f}."
            )


def _seek(container: InputContainer, stream: VideoStream, tick: int) -> bool:
    try:
        container.seek(tick, stream=stream)
    except FFmpegError:
        return False
    return True


def _end(packet: av.Packet) -> Fraction:
    return ((packet.pts or 0) + (packet.duration or 0)) * packet.time_base


def _duration(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None
