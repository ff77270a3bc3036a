"""Whole pictures from interlaced ones, whose odd and even rows were taken one after the other."""

from collections.abc import Generator
from fractions import Fraction

import av
from av.error import BlockingIOError as NotYet
from av.error import EOFError as Ended
from av.filter import Graph

# Rows are filled in from the frames before and after; one picture a frame, and whole pictures stay as they are.
_FILTER = ("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
_SMALLEST = 4  # px, sides of a plane that the filter takes


class Deinterlacer:
    """Passes frames on, whole; it begins with the first interlaced one, and is a frame behind from there."""

    def __init__(self, time_base: Fraction):
        """Start before the first frame.

        Args:
            time_base: of the frames' times.
        """
        self._base, self._graph, self._kind = time_base, None, None

    def feed(self, pts: int, frame: av.VideoFrame) -> Generator[tuple[int, av.VideoFrame], None, None]:
        """Frames that are whole now, with their times.

        Args:
            pts: of the frame, ticks.
            frame: the next one.
        """
        kind = frame.width, frame.height, frame.format.name
        if self._graph is not None and kind != self._kind:
            yield from self.finish()
        if self._graph is None:
            if not frame.interlaced_frame or min(_sides(frame)) < _SMALLEST:
                yield pts, frame
                return
            self._graph, self._kind = self._made(frame), kind
        frame.pts, frame.time_base = pts, self._base
        self._graph.vpush(frame)
        yield from self._pulled(self._graph)

    def finish(self) -> Generator[tuple[int, av.VideoFrame], None, None]:
        """The frames that are left."""
        graph, self._graph = self._graph, None
        if graph is not None:
            graph.vpush(None)
            yield from self._pulled(graph)

    def _made(self, frame: av.VideoFrame) -> Graph:
        graph = Graph()
        graph.threads = 1
        begin = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=self._base)
        whole, end = graph.add(*_FILTER), graph.add("buffersink")
        begin.link_to(whole)
        whole.link_to(end)
        graph.configure()
        return graph

    def _pulled(self, graph: Graph) -> Generator[tuple[int, av.VideoFrame], None, None]:
        while True:
            try:
                frame = graph.vpull()
            except (NotYet, Ended):
                return
            base = frame.time_base or self._base
            yield round((frame.pts or 0) * base / self._base), frame


def _sides(frame: av.VideoFrame) -> list[int]:
    """Widths and heights of a frame's planes."""
    return [side for plane in frame.planes for side in (plane.width, plane.height)]
