"""TIFF files that Pillow does not open: floats in several channels, and L*a*b* of 16 bits."""

import struct
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, UInt8, UInt16

from swapper.reading.deep import decode_quietly
from swapper.reading.encoding import Encoding, lab_to_srgb
from swapper.reading.profiles import profile_encoding
from swapper.reading.raster import DeepRaster, Strip

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _ORIENTATION, _SAMPLES = 256, 257, 258, 259, 262, 274, 277
_PLANES, _EXTRA, _FORMAT, _PROFILE = 284, 338, 339, 34675
_SUBFILE, _SUBFILES, _DNG = 254, 330, 50706
_WHOLE, _SIGNED, _FLOAT = 1, 2, 3  # sample formats
_GREY, _RGB, _CIELAB, _ICCLAB = 1, 2, 8, 9  # photometric interpretations
_KINDS = {0: "inverted grey", 1: "grey", 2: "RGB", 3: "palette", 5: "CMYK", 6: "YCbCr", 8: "L*a*b*", 9: "L*a*b*"}
_FORMATS = {_WHOLE: "whole-number", _SIGNED: "signed", _FLOAT: "float"}
_TYPES = {1: "B", 2: "B", 3: "H", 4: "I", 7: "B", 16: "Q"}  # of tags that are read: bytes, whole numbers


@dataclass(frozen=True)
class TiffHeader:
    """What the first picture of a TIFF file is.

    Attributes:
        tags: values by number.
        places: where they lie in the file, and the letter of ``struct`` for one of them.
        order: of bytes, ``<`` or ``>``.
    """

    tags: dict[int, tuple[int, ...]]
    places: dict[int, tuple[int, str]]
    order: str

    @classmethod
    def of(cls, data: bytes) -> "TiffHeader | None":
        """Read it; None where there is none.

        Args:
            data: the file.
        """
        order = {b"II": "<", b"MM": ">"}.get(data[:2])
        if order is None:
            return None
        try:
            return cls(*_directory(data, order), order)
        except (struct.error, OverflowError):
            return None

    def first(self, tag: int, usual: int) -> int:
        """The first value of a tag."""
        return (self.tags.get(tag) or (usual,))[0]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.first(_WIDTH, 0), self.first(_HEIGHT, 0)

    @property
    def orientation(self) -> int:
        """As of EXIF, 1..8."""
        said = self.first(_ORIENTATION, 1)
        return said if 1 <= said <= 8 else 1

    @property
    def readable(self) -> bool:
        """Whether ``read_tiff`` knows this kind."""
        if self.first(_PLANES, 1) != 1 and self.first(_SAMPLES, 1) > 1:
            return False
        kind = self.first(_PHOTOMETRIC, -1), self.first(_FORMAT, _WHOLE), self.first(_BITS, 1)
        floats = kind[0] in (_GREY, _RGB) and kind[1] == _FLOAT and kind[2] in (16, 32, 64)
        samples = self.first(_SAMPLES, 1)
        return (floats and samples in (1, 3, 4)) or (self.is_lab and kind[2] in (8, 16) and samples == 3)

    @property
    def is_lab(self) -> bool:
        """Whether its pixels are whole numbers of L*a*b*."""
        return self.first(_PHOTOMETRIC, -1) in (_CIELAB, _ICCLAB) and self.first(_FORMAT, _WHOLE) != _FLOAT

    @property
    def has_deep_colors(self) -> bool:
        """Whether it is RGB of 16 bits with a profile, of which Pillow keeps 8."""
        rgb = self.first(_PHOTOMETRIC, -1) == _RGB and self.first(_SAMPLES, 1) == 3 and self.first(_PLANES, 1) == 1
        return rgb and self.first(_BITS, 1) == 16 and self.first(_FORMAT, _WHOLE) == _WHOLE and _PROFILE in self.tags

    @property
    def is_raw(self) -> bool:
        """Whether it is a camera's raw file, whose first picture is but a thumbnail."""
        return _DNG in self.tags or (self.first(_SUBFILE, 0) & 1 == 1 and _SUBFILES in self.tags)

    def name(self) -> str:
        """What the pixels are, in words, such as ``32-bit float RGB pixels``."""
        planes = " in separate planes" if self.first(_PLANES, 1) != 1 and self.first(_SAMPLES, 1) > 1 else ""
        kind = _KINDS.get(self.first(_PHOTOMETRIC, -1), "other")
        packing = f", compression {self.first(_COMPRESSION, 1)}"
        number = _FORMATS.get(self.first(_FORMAT, _WHOLE), "other")
        return f"{self.first(_BITS, 1)}-bit {number} {kind} pixels{planes}{packing}"


