"""How numbers stand for light, and what sRGB shows of it: gamuts, curves, and high dynamic range brought down.

Codes are those of ITU-T H.273, which AVIF, HEIF, PNG and videos share.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8, UInt16

BT2020 = 9  # colour primaries
PQ, HLG = 16, 18  # transfer characteristics of high dynamic range
UNSPECIFIED = 2
_LINEAR, _SRGB = 8, 13
# Curves that are shown as sRGB's: they differ in the camera, not on the screen.
_AS_SRGB = (0, 1, UNSPECIFIED, 3, 6, 7, 11, 12, _SRGB, 14, 15)
_GAMMAS = {4: 2.2, 5: 2.8, 17: 2.6}
_LOG_DECADES = {9: 2.0, 10: 2.5}
_WHITE = 203.0  # cd/m2 of diffuse white (ITU-R BT.2408), which becomes 1
_PEAK = 1000.0 / _WHITE  # highlights up to here keep some drawing
_KNEE = 0.7  # light above this is compressed
_HLG_GAMMA = 1.2  # of the system, for a display of 1000 cd/m2
_D65, _C, _E = (0.3127, 0.3290), (0.310, 0.316), (1 / 3, 1 / 3)
_BT709 = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65)
_PRIMARIES = {  # red, green, blue, white, as x and y
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    8: ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),
}
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_D50_XYZ = np.array([0.9642, 1.0, 0.8249])  # white of ICC profiles and of TIFF's L*a*b*

Chromaticities = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Encoding:
    """How a picture's numbers stand for light.

    Attributes:
        light: by 16-bit code and channel; diffuse white is 1.
        matrix: light of the picture's primaries to light of BT.709's.
        luminance: share of each primary in it, for HLG, whose light depends on that; None for all others.
        high_range: light goes far beyond diffuse white.
    """

    light: Float32[np.ndarray, "65536 c"]
    matrix: Float32[np.ndarray, "3 3"]
    luminance: Float32[np.ndarray, "3"] | None = None
    high_range: bool = False

    def to_srgb(self, deep: UInt16[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
        """What sRGB shows of a picture; colours outside its gamut are clipped.

        Args:
            deep: RGB as the picture encodes it, 0..65535.
        """
        curves = self.light.T
        light = np.stack([np.take(curves[i % len(curves)], deep[..., i]) for i in range(3)], axis=2)
        return shown(self.to_bt709(light), self.high_range)

    def to_bt709(self, light: Float32[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w 3"]:
        """A display's light of BT.709's primaries.

        Args:
            light: of the picture's primaries, as the curve of its transfer characteristics says; changed.
        """
        if self.luminance is not None:
            luminance = np.maximum(cv2.transform(light, self.luminance[None]), 1e-6)
            light *= luminance[..., None] ** np.float32(_HLG_GAMMA - 1)
        return cv2.transform(light, self.matrix)


def encoding(primaries: int, transfer: int) -> Encoding | None:
    """The encoding of two codes; None where it is sRGB as far as anybody sees, or not known.

    Args:
        primaries: colour primaries.
        transfer: transfer characteristics.
    """
    own = _PRIMARIES.get(primaries, _BT709)
    if own == _BT709 and transfer in _AS_SRGB:
        return None
    curve = light_by_code(transfer)
    if curve is None:
        return None
    luminance = _to_xyz(own)[1].astype(np.float32) if transfer == HLG else None
    return Encoding(curve[:, None], between(own), luminance, transfer in (PQ, HLG))


def gamma_encoding(gamma: float | None, chromaticities: Chromaticities | None) -> Encoding | None:
    """The encoding of PNG's gAMA and cHRM; None where it is sRGB as far as anybody sees, or makes no sense.

    Args:
        gamma: exponent with which light was encoded, such as 0.45455.
        chromaticities: red, green, blue and white.
    """
    own = _BT709 if chromaticities is None or not _plausible(chromaticities) else chromaticities
    usual = gamma is None or not 0.05 < gamma < 20 or abs(gamma - 1 / 2.2) < 0.01
    if usual and np.allclose(own, _BT709, atol=0.003):
        return None
    code = np.linspace(0, 1, 65536)
    light = _srgb_light(code) if usual or gamma is None else code ** (1 / gamma)
    return Encoding(light.astype(np.float32)[:, None], between(own))


def colorant_encoding(curves: Float64[np.ndarray, "65536 3"], colorants: Float64[np.ndarray, "3 3"]) -> Encoding | None:
    """The encoding of an ICC profile that consists of curves and a matrix; None where the matrix makes no sense.

    Args:
        curves: light by code and channel.
        colorants: XYZ of red, green and blue in columns, adapted to D50.
    """
    if not np.isfinite(colorants).all() or abs(np.linalg.det(colorants)) < 1e-6:
        return None
    matrix = np.linalg.inv(_to_xyz(_BT709)) @ _adaptation(_D50_XYZ, _white(_D65)) @ colorants
    light = np.nan_to_num(curves, nan=0.0, posinf=1.0, neginf=0.0).clip(0, 1)
    return Encoding(light.astype(np.float32), matrix.astype(np.float32))


def lab_to_srgb(lab: Float32[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
    """What sRGB shows of CIE L*a*b* under D50; colours outside its gamut are clipped.

    Args:
        lab: L in 0..100.
    """
    middle = (lab[..., 0] + 16) / 116
    root = np.stack([middle + lab[..., 1] / 500, middle, middle - lab[..., 2] / 200], axis=2)
    xyz = np.where(root > 6 / 29, root**3, 3 * (6 / 29) ** 2 * (root - 4 / 29)) * _D50_XYZ
    matrix = np.linalg.inv(_to_xyz(_BT709)) @ _adaptation(_D50_XYZ, _white(_D65))
    return shown(cv2.transform(xyz.astype(np.float32), matrix.astype(np.float32)), high_range=False)


def shown(light: Float32[np.ndarray, "h w 3"], high_range: bool) -> UInt8[np.ndarray, "h w 3"]:
    """Linear light of BT.709's primaries as sRGB; of a high range the highlights are compressed.

    Args:
        light: diffuse white is 1.
        high_range: compress what is brighter than about that, at constant hue.
    """
    if high_range:
        light = with_compressed_highlights(light)
    return np.take(_srgb_codes(), (np.clip(light, 0, 1) * 65535 + 0.5).astype(np.uint16))


def between(own: Chromaticities, other: Chromaticities = _BT709) -> Float32[np.ndarray, "3 3"]:
    """Light of one set of primaries to light of another, white to white (Bradford)."""
    adapted = _adaptation(_white(own[3]), _white(other[3])) @ _to_xyz(own)
    return (np.linalg.inv(_to_xyz(other)) @ adapted).astype(np.float32)


def _to_xyz(chromaticities: Chromaticities) -> Float64[np.ndarray, "3 3"]:
    columns = np.stack([_white(point) for point in chromaticities[:3]], axis=1)
    return columns * np.linalg.solve(columns, _white(chromaticities[3]))


def _white(point: tuple[float, float]) -> Float64[np.ndarray, "3"]:
    x, y = point
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _adaptation(own: Float64[np.ndarray, "3"], other: Float64[np.ndarray, "3"]) -> Float64[np.ndarray, "3 3"]:
    gain = (_BRADFORD @ other) / (_BRADFORD @ own)
    return np.linalg.inv(_BRADFORD) @ (gain[:, None] * _BRADFORD)


def _plausible(chromaticities: Chromaticities) -> bool:
    """Whether they span a triangle with the white inside its plane."""
    if not all(0 < y < 1 and 0 <= x < 1 for x, y in chromaticities):
        return False
    matrix = np.stack([_white(point) for point in chromaticities[:3]], axis=1)
    if abs(np.linalg.det(matrix)) < 1e-3:
        return False
    return bool((np.linalg.solve(matrix, _white(chromaticities[3])) > 0).all())


def with_compressed_highlights(light: Float32[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w 3"]:
    """Light that is linear up to a knee and ever flatter from there to the peak, which becomes 1; hues stay.

    Args:
        light: linear, diffuse white is 1.
    """
    peak = np.maximum(light.max(axis=2), 1e-6)
    over = np.clip((peak - _KNEE) / (_PEAK - _KNEE), 0, 1)
    bent = np.log1p(over * 20) / np.float32(np.log(21))
    return light * (np.where(peak <= _KNEE, peak, _KNEE + (1 - _KNEE) * bent) / peak)[..., None]


@cache
def light_by_code(transfer: int, codes: int = 65536) -> Float32[np.ndarray, "n"] | None:
    """Light by code value, diffuse white is 1; of HLG before the system's gamma. None where it is not known.

    Args:
        transfer: characteristics.
        codes: how many values there are.

    Source: ITU-T H.273, table 3; ITU-R BT.2100, tables 4 and 5.
    """
    code = np.linspace(0, 1, codes)
    if transfer == PQ:
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
        root = code ** (1 / m2)
        light = (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1) * 10000 / _WHITE
    elif transfer == HLG:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
        light = scene * (1000 / _WHITE) ** (1 / _HLG_GAMMA)  # to the power of the gamma: cd/m2 over the white's
    elif transfer == _LINEAR:
        light = code
    elif transfer in _GAMMAS:
        light = code ** _GAMMAS[transfer]
    elif transfer in _LOG_DECADES:
        light = np.where(code > 0, 10 ** (_LOG_DECADES[transfer] * (code - 1)), 0)
    elif transfer in _AS_SRGB:
        light = _srgb_light(code)
    else:
        return None
    return light.astype(np.float32)


def _srgb_light(code: Float64[np.ndarray, "n"]) -> Float64[np.ndarray, "n"]:
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


@cache
def _srgb_codes() -> UInt8[np.ndarray, "65536"]:
    """8-bit code by linear light in 65535ths."""
    light = np.linspace(0, 1, 65536)
    code = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(code * 255).astype(np.uint8)
