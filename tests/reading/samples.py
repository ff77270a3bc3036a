"""A picture of known colours, and files that encode it in other ways than sRGB."""

import io
import struct
import zlib

import av
import cv2
import numpy as np
from PIL import Image

from swapper.reading.encoding import _BT709, _PRIMARIES, between
from swapper.runtime.threads import usual_priority


def colours(height: int = 40, width: int = 64) -> np.ndarray:
    """RGB that no wide gamut is needed for: a ramp of greys, and soft colours."""
    y, x = np.mgrid[:height, :width]
    soft = np.stack([90 + x * 100 // width, 90 + y * 100 // height, 180 - x * 100 // width], 2)
    soft[: height // 4] = (x[: height // 4] * 190 // width)[..., None]
    return soft.astype(np.uint8)


def linear(image: np.ndarray) -> np.ndarray:
    """Light of sRGB."""
    code = image / 255
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def in_primaries(light: np.ndarray, primaries: int) -> np.ndarray:
    """The same light by other primaries."""
    if primaries not in _PRIMARIES:
        return light
    return np.clip(light @ between(_BT709, _PRIMARIES[primaries]).T.astype(np.float64), 0, None)


def code(light: np.ndarray, transfer: int) -> np.ndarray:
    """Codes in 0..1 of light whose diffuse white, 203 cd/m2, is 1; the inverse of ITU-R BT.2100."""
    if transfer == 16:
        y = np.clip(light * 203 / 10000, 0, 1)
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
        return ((c1 + c2 * y**m1) / (1 + c3 * y**m1)) ** m2
    if transfer == 18:
        shown = np.clip(light * 203 / 1000, 1e-9, None)
        luminance = shown @ np.array([0.2627, 0.6780, 0.0593])
        scene = shown * luminance[..., None] ** (1 / 1.2 - 1)
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        return np.where(scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(np.maximum(12 * scene - b, 1e-9)) + c)
    if transfer == 8:
        return light
    if transfer == 4:
        return light ** (1 / 2.2)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def encoded(image: np.ndarray, primaries: int, transfer: int) -> np.ndarray:
    """A picture as 16-bit codes of an encoding."""
    return np.rint(code(in_primaries(linear(image), primaries), transfer).clip(0, 1) * 65535).astype(np.uint16)


def png(pixels: np.ndarray, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of 8 or 16 bits, grey, RGB or RGBA, with chunks put in after its header."""
    order = pixels if pixels.ndim == 2 else pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]
    data = cv2.imencode(".png", np.ascontiguousarray(order))[1].tobytes()
    more = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    return data[:33] + more + data[33:]


def cicp(primaries: int, transfer: int) -> tuple[bytes, bytes]:
    return b"cICP", bytes([primaries, transfer, 0, 1])


def avif_of_eight_bits(pixels: np.ndarray, primaries: int, transfer: int, **options: object) -> bytes:
    """An AVIF whose container says what its numbers are, as cameras and browsers want it."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "AVIF", quality=95, subsampling="4:4:4", **options)
    data = bytearray(stream.getvalue())
    at = data.index(b"colrnclx") + 8
    struct.pack_into(">HH", data, at, primaries, transfer)
    return bytes(data)


def avif_of_ten_bits(pixels: np.ndarray, primaries: int, transfer: int) -> bytes:
    """An AVIF of 10 bits a channel from 16-bit codes."""
    stream = io.BytesIO()
    with av.open(stream, "w", format="avif") as container:
        out = container.add_stream("libsvtav1", rate=1, options={"crf": "4", "preset": "8"})
        out.height, out.width = pixels.shape[:2]
        out.pix_fmt = "yuv420p10le"
        context = out.codec_context
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = primaries, transfer, 9, 2
        with usual_priority():
            context.open()
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb48le")
        frame = frame.reformat(format="yuv420p10le", dst_colorspace=9, src_color_range=2, dst_color_range=2)
        frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range = primaries, transfer, 9, 2
        container.mux(out.encode(frame))
        container.mux(out.encode(None))
    return stream.getvalue()


def tiff(pixels: np.ndarray, photometric: int, order: str = "<", planes: int = 1, **more: object) -> bytes:
    """An uncompressed TIFF of one strip."""
    kind = {"f": 3, "u": 1, "i": 2}[pixels.dtype.kind]
    height, width = pixels.shape[:2] if planes == 1 else pixels.shape[1:]
    samples = 1 if pixels.ndim == 2 else pixels.shape[2 if planes == 1 else 0]
    data = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    bits = 8 * pixels.dtype.itemsize
    tags = {256: ("I", [width]), 257: ("I", [height]), 258: ("H", [bits] * samples), 259: ("H", [1])}
    tags |= {262: ("H", [photometric]), 273: ("I", [8]), 274: ("H", [more.get("orientation", 1)])}
    tags |= {277: ("H", [samples]), 278: ("I", [height]), 279: ("I", [len(data)]), 284: ("H", [planes])}
    if samples == 4:
        tags[338] = ("H", [more.get("extra", 2)])
    tags[339] = ("H", [kind] * samples)
    if "profile" in more:
        tags[34675] = ("B", list(more["profile"]))
    at = 8 + len(data)
    table, body = struct.pack(f"{order}H", len(tags)), b""
    after = at + 2 + 12 * len(tags) + 4
    for tag, (letter, values) in sorted(tags.items()):
        packed = struct.pack(f"{order}{len(values)}{letter}", *values)
        code_ = {"B": 7, "H": 3, "I": 4}[letter]
        if len(packed) > 4:
            table += struct.pack(f"{order}HHII", tag, code_, len(values), after + len(body))
            body += packed
        else:
            table += struct.pack(f"{order}HHI", tag, code_, len(values)) + packed.ljust(4, b"\0")
    start = b"II*\0" if order == "<" else b"MM\0*"
    return start + struct.pack(f"{order}I", at) + data + table + bytes(4) + body
