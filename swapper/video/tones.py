"""The colour match over time: it changes slowly while little happens, and at once when the light does."""

from swapper.compose.color import Transfer, steadied

_SHARE = 0.12  # of a new measurement that is believed while nothing happens


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
