"""Finding the watermark in a picture that was compressed, resized or cut, without the unmarked picture.

The mark repeats, so its energy lies on a lattice of the picture's spectrum whose spacing tells the scale. For every
scale the phases on the lattice are compared with the mark's; a displacement of the picture turns them linearly, so
one small Fourier transform tries all displacements at once.
"""

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from jaxtyping import Complex, Float, Float32, Int, UInt8

from swapper.provenance.pattern import CODE_BITS, TILE, codebook, lattice
from swapper.provenance.watermark import LONGEST, local_deviation

SMALLEST, LARGEST = 0.33, 4.2  # scales that are tried, pixels per pixel of the mark's own scale
# Chernoff's bound for a sum of unit numbers of random direction: a score of z happens with a chance of at most
# exp(-z * z / 2) in each trial. With at most 2.4e13 trials (scales, displacements, refinements, messages), an
# unmarked picture is taken for a marked one at most six times in ten million.
THRESHOLD = 9.5
_CANDIDATES = 12  # scales that are looked at closely
_COARSE = 4.0  # px, width of the blur that is taken off the picture
_QUIETING = 1.5  # the mark grows more slowly than the structure it hides in, so busy places tell less
_BATCH = 32  # scales at a time
_PADDING = 2.0  # of the picture with zeros: spectrum between the frequencies of its own grid


@dataclass(frozen=True)
class Mark:
    """A watermark that was found.

    Attributes:
        message: 0 to 4095.
        score: how far above chance, in standard deviations.
        scale: pixels of this picture per pixel of the mark's own scale.
        code: the received code word, one soft value a bit, positive for 0.
    """

    message: int
    score: float
    scale: float
    code: Float[np.ndarray, "bits"]


