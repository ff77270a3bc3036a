"""What a user painted over a picture: where the new face is to be seen, and where the target is to stay."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, Int8

from swapper.faces.align import affine_scale

_EDGE = 0.01  # width of the soft edge, in sides of the crop
_BORDER = 0.04  # sides of the crop within which what was added fades out


@dataclass(frozen=True, eq=False)
class Paint:
    """A picture's painting.

    Attributes:
        strokes: of any size, laid over the whole picture: 1 shows the new face, -1 keeps the target, 0 was not painted.
    """

    strokes: Int8[np.ndarray, "h w"]

    def on_crop(
        self, matrix: Float32[np.ndarray, "2 3"], size: int, picture: tuple[int, int]
    ) -> Float32[np.ndarray, "s s"] | None:
        """The painting as one crop of the picture sees it, in [-1, 1]; None where nothing was painted on it.

        Args:
            matrix: picture pixels to crop pixels.
            size: side of the crop in pixels.
            picture: its height and width in pixels.
        """
        rows, columns = self.strokes.shape
        step_x, step_y = picture[1] / columns, picture[0] / rows
        to_picture = np.array([[step_x, 0, step_x / 2 - 0.5], [0, step_y, step_y / 2 - 0.5], [0, 0, 1]])
        place = (matrix.astype(np.float64) @ to_picture).astype(np.float32)
        strokes = self.strokes.astype(np.float32)
        scale = affine_scale(place)
        if scale < 0.8:  # averaged before it is made smaller
            strokes = cv2.GaussianBlur(strokes, (0, 0), 0.5 / scale)
        seen = cv2.warpAffine(strokes, place, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        if not seen.any():
            return None
        seen = cv2.GaussianBlur(seen, (0, 0), max(_EDGE * size, 0.5))
        return np.minimum(np.clip(seen, -1, 1), _faded_border(size))

    def among(self, centers: Sequence[tuple[float, float]]) -> list["Paint"]:
        """The painting of each of some faces: what shows the new face counts for the nearest face only.

        Args:
            centers: of the faces, as shares of the picture's width and height.
        """
        if len(centers) < 2:
            return [self] * len(centers)
        rows, columns = self.strokes.shape
        x, y = (np.arange(columns) + 0.5) / columns, (np.arange(rows)[:, None] + 0.5) / rows
        ratio = rows / columns  # so that distances are those of the picture as it looks
        apart = [(x - left) ** 2 + ((y - top) * ratio) ** 2 for left, top in centers]
        nearest = np.argmin(apart, axis=0)
        return [Paint(np.where(nearest == i, self.strokes, np.minimum(self.strokes, 0))) for i in range(len(centers))]


def painted_over(
    share: Float32[np.ndarray, "s s"], painted: Float32[np.ndarray, "s s"] | None
) -> Float32[np.ndarray, "s s"]:
    """The share of a swapped face once the painting counts too.

    Args:
        share: without it, in [0, 1].
        painted: from ``Paint.on_crop``.
    """
    return share if painted is None else np.maximum(share, painted) * (1 - np.maximum(-painted, 0))


def _faded_border(size: int) -> Float32[np.ndarray, "s s"]:
    place = np.arange(size, dtype=np.float32)
    edge = np.clip(np.minimum(place, size - 1 - place) / max(_BORDER * size, 1), 0, 1)
    return np.minimum(edge[:, None], edge)