def read_tiff(data: bytes, header: TiffHeader) -> DeepRaster:
    """Decode a picture; how it is turned is left as it is.

    Floats of the range 0 to 1, or beyond it by highlights, are codes as they are, of a profile's curve where there is
    one; other ranges are brought down as of grey pictures.

    Args:
        data: the file.
        header: of it, ``readable``.

    Raises:
        ValueError: the file is damaged.
    """
    pixels = decode_quietly(_as_numbers(data, header))
    width, height = header.size
    if pixels is None or pixels.shape[:2] != (height, width):
        raise ValueError("its pixels cannot be decoded")
    if header.is_lab:
        return DeepRaster(pixels, lambda rows: Strip(lab_to_srgb(_lab(rows, header)), None))
    profile = bytes(header.tags.get(_PROFILE, ()))
    encoding = profile_encoding(profile) if profile else None
    if header.first(_FORMAT, _WHOLE) != _FLOAT:
        return DeepRaster(pixels, lambda rows: Strip(_srgb(rows, encoding), None))
    pixels = pixels.view(np.float16) if header.first(_BITS, 1) == 16 else pixels
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    low, high = code_range(pixels[..., :3])
    multiplied = header.first(_EXTRA, 2) == 1

    def convert(rows: np.ndarray) -> Strip:
        with np.errstate(invalid="ignore"):  # not-a-numbers of a kind that warns of itself
            values = np.nan_to_num(rows.astype(np.float64), nan=low, posinf=high, neginf=low)
        colors, alpha = values[..., :3], values[..., 3].clip(0, 1) if values.shape[2] == 4 else None
        if alpha is not None and multiplied:
            colors = colors / np.maximum(alpha, 1e-6)[..., None]
        codes = np.broadcast_to(as_codes(colors, low, high), (*colors.shape[:2], 3))
        return Strip(_srgb(codes, encoding), None if alpha is None else np.rint(alpha * 255).astype(np.uint8))

    return DeepRaster(pixels, convert, transparent=pixels.shape[2] == 4)


def _srgb(codes: UInt16[np.ndarray, "h w 3"], encoding: Encoding | None) -> UInt8[np.ndarray, "h w 3"]:
    return (codes >> 8).astype(np.uint8) if encoding is None else encoding.to_srgb(codes)


def code_range(values: np.ndarray) -> tuple[float, float]:
    """What is black and what is white among levels of any range.

    Args:
        values: codes of 0..1 with highlights beyond, of 0..255, 0..65535, or of anything else, which is stretched.
    """
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        finite = values[np.isfinite(values)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    whole = np.issubdtype(values.dtype, np.integer)
    if low >= 0 and high <= 16 and not whole:
        return 0.0, 1.0
    if low >= 0 and high <= 65535:
        return 0.0, 65535.0 if high > 255 else 255.0
    return low, high


def as_codes(values: Float64[np.ndarray, "*s"], low: float, high: float) -> UInt16[np.ndarray, "*s"]:
    """Levels as 16-bit codes.

    Args:
        values: of any range; what is not a number becomes black.
        low: of black.
        high: of white.
    """
    with np.errstate(all="ignore"):  # ranges of damaged files
        shares = np.nan_to_num((values - low) / max(high - low, 1e-12), nan=0.0)
        return np.rint(shares.clip(0, 1) * 65535).astype(np.uint16)


def _lab(pixels: np.ndarray, header: TiffHeader) -> Float32[np.ndarray, "h w 3"]:
    """CIE L*a*b*, L in 0..100, from how TIFF stores it.

    Source: TIFF 6.0, section 23, and its technical note on ICC L*a*b*.
    """
    deep, icc = pixels.dtype.itemsize == 2, header.first(_PHOTOMETRIC, -1) == _ICCLAB
    lightness = pixels[..., :1] * np.float32(100 / ((65280 if icc else 65535) if deep else 255))
    signed = pixels[..., 1:].astype(np.float32)
    if icc:
        tint = signed - (32768 if deep else 128)
    else:
        tint = pixels[..., 1:].view(np.int16 if deep else np.int8).astype(np.float32)
    return np.concatenate([lightness, tint / (256 if deep else 1)], axis=2).astype(np.float32)


def _as_numbers(data: bytes, header: TiffHeader) -> bytes:
    """The file saying that its pixels are upright RGB, so that a decoder hands out the numbers as they are."""
    changed = bytearray(data)
    wanted = {_ORIENTATION: 1}
    if header.is_lab:
        wanted |= {_PHOTOMETRIC: _RGB, _FORMAT: _WHOLE}
    elif header.first(_BITS, 1) == 16:
        wanted |= {_FORMAT: _WHOLE}
    for tag, value in wanted.items():
        if tag in header.places:
            at, letter = header.places[tag]
            count = len(header.tags[tag])
            struct.pack_into(f"{header.order}{count}{letter}", changed, at, *[value] * count)
    return bytes(changed)


def _directory(data: bytes, order: str) -> tuple[dict[int, tuple[int, ...]], dict[int, tuple[int, str]]]:
    big = struct.unpack_from(f"{order}H", data, 2)[0] == 43
    head, entry, inline = ("Q", "HHQ", 8) if big else ("H", "HHI", 4)
    at = struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, 8 if big else 4)[0]
    count = struct.unpack_from(order + head, data, at)[0]
    at += struct.calcsize(order + head)
    size = struct.calcsize(order + entry) + inline
    tags, places = {}, {}
    for begin in range(at, min(at + count * size, len(data) - size + 1), size):
        tag, kind, many = struct.unpack_from(order + entry, data, begin)
        if kind not in _TYPES or not 0 < many <= len(data):
            continue
        letter, place = _TYPES[kind], begin + size - inline
        if many * struct.calcsize(order + letter) > inline:
            place = struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, place)[0]
        if place + many * struct.calcsize(order + letter) <= len(data):
            tags[tag], places[tag] = struct.unpack_from(f"{order}{many}{letter}", data, place), (place, letter)
    return tags, places
