"""Opening picture files of every kind that is read, each with what its numbers mean."""

import io
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from PIL import Image

from swapper.errors import UserError
from swapper.reading.deep import deep_avif, deep_png
from swapper.reading.encoding import Encoding, encoding, gamma_encoding
from swapper.reading.headers import brands, isobmff_codes, png_codes
from swapper.reading.heif import is_heif, open_heif
from swapper.reading.limits import check_scans, check_size
from swapper.reading.profiles import grey_table, profile_encoding
from swapper.reading.raster import DeepRaster, PillowRaster, Raster, Strip
from swapper.reading.tiff import TiffHeader, as_codes, code_range, read_tiff
from swapper.runtime.limits import Limits

READABLE = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF")
FIRST_FRAME = "{name}: it is an animation of several pictures. Its first one is used; swap it as a video for all."

# What Pillow raises on damaged files; an error of our own is none of these, or runs outside of where they are caught.
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, LookupError, ArithmeticError, struct.error, zlib.error)
_DAMAGED_AVIF = (*_DAMAGED, RuntimeError)  # libavif's complaints
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"BM", "BMP"),
)
_EXIF_ORIENTATION = 0x0112
_OPENING = threading.Lock()  # held while Pillow's own limit, which is one for the process, is another


@dataclass(frozen=True)
class Opened:
    """A picture that was opened and decoded.

    Attributes:
        raster: its pixels as they are stored.
        orientation: how they are turned, 1..8 as of EXIF.
        notes: sentences on what of it is left out.
    """

    raster: Raster
    orientation: int = 1
    notes: tuple[str, ...] = ()


