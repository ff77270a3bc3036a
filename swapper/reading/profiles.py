"""Colour profiles (ICC) judged by what they do: numbers that mean what sRGB's do stay as they are."""

import io
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float64, UInt8
from PIL import Image, ImageCms

from swapper.reading.encoding import Encoding, colorant_encoding

_SAME = 2  # levels by which a profile's colours may differ from sRGB's: rounded curves and matrices do
_SPACES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "LAB": "LAB"}  # of profiles, and Pillow's modes for them
_GREY_MODES = ("1", "L", "LA", "La")
# What LittleCMS and Pillow raise on profiles that are damaged or do not fit.
_UNUSABLE = (ImageCms.PyCMSError, OSError, ValueError)

_RAMP = np.repeat(np.arange(65536, dtype=np.uint16)[None, :, None], 3, axis=2)

Convert = Callable[[Image.Image], Image.Image]


def profile_conversion(profile: bytes, mode: str) -> tuple[str, Convert | None]:
    """How a picture with a profile becomes sRGB.

    Args:
        profile: ICC; one that is damaged or does not fit changes nothing.
        mode: Pillow's, of the picture's colours without transparency.

    Returns:
        The mode that the picture has to be brought to first, and what makes it RGB then; None where nothing has to
        be done.
    """
    space = _space(profile)
    wanted = _SPACES.get(space)
    if wanted is None or not _fits(wanted, mode):
        return mode, None
    conversion = _conversion(profile, wanted)
    return (wanted, conversion) if conversion else (mode, None)


@lru_cache(maxsize=4)
def grey_table(profile: bytes) -> UInt8[np.ndarray, "65536"] | None:
    """Level of sRGB by 16-bit grey level of a grey profile; None where that changes nothing or it is none of greys.

    Args:
        profile: ICC.
    """
    curve = _curve(profile, b"kTRC") if _SPACES.get(_space(profile)) == "L" else None
    if curve is None:
        return None
    # LittleCMS works with so few points between grey and sRGB that shadows are wrong by ten levels.
    table = Encoding(curve[:, None].astype(np.float32), np.eye(3, dtype=np.float32)).to_srgb(_RAMP)[0, :, 0]
    same = np.abs(table[::257].astype(np.int16) - np.arange(256)).max() <= _SAME
    return None if same else table


def profile_encoding(profile: bytes) -> Encoding | None:
    """What a profile of curves and a matrix says, for pictures of more than 8 bits; None of any other, or of sRGB.

    Args:
        profile: ICC.
    """
    if _space(profile) != "RGB" or _conversion(profile, "RGB") is None:
        return None
    colorants = [_xyz(profile, name) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    curves = [_curve(profile, name) for name in (b"rTRC", b"gTRC", b"bTRC")]
    if any(part is None for part in (*colorants, *curves)) or _tag(profile, b"A2B0") is not None:
        return None
    return colorant_encoding(np.stack(curves, axis=1), np.stack(colorants, axis=1))  # type: ignore[arg-type]


def lab_to_rgb(image: Image.Image) -> Image.Image:
    """What sRGB shows of a picture in CIE L*a*b*.

    Args:
        image: mode LAB.
    """
    return _applied(ImageCms.createProfile("LAB"), "LAB")(image)


def _space(profile: bytes) -> str:
    return profile[16:20].decode("ascii", "replace").strip().upper()


def _fits(wanted: str, mode: str) -> bool:
    if wanted == "L":
        return mode in _GREY_MODES
    if wanted == "RGB":
        return mode not in ("CMYK", "LAB")
    return mode == wanted


@lru_cache(maxsize=16)
def _conversion(profile: bytes, mode: str) -> Convert | None:
    """What makes a picture sRGB; None where that would change nothing that is seen, or cannot be done."""
    if mode == "L":
        table = grey_table(profile)
        return None if table is None else lambda image: image.point(table[::257].tolist()).convert("RGB")
    try:
        convert = _applied(ImageCms.ImageCmsProfile(io.BytesIO(profile)), mode)
        if mode == "RGB":
            probe = Image.fromarray(_probe())
            found = np.asarray(convert(probe)).astype(np.int16)
            if np.abs(found - np.asarray(probe.convert("RGB"))).max() <= _SAME:
                return None
    except _UNUSABLE:
        return None
    return convert


def _applied(profile: Any, mode: str) -> Convert:
    # Colorimetric, so that sRGB stays sRGB; inks are mapped perceptually, because sRGB does not hold all of them.
    intent = ImageCms.Intent.PERCEPTUAL if mode == "CMYK" else ImageCms.Intent.RELATIVE_COLORIMETRIC
    transform = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), mode, "RGB", intent)

    def convert(image: Image.Image) -> Image.Image:
        done = ImageCms.applyTransform(image, transform)
        assert done is not None, "only a change in place returns nothing"
        return done

    return convert


def _probe() -> UInt8[np.ndarray, "3 256 3"]:
    """All greys and a grid of colours."""
    level = np.linspace(0, 255, 8).astype(np.uint8)
    grid = np.stack(np.meshgrid(level, level, level), axis=-1).reshape(2, 256, 3)
    return np.concatenate([np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2), grid])


def _tag(profile: bytes, name: bytes) -> bytes | None:
    """The data of a tag; None without it."""
    if len(profile) < 132:
        return None
    for at in range(132, min(132 + 12 * struct.unpack_from(">I", profile, 128)[0], len(profile) - 11), 12):
        found, begin, size = struct.unpack_from(">4sII", profile, at)
        if found == name:
            return profile[begin : begin + size]
    return None


def _xyz(profile: bytes, name: bytes) -> Float64[np.ndarray, "3"] | None:
    data = _tag(profile, name)
    if data is None or len(data) < 20 or data[:4] != b"XYZ ":
        return None
    return np.array(struct.unpack_from(">3i", data, 8)) / 65536


def _curve(profile: bytes, name: bytes) -> Float64[np.ndarray, "65536"] | None:
    """Light by 16-bit code of a tag's curve.

    Source: ICC.1, curveType and parametricCurveType.
    """
    data, code = _tag(profile, name), np.linspace(0, 1, 65536)
    if data is None or len(data) < 12:
        return None
    if data[:4] == b"curv":
        count = struct.unpack_from(">I", data, 8)[0]
        if count == 0:
            return code
        table = np.frombuffer(data[12 : 12 + 2 * count], ">u2").astype(np.float64)
        if len(table) != count:
            return None
        return (
            code ** max(table[0] / 256, 0.01)
            if count == 1
            else np.interp(code, np.linspace(0, 1, count), table / 65535)
        )
    kind = struct.unpack_from(">H", data, 8)[0]
    counts = (1, 3, 4, 5, 7)
    if data[:4] != b"para" or kind >= len(counts) or len(data) < 12 + 4 * counts[kind]:
        return None
    with np.errstate(all="ignore"):  # curves of damaged profiles
        return _parametric(code, kind, np.array(struct.unpack_from(f">{counts[kind]}i", data, 12)) / 65536)


def _parametric(code: Float64[np.ndarray, "n"], kind: int, said: Float64[np.ndarray, "k"]) -> Float64[np.ndarray, "n"]:
    g, a, b, c, d, e, f = (*said, *([0.0] * (7 - len(said))))
    if kind == 0:
        return code**g
    power = np.maximum(a * code + b, 0) ** g
    if kind in (1, 2):
        return np.where(code >= -b / a if a else True, power + c, c)
    return np.where(code >= d, power + e, c * code + f)
