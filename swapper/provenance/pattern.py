"""The watermark's pattern: a periodic tile whose spectrum spells a short message.

The tile repeats over the whole picture, so any part of the picture holds it, and its energy lies on a lattice of
frequencies. A third of the lattice is the same in every mark and shows where and how large the tiles are; the rest
carries the message, twelve bits in an extended Golay code of twenty-four, each bit as the sign of many frequencies.
"""

import hashlib
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Complex, Float, Int

TILE = 96  # px, period at the mark's own scale
LOWEST, HIGHEST = 0.05, 0.22  # cycles per pixel at the mark's own scale: seen little, kept by JPEG and by halving
MESSAGE_BITS, CODE_BITS = 12, 24
SYNC_SHARE = 0.35  # share of the frequencies that are the same in every mark
KEY = b"swapper watermark 1"  # public: anybody may look for the mark
_GOLAY = 0b101011100011  # x^11 + x^9 + x^7 + x^6 + x^5 + x + 1, generator of the perfect Golay code


@dataclass(frozen=True)
class Lattice:
    """Frequencies of the tile, one half of the symmetric spectrum.

    Attributes:
        rows: cycles per tile downwards.
        columns: cycles per tile to the right, positive.
        phases: unit numbers that make the tile look like noise; sign of the bits left out.
        bit: which code bit decides the sign of each frequency; -1 where none does.
    """

    rows: Int[np.ndarray, "n"]
    columns: Int[np.ndarray, "n"]
    phases: Complex[np.ndarray, "n"]
    bit: Int[np.ndarray, "n"]


@cache
def lattice() -> Lattice:
    """The frequencies, phases and roles that every mark of this version shares."""
    i, j = np.meshgrid(np.arange(-TILE // 2, TILE // 2), np.arange(1, TILE // 2), indexing="ij")
    radius = np.hypot(i, j) / TILE
    used = (radius >= LOWEST) & (radius <= HIGHEST) & (np.abs(i) > 1) & (j > 1)  # edges of pictures lie on the axes
    rows, columns = i[used], j[used]
    stream = np.frombuffer(hashlib.shake_256(KEY).digest(8 * len(rows)), ">u4").reshape(2, -1)
    phases = np.exp(2j * np.pi * stream[0] / 2**32)
    rank = np.argsort(np.argsort(stream[1], kind="stable"), kind="stable")
    sync = round(SYNC_SHARE * len(rows))
    bit = np.where(rank < sync, -1, rank % CODE_BITS)
    return Lattice(rows, columns, phases, bit)


@cache
def codebook() -> Float[np.ndarray, "messages bits"]:
    """The code word of every message as signs; any two differ in at least eight places.

    Source: Golay, "Notes on Digital Coding", 1949: the perfect [23, 12, 7] code, here with a parity bit.
    """
    words = []
    for message in range(2**MESSAGE_BITS):
        word = 0
        for place in range(MESSAGE_BITS):
            if message >> place & 1:
                word ^= _GOLAY << place
        words.append(word << 1 | word.bit_count() & 1)
    bits = np.array(words)[:, None] >> np.arange(CODE_BITS) & 1
    return 1.0 - 2.0 * bits


@cache
def tile(message: int) -> Float[np.ndarray, "t t"]:
    """One period of the pattern with a mean of zero and a root mean square of one.

    Args:
        message: 0 to 4095.
    """
    grid = lattice()
    signs = np.where(grid.bit < 0, 1.0, codebook()[message][grid.bit])
    spectrum = np.zeros((TILE, TILE // 2 + 1), complex)
    spectrum[grid.rows % TILE, grid.columns] = signs * grid.phases
    pattern = np.fft.irfft2(spectrum, (TILE, TILE))
    return (pattern / pattern.std()).astype(np.float32)