def open_file(data: bytes, name: str, limits: Limits) -> Opened:
    """Open the bytes of a file; sizes are checked before any pixel is decoded.

    Args:
        data: the file.
        name: of the picture, for messages.
        limits: what is allowed on this machine.

    Raises:
        UserError: it is not a readable picture, is damaged or too large.
    """
    if not data:
        raise UserError(f"{name}: the file is empty. Copy or download it again.")
    if is_heif(data):
        return _open_heif(data, name, limits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of what our own sentences say plainly
        try:
            with _no_pillow_limit():
                image = Image.open(io.BytesIO(data), formats=READABLE)
        except _damage(data) as error:
            return _open_tiff(data, name, limits, error)
        return open_image(image, name, limits, data)


def open_image(image: Image.Image, name: str, limits: Limits, data: bytes = b"") -> Opened:
    """Check the size of a Pillow image before any pixel is decoded, then decode it.

    Args:
        image: opened.
        name: of the picture, for messages.
        limits: what is allowed on this machine.
        data: the file, where it is at hand.

    Raises:
        UserError: it is damaged or too large.
    """
    check_size(image.width, image.height, name, limits)
    if image.format in ("JPEG", "MPO"):
        check_scans(data, image.width * image.height, name)
    header = TiffHeader.of(data) if image.format == "TIFF" else None
    if header is not None and header.is_raw:
        raise UserError(f"{name}: this is a camera's raw file. Export it as JPEG, PNG or TIFF first.")
    kind = image.format or "picture"
    with _decoding(name, kind, *(_DAMAGED_AVIF if kind == "AVIF" else _DAMAGED)):
        image.load()
    notes = (FIRST_FRAME.format(name=name),) if _is_animated(image) else ()
    return Opened(_raster(image, data, header, name), _orientation(image), notes)


def _is_animated(image: Image.Image) -> bool:
    """Whether it has frames; the pictures beside a JPEG's are its own in other sizes, and a TIFF's are pages."""
    try:
        return image.format in ("GIF", "WEBP", "PNG", "AVIF") and getattr(image, "is_animated", False)
    except _DAMAGED_AVIF:  # in what follows the first
        return True


def _raster(image: Image.Image, data: bytes, header: TiffHeader | None, name: str) -> Raster:
    profile = image.info.get("icc_profile") or b""
    codes = png_codes(data) or (isobmff_codes(data) if image.format == "AVIF" else None)
    if codes is not None and (image.format == "PNG" or not profile):
        meaning = encoding(codes.primaries, codes.transfer)
    else:
        meaning = profile or _of_gamma(image)
    if image.mode == "F" or image.mode.startswith("I"):
        return _deep_greys(np.asarray(image), meaning)
    plain = PillowRaster(image, meaning)
    if not meaning:
        return plain
    if header is not None and header.has_deep_colors:
        with _decoding(name, "TIFF", ValueError):
            return read_tiff(data, header)
    # More than 8 bits are decoded where they matter only: the plain decoders are faster.
    exact = profile_encoding(meaning) if isinstance(meaning, bytes) else meaning
    deep = deep_png(data) if image.format == "PNG" and exact is not None else None
    if codes is not None and exact is not None and exact.high_range and image.format == "AVIF":
        deep = deep_avif(data, codes.matrix, codes.full)
    if exact is None or deep is None or deep.shape[1::-1] != image.size:
        return plain
    beside = plain if plain.transparent else None
    return DeepRaster(deep, lambda rows: Strip(exact.to_srgb(rows), None), plain.transparent, beside)


def _of_gamma(image: Image.Image) -> Encoding | None:
    """What a PNG's gAMA and cHRM say, where neither a profile nor sRGB stands above them."""
    if image.format != "PNG" or "srgb" in image.info:
        return None
    gamma, flat = image.info.get("gamma"), image.info.get("chromaticity")
    if gamma is None and flat is None:
        return None
    white, *colors = zip(flat[::2], flat[1::2], strict=True) if flat and len(flat) == 8 else [None]
    return gamma_encoding(gamma, (*colors, white) if colors else None)  # type: ignore[arg-type]


def _deep_greys(values: np.ndarray, meaning: bytes | Encoding | None) -> DeepRaster:
    """Grey levels of more than 8 bits: 0..65535 where they fit, floats in 0..1, anything else stretched."""
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:
        low, high = 0.0, 65535.0
    else:
        low, high = code_range(values)
    table = grey_table(meaning) if isinstance(meaning, bytes) else None

    def convert(rows: np.ndarray) -> Strip:
        if rows.dtype.kind == "u" and rows.dtype.itemsize == 2:
            codes = rows.astype(np.uint16)
        else:
            codes = as_codes(np.nan_to_num(rows.astype(np.float64), nan=low, posinf=high, neginf=low), low, high)
        if table is not None:
            return Strip(np.repeat(table[codes][..., None], 3, axis=2), None)
        rgb = np.repeat(codes[..., None], 3, axis=2)
        return Strip(meaning.to_srgb(rgb) if isinstance(meaning, Encoding) else (rgb >> 8).astype(np.uint8), None)

    return DeepRaster(values, convert)


def _open_heif(data: bytes, name: str, limits: Limits) -> Opened:
    with _decoding(name, "HEIF", ValueError):
        picture = open_heif(data, name)
    check_size(*picture.size, name, limits)
    with _decoding(name, "HEIF", ValueError):
        pixels = picture.decode()
    codes = isobmff_codes(data)
    meaning = encoding(codes.primaries, codes.transfer) if codes is not None and not picture.profile else None
    if isinstance(pixels, Image.Image):
        return Opened(PillowRaster(pixels, meaning or picture.profile or None))
    deep = meaning or (profile_encoding(picture.profile) if picture.profile else None)
    transparent = pixels.shape[2] == 4

    def convert(rows: np.ndarray) -> Strip:
        colors = np.ascontiguousarray(np.broadcast_to(rows[..., :3], (*rows.shape[:2], 3)))
        opacity = (rows[..., 3] >> 8).astype(np.uint8) if transparent else None
        return Strip(deep.to_srgb(colors) if deep else (colors >> 8).astype(np.uint8), opacity)

    return Opened(DeepRaster(pixels, convert, transparent))


def _open_tiff(data: bytes, name: str, limits: Limits, error: Exception) -> Opened:
    """What Pillow did not open: a kind of TIFF that it does not know, or nothing that is read."""
    header = TiffHeader.of(data)
    if header is None or not all(header.size):
        raise UserError(f"{name}: {_unreadable(data)}") from error
    if header.is_raw:
        raise UserError(f"{name}: this is a camera's raw file. Export it as JPEG, PNG or TIFF first.")
    if not header.readable:
        raise UserError(
            f"{name}: TIFF files with {header.name()} cannot be read. Save it with 8 or 16 bits, uncompressed."
        ) from error
    check_size(*header.size, name, limits)
    with _decoding(name, "TIFF", ValueError):
        return Opened(read_tiff(data, header), header.orientation)


@contextmanager
def _decoding(name: str, kind: str, *damaged: type[Exception]) -> Iterator[None]:
    """Turn what a decoder raises on damaged files into a sentence.

    Raises:
        UserError: the file is damaged, or there is too little memory.
    """
    try:
        yield
    except MemoryError as error:
        raise UserError(f"{name}: there is not enough memory to read it. Make it smaller.") from error
    except damaged as error:
        raise UserError(
            f"{name}: the {kind} file is damaged or cut off ({error}). Copy or download it again."
        ) from error


@contextmanager
def _no_pillow_limit() -> Iterator[None]:
    """Have Pillow open pictures of any size: ours is checked right after, and can be changed by the user."""
    with _OPENING:
        usual, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = usual


def _damage(data: bytes) -> tuple[type[Exception], ...]:
    return _DAMAGED_AVIF if {b"avif", b"avis"} & set(brands(data)) else _DAMAGED


def _unreadable(data: bytes) -> str:
    """Why a file did not open, and what to do."""
    kind = next((kind for beginning, kind in _BEGINNINGS if data.startswith(beginning)), None)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind = "WEBP"
    if {b"avif", b"avis"} & set(brands(data)):
        kind = "AVIF"
    if kind is not None:
        return f"the {kind} file is damaged or cut off. Copy or download it again."
    known = ", ".join((*READABLE, "HEIC"))
    return f"this is not a readable picture. Use one of these formats: {known}."


def _orientation(image: Image.Image) -> int:
    try:
        said = int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except _DAMAGED:
        return 1  # a damaged EXIF block does not make the pixels unreadable
    return said if 1 <= said <= 8 else 1
