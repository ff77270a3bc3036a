"""Fewer frames a second than a video has: those that are kept stay on view for those that are not."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import floor

from swapper.video.picture import TimedFrame


def thinned(frames: Iterable[TimedFrame], rate: float | None, base: Fraction) -> Iterator[TimedFrame]:
    """At most so many frames a second, the first of each share of a second; which ones depends on their times only.

    Args:
        frames: in order; all but the kept ones are dropped before they are turned into pictures.
        rate: frames a second; all frames are kept when None.
        base: seconds a tick.
    """
    if rate is None:
        yield from frames
        return
    ticks, held, slot = Fraction(rate).limit_denominator(1000) * base, None, -1  # shares of a second a tick
    for frame in frames:
        now = floor(frame.pts * ticks)
        if held is not None and now != slot:
            yield held
            held = None
        if held is None:
            held, slot = frame, now
        held.duration = frame.pts + frame.duration - held.pts
    if held is not None:
        yield held