@dataclass(frozen=True)
class _Spectrum:
    values: Complex[np.ndarray, "rows columns"]
    height: int  # padded
    width: int
    center: tuple[float, float]

    def at(
        self, rows: Int[np.ndarray, "n"], columns: Int[np.ndarray, "n"], scale_y: float, scale_x: float
    ) -> Complex[np.ndarray, "n"]:
        """Directions of the spectrum at the lattice of a scale, seen from the picture's middle."""
        i = np.rint(rows * (self.height / (scale_y * TILE))).astype(np.int64)
        j = np.rint(columns * (self.width / (scale_x * TILE))).astype(np.int64)
        known = (np.abs(i) < self.height // 2) & (j < self.width // 2)
        found = self.values[np.where(known, i, 0), np.where(known, j, 0)]
        turn = np.exp(2j * np.pi * (i * (self.center[0] / self.height) + j * (self.center[1] / self.width)))
        return np.where(known, found * turn / np.maximum(np.abs(found), 1e-12), 0)


def find_mark(image: UInt8[np.ndarray, "h w 3"]) -> Mark | None:
    """The watermark of a picture or of one frame of a video; None where there is none.

    Args:
        image: RGB.
    """
    best = best_mark(image)
    return best if best is not None and best.score >= THRESHOLD else None


def best_mark(image: UInt8[np.ndarray, "h w 3"]) -> Mark | None:
    """What looks most like a watermark, however little; None for a picture too small to tell.

    Args:
        image: RGB.
    """
    even = _evened(image)
    if min(even.shape) < TILE // 2:
        return None
    spectrum, step = _spectrum(even), _scale_step(max(even.shape))
    found = [_decoded(spectrum, candidate, step) for candidate in _candidates(spectrum, step)]
    return max(found, key=lambda mark: mark.score)


def _evened(image: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "rows columns"]:
    """Brightness without its coarse structure, reduced where large, busy places made as quiet as the others."""
    height, width = image.shape[:2]
    factor = min(1.0, LONGEST / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    luma = cv2.resize(luma, size, interpolation=cv2.INTER_AREA) if factor < 1 else luma
    luma = luma.astype(np.float32)
    even = (luma - cv2.GaussianBlur(luma, (0, 0), _COARSE)) / (local_deviation(luma) + 1.0) ** _QUIETING
    return even - even.mean()


def _spectrum(image: Float32[np.ndarray, "h w"]) -> _Spectrum:
    height, width = (2 * (cv2.getOptimalDFTSize(round(_PADDING * side)) // 2) for side in image.shape)
    values = np.fft.rfft2(image, (height, width))
    center = ((image.shape[0] - 1) / 2, (image.shape[1] - 1) / 2)
    return _Spectrum(values, height, width, center)


def _candidates(spectrum: _Spectrum, step: float) -> list[tuple[float, float, float]]:
    """Scales and displacements (scale, down, right) at which the fixed part of the mark fits best."""
    grid = lattice()
    sync = grid.bit < 0
    rows, columns, phases = grid.rows[sync], grid.columns[sync], np.conj(grid.phases[sync])
    scales = np.exp(np.arange(np.log(SMALLEST), np.log(LARGEST), step))
    found = []
    for start in range(0, len(scales), _BATCH):
        batch = scales[start : start + _BATCH]
        table = np.zeros((len(batch), TILE, TILE // 2 + 1), np.complex64)
        for place, scale in enumerate(batch):
            table[place, rows % TILE, columns] = spectrum.at(rows, columns, scale, scale) * phases
        scores = np.fft.irfft2(table, (TILE, TILE)).reshape(len(batch), -1)
        peaks = scores.argmax(axis=1)
        found += [
            (float(scores[place, peak]), (float(scale), float(peak // TILE), float(peak % TILE)))
            for place, (scale, peak) in enumerate(zip(batch, peaks, strict=True))
        ]
    found.sort(reverse=True)
    return [candidate for _, candidate in found[:_CANDIDATES]]


def _scale_step(longest: int) -> float:
    """Logarithmic step of the scales: the mark slips by a quarter of its finest wave at the picture's edge."""
    return 0.5 / (0.2 * longest)


def _decoded(spectrum: _Spectrum, candidate: tuple[float, float, float], step: float) -> Mark:
    """Fit scale and displacement more finely, then read the message."""
    grid = lattice()
    sync = grid.bit < 0
    rows, columns, phases = grid.rows[sync], grid.columns[sync], np.conj(grid.phases[sync])
    scale, down, right = candidate
    near = np.arange(-1.5, 1.51, 0.25)
    y, x = (offset.ravel() for offset in np.meshgrid(down + near, right + near, indexing="ij"))
    turns = _turns(rows, columns, y, x)
    best, place = -np.inf, (scale, scale, down, right)
    close = scale * (1 + step * np.linspace(-1, 1, 5))
    for scale_y, scale_x in product(close, close):
        fits = np.real(turns @ (spectrum.at(rows, columns, scale_y, scale_x) * phases))
        top = int(fits.argmax())
        if fits[top] > best:
            best, place = float(fits[top]), (scale_y, scale_x, y[top], x[top])
    scale_y, scale_x, down, right = place
    turn = _turns(grid.rows, grid.columns, np.array([down]), np.array([right]))[0]
    fit = np.real(spectrum.at(grid.rows, grid.columns, scale_y, scale_x) * np.conj(grid.phases) * turn)
    code = np.bincount(grid.bit[~sync], fit[~sync], CODE_BITS)
    words = codebook() @ code
    message = int(words.argmax())
    deviations = (fit[sync].sum() + words[message]) * np.sqrt(2 / len(fit))
    return Mark(message, float(deviations), float(np.sqrt(scale_y * scale_x)), code)


def _turns(
    rows: Int[np.ndarray, "n"],
    columns: Int[np.ndarray, "n"],
    down: Float[np.ndarray, "m"],
    right: Float[np.ndarray, "m"],
) -> Complex[np.ndarray, "m n"]:
    """Phase factors that undo a translation."""
    return np.exp(2j * np.pi * (np.outer(down, rows) + np.outer(right, columns)) / TILE)
