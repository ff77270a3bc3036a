"""The colour match over time: it changes slowly while little happens, and at once when the light does."""

import numpy as np
from jaxtyping import Float32

from swapper.compose.color import Transfer

_SHARE = 0.12  # of a new measurement that is believed while nothing happens
_NOISE, _EVENT = 1.5, 5.0  # units of L*a*b* by which measurements differ by chance, and that only a new light explains
_SKIN = np.array([[35, 12, 12], [60, 16, 18], [80, 12, 14]], np.float32)  # dark, middle and light, where it is judged


def steadied(measured: Transfer | None, usual: Transfer | None) -> Transfer | None:
    """The change of colours to make in a frame: the usual one, or the measured one where it is far from that.

    Args:
        measured: in this frame; None where that was not possible.
        usual: of the frames before; None where there are none.
    """
    if measured is None or usual is None:
        return measured or usual
    apart = float(np.linalg.norm(_seen(measured) - _seen(usual), axis=1).max())
    ramp = min(max((apart - _NOISE) / (_EVENT - _NOISE), 0.0), 1.0)
    return usual.toward(measured, ramp * ramp * (3 - 2 * ramp))


def _seen(transfer: Transfer) -> Float32[np.ndarray, "3 3"]:
    return transfer.applied(_SKIN)


class ToneMemory:
    """Remembers how the colours of each track's swapped faces are changed."""

    def __init__(self) -> None:
        self._tracks: dict[int, Transfer] = {}

    def usual(self, track: int) -> Transfer | None:
        """The change of colours in a track so far; None before its first frame.

        Args:
            track: its number.
        """
        return self._tracks.get(track)

    def recall(self, track: int, usual: Transfer) -> None:
        """Begin a track with what an earlier run knew of it.

        Args:
            track: its number.
            usual: the change of colours so far.
        """
        self._tracks[track] = usual

    def learn(self, track: int, measured: Transfer) -> None:
        """Take in what was measured in a track's next frame.

        Args:
            track: its number.
            measured: the change of colours that would match this frame alone.
        """
        usual = steadied(measured, self._tracks.get(track))
        assert usual is not None
        self._tracks[track] = usual.toward(measured, _SHARE)
