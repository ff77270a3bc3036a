"""Adding the invisible watermark to a picture's brightness."""

import cv2
import numpy as np
from jaxtyping import Float32, Int16, UInt8

from swapper.provenance.pattern import TILE, tile

LONGEST = 1536  # px; larger pictures get the mark as if they had this longer side, so that it outlives reduction
QUIET, LOUD = 0.9, 3.5  # grey levels, root mean square in smooth and in busy places
PER_ACTIVITY = 0.16  # grey levels of mark for each grey level of the picture's own fine structure
LEAST_PSNR = 42.5  # dB against the unmarked picture
_FINE = 2.0  # px, width of the blur whose difference from the picture counts as fine structure
_NEAR = 6.0  # px, width of the neighbourhood in which structure hides the mark
_COARSEST = 16  # neighbourhoods: the shorter side of pictures whose structure is measured at a third of the size
_FRACTIONS = 256  # the mark travels in 1/256 grey levels, 16 bits a pixel
_AT_A_TIME = 4_000_000  # pixels


def add_mark(image: UInt8[np.ndarray, "h w 3"], message: int) -> UInt8[np.ndarray, "h w 3"]:
    """A copy of a picture with the watermark: brightness changes by a few grey levels, colour does not.

    Args:
        image: RGB.
        message: 0 to 4095.
    """
    height, width = image.shape[:2]
    steps = _steps(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), message)
    marked = np.empty_like(image)
    rows = max(1, _AT_A_TIME // width)
    for top in range(0, height, rows):
        part = np.rint(steps[top : top + rows, :, None] / np.float32(_FRACTIONS)).astype(np.int16)
        marked[top : top + rows] = np.clip(image[top : top + rows] + part, 0, 255)
    return marked


def mark_change(luma: UInt8[np.ndarray, "h w"], message: int) -> Float32[np.ndarray, "h w"]:
    """What the watermark adds to a picture's brightness, grey levels.

    Args:
        luma: brightness, 0..255.
        message: 0 to 4095.
    """
    return _steps(luma, message) / np.float32(_FRACTIONS)


def _steps(luma: UInt8[np.ndarray, "h w"], message: int) -> Int16[np.ndarray, "h w"]:
    """The watermark in fractions of grey levels."""
    height, width = luma.shape
    factor = min(1.0, LONGEST / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    small = cv2.resize(luma, size, interpolation=cv2.INTER_AREA) if factor < 1 else luma
    del luma
    change = _strength(small) * _tiled(message, small.shape)
    steps = np.round(change * _FRACTIONS).astype(np.int16)
    return cv2.resize(steps, (width, height), interpolation=cv2.INTER_CUBIC) if factor < 1 else steps


def _tiled(message: int, shape: tuple[int, ...]) -> Float32[np.ndarray, "h w"]:
    copies = (-(-shape[0] // TILE), -(-shape[1] // TILE))
    return np.tile(tile(message), copies)[: shape[0], : shape[1]]


def _strength(luma: UInt8[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Root mean square of the mark at each pixel: more where the picture itself is busy."""
    activity = local_deviation(luma.astype(np.float32))
    strength = np.clip(PER_ACTIVITY * activity, QUIET, LOUD)
    most = 255.0 / 10 ** (LEAST_PSNR / 20)
    return strength * min(1.0, most / max(float(np.sqrt(np.mean(strength**2))), 1e-6))


def local_deviation(luma: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Root mean square of a picture's fine structure around each pixel, grey levels.

    Args:
        luma: brightness, 0..255.
    """
    fine = luma - cv2.GaussianBlur(luma, (0, 0), _FINE)
    power = fine * fine
    if min(luma.shape) < _COARSEST * _NEAR:
        return np.sqrt(np.maximum(cv2.GaussianBlur(power, (0, 0), _NEAR), 0))
    size = luma.shape[1::-1]  # what is blurred so widely looks the same when it was reduced for that
    small = cv2.resize(power, (size[0] // 3, size[1] // 3), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), _NEAR / 3)
    return np.sqrt(np.maximum(cv2.resize(small, size, interpolation=cv2.INTER_LINEAR), 0))
