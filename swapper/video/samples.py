"""Decoded sound of any layout, rate and timing as one unbroken row of samples of one kind."""

import ctypes
import errno
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.error import FFmpegError
from av.filter import Graph
from jaxtyping import Float32

TOLERANCE = 0.03  # seconds by which a frame's time may differ from where the last one ended before that is mended
_AT_A_TIME = 48_000  # samples of silence
_GUESSED = 8  # channels without names up to which the usual names for so many are taken


def layout_of(sound: av.AudioFrame | AudioCodecContext) -> str:
    """FFmpeg's name of the channels' layout.

    PyAV gives every layout it hands out back to the memory once, and FFmpeg does so again: with a layout that is a
    list, as many QuickTime files have, the process dies. One that nobody ever gives back does no harm.

    Args:
        sound: decoded, or its decoder.
    """
    layout = sound.layout
    if "channels (" in layout.name or layout.name.startswith("ambisonic"):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(layout))
    return layout.name


def nearest_layout(layout: str) -> str:
    """The layout nearest to one that an encoder may not know.

    Args:
        layout: FFmpeg's name.
    """
    picked = _picked(layout)
    if picked is not None:
        return picked
    if "channels" not in layout:
        return layout
    channels = av.AudioLayout(layout).nb_channels
    return av.AudioLayout(f"{channels}c").name if channels <= _GUESSED else "7.1"


def _picked(layout: str) -> str | None:
    """What the first channels are taken for where nobody knows what they all are."""
    if layout.startswith("ambisonic"):
        return "mono"  # the first channel is what a microphone hears that hears all around alike
    unnamed = "channels" in layout and "(" not in layout
    return "stereo" if unnamed and av.AudioLayout(layout).nb_channels > _GUESSED else None


class UnbrokenSound:
    """Brings decoded frames to one layout and rate; gaps become silence, what is there twice is left out once."""

    def __init__(self, layout: str, rate: int, begin: Fraction, end: Fraction | None):
        """Start before the first frame.

        Args:
            layout: of the result, FFmpeg's name.
            rate: of the result, samples per second.
            begin: seconds of the source that become time 0; what is earlier is cut off.
            end: seconds of the source at which the result ends; None for everything.
        """
        self._layout, self._rate, self._begin = layout, rate, begin
        self._channels = av.AudioLayout(layout).nb_channels
        self._last = None if end is None else round((end - begin) * rate)
        self._next: int | None = None  # sample that is due
        self._kind: tuple[str, str, int, Fraction] | None = None
        self._graph: Graph | None = None
        self._ended = begin  # seconds of the source at which the last frame ended

    def feed(self, frame: av.AudioFrame) -> Iterator[av.AudioFrame]:
        """What becomes of one decoded frame; its layout and rate may differ from the last one's.

        Args:
            frame: of the source.
        """
        base = frame.time_base or Fraction(1, frame.sample_rate)
        if frame.pts is None:
            frame.pts, frame.time_base = round(self._ended / base), base
        self._ended = frame.pts * base + Fraction(frame.samples, frame.sample_rate)
        kind = (frame.format.name, layout_of(frame), frame.sample_rate, base)
        if kind != self._kind:
            yield from self.finish()
            self._kind, self._graph = kind, self._converter(kind)
        assert self._graph is not None, "made for every kind"
        self._graph.push(frame)
        yield from self._pulled()

    def finish(self) -> Iterator[av.AudioFrame]:
        """What the conversion still holds."""
        if self._graph is not None:
            self._graph.push(None)
            yield from self._pulled()
            self._graph = None

    def _converter(self, kind: tuple[str, str, int, Fraction]) -> Graph:
        name, layout, rate, base = kind
        graph = Graph()
        nodes = [graph.add_abuffer(sample_rate=rate, format=name, layout=layout, time_base=base)]
        picked = _picked(layout)
        if picked is not None:
            first = "|".join(f"c{i}=c{i}" for i in range(av.AudioLayout(picked).nb_channels))
            nodes.append(graph.add("pan", f"{picked}|{first}"))
        nodes.append(graph.add("aresample", "rematrix_maxval=1"))  # channels that are mixed together do not clip
        nodes.append(
            graph.add("aformat", sample_rates=str(self._rate), sample_fmts="flt", channel_layouts=self._layout)
        )
        nodes.append(graph.add("abuffersink"))
        graph.link_nodes(*nodes).configure()
        return graph

    def _pulled(self) -> Iterator[av.AudioFrame]:
        assert self._graph is not None, "there is one while frames are converted"
        while True:
            try:
                frame = self._graph.pull()
            except EOFError:
                return
            except FFmpegError as error:
                if error.errno == errno.EAGAIN:
                    return
                raise
            assert isinstance(frame, av.AudioFrame) and frame.pts is not None and frame.time_base is not None
            samples = np.asarray(frame.to_ndarray(), np.float32).reshape(-1, self._channels)
            yield from self._placed(samples, round((frame.pts * frame.time_base - self._begin) * self._rate))

    def _placed(self, samples: Float32[np.ndarray, "n c"], at: int) -> Iterator[av.AudioFrame]:
        """Put samples where they belong in time."""
        if self._next is None:
            self._next = max(at, 0)
        slack = 0 if at < 0 else TOLERANCE * self._rate
        if at - self._next > slack:
            yield from self._silent(at - self._next)
        elif self._next - at > slack:
            samples = samples[self._next - at :]
        if self._last is not None:
            samples = samples[: max(self._last - self._next, 0)]
        if len(samples):
            yield self._frame(samples)

    def _silent(self, count: int) -> Iterator[av.AudioFrame]:
        if self._last is not None:
            count = min(count, max(self._last - (self._next or 0), 0))
        for begin in range(0, count, _AT_A_TIME):
            yield self._frame(np.zeros((min(_AT_A_TIME, count - begin), self._channels), np.float32))

    def _frame(self, samples: Float32[np.ndarray, "n c"]) -> av.AudioFrame:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples).reshape(1, -1), "flt", self._layout)
        frame.sample_rate, frame.pts, frame.time_base = self._rate, self._next, Fraction(1, self._rate)
        self._next = (self._next or 0) + len(samples)
        return frame
