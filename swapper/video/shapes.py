"""The masks' shapes over time: each person's changes slowly, whatever single frames say."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from swapper.compose.mask import MaskShape, mask_shape

_MEASURE_EVERY = 12  # frames
_KEPT = 5  # measurements
_FASTEST = 0.1  # change of the offset from frame to frame, in GHOST's pixels


@dataclass
class _Memory:
    offset: float
    frames: int = 0
    measured: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))


class ShapeMemory:
    """Remembers how much the swapped faces of a video differ from their targets in shape.

    As in GHOST, the first frame of a face decides; later measurements move the mask, slowly.
    """

    def __init__(self) -> None:
        self._tracks: dict[int, _Memory] = {}

    def knows(self, track: int) -> bool:
        """Whether a track has been measured."""
        return track in self._tracks

    def learn(self, track: int, offset: float) -> None:
        """Take in a measurement; the first one decides, later ones are approached.

        Args:
            track: its number.
            offset: from ``shape_offset``.
        """
        if track not in self._tracks:
            self._tracks[track] = _Memory(offset)
        self._tracks[track].measured.append(offset)

    def next_shape(self, track: int) -> tuple[MaskShape, bool]:
        """The shape of a track's mask in its next frame, and whether it should be measured again there.

        Args:
            track: its number; it has been measured.
        """
        memory = self._tracks[track]
        memory.frames += 1
        away = median(memory.measured) - memory.offset
        memory.offset += min(max(away, -_FASTEST), _FASTEST)
        return mask_shape(memory.offset), memory.frames % _MEASURE_EVERY == 0

    def to_row(self, track: int) -> list[float]:
        """What is known of a track, as plain values.

        Args:
            track: its number; it has been measured.
        """
        memory = self._tracks[track]
        return [memory.offset, memory.frames, *memory.measured]

    def recall(self, track: int, row: Sequence[float]) -> None:
        """Begin a track with what an earlier run knew of it.

        Args:
            track: its number.
            row: from ``to_row``.
        """
        offset, frames, *measured = row
        self._tracks[track] = _Memory(offset, int(frames), deque(measured, maxlen=_KEPT))
