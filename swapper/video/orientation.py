"""How stored pictures have to be turned and mirrored to be upright, as a file's display matrix says."""

import struct
from dataclasses import dataclass

import av
import numpy as np
from jaxtyping import UInt8


@dataclass(frozen=True)
class Orientation:
    """One of the eight ways in which a picture can lie in its file; the steps are taken in this order.

    Attributes:
        transposed: rows and columns are exchanged.
        upside_down: the first row is the lowest.
        mirrored: the first column is on the right.
    """

    transposed: bool = False
    upside_down: bool = False
    mirrored: bool = False

    @classmethod
    def of(cls, frame: av.VideoFrame) -> "Orientation":
        """What a decoded frame says; turns between right angles count as the nearest of them.

        Source: ISO/IEC 14496-12, section 6.2.2: a point (p, q) is shown at (a p + c q + x, b p + d q + y).
        """
        matrix = frame.side_data.get("DISPLAYMATRIX")
        if matrix is None:
            return cls()
        a, b, _, c, d, *_ = struct.unpack("=9i", bytes(matrix))
        if abs(a) + abs(d) >= abs(b) + abs(c):
            return cls(False, d < 0, a < 0)
        return cls(True, b < 0, c < 0)

    def upright(self, image: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "a b 3"]:
        """The picture as it is shown.

        Args:
            image: as it is stored.
        """
        if self.transposed:
            image = image.swapaxes(0, 1)
        if self.upside_down:
            image = image[::-1]
        return np.ascontiguousarray(image[:, ::-1] if self.mirrored else image)
