"""ICC profiles of curves and a matrix, written byte by byte."""

import struct

import numpy as np

SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))  # XYZ under D50
ADOBE = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
DISPLAY_P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def gamma(value: float) -> bytes:
    """A curve of one exponent."""
    return b"curv" + struct.pack(">IIH", 0, 1, round(value * 256)) + b"\0\0"


def parametric(*values: float) -> bytes:
    """sRGB's kind of curve: g, a, b, c, d."""
    return b"para" + struct.pack(">IHH5i", 0, 3, 0, *[round(v * 65536) for v in values])


def table(values: np.ndarray) -> bytes:
    """A curve of points, light in 0..1."""
    points = np.rint(np.asarray(values) * 65535).astype(">u2").tobytes()
    return b"curv" + struct.pack(">II", 0, len(values)) + points + b"\0" * (-len(points) % 4)


def rgb_profile(colorants, curve: bytes, name: str = "sRGB IEC61966-2.1") -> bytes:
    """A profile of a display; by default it claims to be sRGB."""
    tags = dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(xyz, colorants), strict=True))
    return profile(b"RGB ", {**tags, **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)}, name)


def grey_profile(curve: bytes, name: str = "sGray") -> bytes:
    """A profile of greys."""
    return profile(b"GRAY", {b"kTRC": curve}, name)


def xyz(values) -> bytes:
    return b"XYZ " + struct.pack(">I3i", 0, *[round(v * 65536) for v in values])


def profile(space: bytes, tags: dict[bytes, bytes], name: str) -> bytes:
    text = name.encode() + b"\0"
    described = b"desc" + struct.pack(">II", 0, len(text)) + text + bytes(78 + -len(text) % 4)
    parts = {b"desc": described, b"cprt": b"text\0\0\0\0none\0\0\0\0", b"wtpt": xyz((0.9642, 1, 0.8249)), **tags}
    at, table_, body = 132 + 12 * len(parts), b"", b""
    for tag, data in parts.items():
        table_ += struct.pack(">4sII", tag, at + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"none", 0x02400000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H4sI", 2024, 1, 1, 0, 0, 0, b"acsp", 0).ljust(44, b"\0") + xyz((0.9642, 1, 0.8249))[8:]
    return head.ljust(128, b"\0") + struct.pack(">I", len(parts)) + table_ + body
