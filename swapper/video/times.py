"""When the frames of a file are shown, where the file says only when they are decoded."""

from collections import deque
from collections.abc import Iterable
from itertools import islice

import av

_LOOKED_AT = 60  # frames among which one shows that they are reordered


class ShownTimes:
    """Gives every decoded frame its time, ticks; times rise.

    AVI files, and some others, have one time for each packet: when it is decoded. Where frames are decoded in another
    order than they are shown, FFmpeg's guesses do not rise, and each frame takes the next of those times instead.
    """

    def __init__(self, by_order: bool, usual: int):
        """Start before the first frame.

        Args:
            by_order: whether packets say only when they are decoded.
            usual: ticks that a frame stays where nothing is said.
        """
        self.by_order, self._usual = by_order, usual
        self._before: int | None = None
        self._waiting: deque[int | None] = deque()
        self._latest: int | None = None
        self._rising = True

    @property
    def first(self) -> int | None:
        """When the first packet is decoded, before any frame has its time; None where that is not said."""
        return self._waiting[0] if self._waiting else None

    @property
    def rising(self) -> bool:
        """Whether every packet was said to be shown after the one before it."""
        return self._rising

    def read(self, packet: av.Packet) -> None:
        """Take in when a packet is decoded.

        Args:
            packet: the next one of the pictures, before it is decoded.
        """
        if not packet.size:
            return
        self._waiting.append(packet.dts)
        if packet.pts is not None:
            self._rising &= self._latest is None or packet.pts > self._latest
            self._latest = packet.pts

    def lost(self) -> None:
        """The packet read last becomes no frame."""
        if self._waiting:
            self._waiting.pop()

    def of(self, frame: av.VideoFrame) -> int | None:
        """When a frame is shown, ticks; None where that is not after the one before it, and the frame is left out.

        Args:
            frame: the next one.
        """
        turn, before = self._waiting.popleft() if self._waiting else None, self._before
        guess = 0 if before is None else before + self._usual
        time = guess if frame.pts is None else frame.pts
        if not self.by_order and before is not None and time <= before:
            if not self._rising:
                return None  # the file's times jump back
            self.by_order = True
        if self.by_order:
            time = guess if turn is None else turn if before is None else max(turn, before + 1)
        self._before = time
        return time


def are_decoding_times(frames: Iterable[av.VideoFrame], stream: av.VideoStream, seen: ShownTimes, form: str) -> bool:
    """Whether the packets of a file say only when they are decoded, though frames are shown in another order.

    Args:
        frames: decoded ones from the second on; as few as needed are taken.
        stream: they come from.
        seen: every packet that was decoded.
        form: FFmpeg's name of the file format.
    """
    if not stream.codec_context.has_b_frames:
        return False
    if form == "avi":
        return True
    latest: int | None = None
    for frame in islice(frames, _LOOKED_AT):
        if not seen.rising:
            return False
        if frame.pts is not None:
            if latest is not None and frame.pts < latest:
                return True
            latest = frame.pts
    return False
