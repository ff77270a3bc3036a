"""Makers of pictures that are small as files and would take the machine when they are decoded, or lead out of them."""

import io
import struct
import zlib

from PIL import Image, PngImagePlugin


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, rows: bytes, depth: int, color: int, *before: bytes) -> bytes:
    """A PNG of packed rows; ``before`` are chunks that stand before them."""
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(before) + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")


def thin_png(width: int, height: int) -> bytes:
    """All black, one bit a pixel: any size in a few kilobytes."""
    rows, row = zlib.compressobj(9), bytes((width + 7) // 8 + 1)
    packed = b"".join(rows.compress(row * min(4096, height - at)) for at in range(0, height, 4096))
    return png(width, height, packed + rows.flush(), 1, 0)


def colour_png(side: int) -> bytes:
    """All black, in three bytes a pixel."""
    return png(side, side, zlib.compress((b"\0" + bytes(3 * side)) * side, 1), 8, 2)


def deep_png(side: int) -> bytes:
    """All black, in eight bytes a pixel, with an encoding that has to be converted."""
    rows = zlib.compress((b"\0" + bytes(8 * side)) * side, 9)
    return png(side, side, rows, 16, 6, png_chunk(b"cICP", bytes([9, 16, 0, 1])))


def endless_rows_png(side: int, more: int) -> bytes:
    """The rows go on for many megabytes after the picture's end."""
    return png(side, side, zlib.compress(bytes((side + 1) * side + more), 9), 8, 0)


def text_png(size: int) -> bytes:
    """A packed text that unpacks into many megabytes."""
    body = b"Comment\0\0" + zlib.compress(bytes(size), 9)
    return png(64, 64, zlib.compress(bytes(65 * 64), 9), 8, 0, png_chunk(b"zTXt", body))


def profile_png(size: int) -> bytes:
    """A packed colour profile that unpacks into many megabytes."""
    body = b"icc\0\0" + zlib.compress(bytes(size), 9)
    return png(64, 64, zlib.compress(bytes(65 * 64), 9), 8, 0, png_chunk(b"iCCP", body))


def many_chunks_png(count: int) -> bytes:
    """Nothing but tiny texts before the picture."""
    texts = [png_chunk(b"tEXt", b"k%d\0v" % i) for i in range(count)]
    return png(64, 64, zlib.compress(bytes(65 * 64), 9), 8, 0, *texts)


def animated_png(side: int, frames: int) -> bytes:
    """Many frames, of which only the first is wanted."""
    pictures = [Image.new("L", (side, side), i % 2) for i in range(frames)]
    return _saved(pictures[0], "PNG", save_all=True, append_images=pictures[1:])


def huge_head_png() -> bytes:
    """A head that promises the largest picture there is, and nothing after it."""
    return png(2**31 - 1, 2**31 - 1, b"", 16, 6)


def progressive_jpeg(width: int, height: int, more: int, color: str = "RGB") -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    data = _saved(Image.new(color, (width, height), "grey"), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * more + data[-2:]


def jpeg_of_another_size(width: int, height: int) -> bytes:
    """A small JPEG whose head claims another size."""
    data = bytearray(_saved(Image.new("RGB", (64, 64), "grey"), "JPEG"))
    struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, height, width)
    return bytes(data)


def jpeg_of_many_heads(count: int) -> bytes:
    """Thousands of empty APP parts before the picture."""
    data = _saved(Image.new("RGB", (64, 64), "grey"), "JPEG")
    return data[:2] + b"\xff\xe5\0\2" * count + data[2:]


def gif_of_large_screen(width: int, height: int) -> bytes:
    """A tiny picture on a screen of another size."""
    data = bytearray(_saved(Image.new("L", (8, 8)), "GIF"))
    struct.pack_into("<HH", data, 6, width, height)
    return bytes(data)


def gif_of_many_frames(side: int, frames: int) -> bytes:
    """Thousands of frames, of which only the first is wanted."""
    data = _saved(Image.new("L", (side, side)), "GIF")
    begin = data.index(b",")
    return data[:begin] + data[begin:-1] * frames + data[-1:]


def bmp_of(width: int, height: int) -> bytes:
    """A head alone."""
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + head


def run_length_bmp(side: int) -> bytes:
    """Run lengths that write far fewer bytes than the head promises."""
    head = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, 4, 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 1082, 0, 0, 1078) + head + bytes(1024) + b"\xff\0\0\1"


def tiff_of(*entries: tuple[int, int, int, int], endless: bool = False, data: bytes = b"") -> bytes:
    """A TIFF of (tag, type, count, value) entries; ``endless`` makes its directory follow itself."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + struct.pack("<I", 8 if endless else 0) + data


def flat_tiff(width: int, height: int, endless: bool = False) -> bytes:
    """One strip that is not there."""
    entries = ((256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1))
    entries += ((273, 4, 1, 200), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, width * height % 2**32))
    return tiff_of(*entries, endless=endless, data=bytes(8192))


def many_strips_tiff(side: int) -> bytes:
    """Claims a thousand million strips."""
    entries = ((256, 4, 1, side), (257, 4, 1, side), (258, 3, 1, 8), (259, 3, 1, 5), (262, 3, 1, 1))
    return tiff_of(*entries, (273, 4, 10**9, 200), (277, 3, 1, 1), (278, 4, 1, 1), (279, 4, 10**9, 200))


def deflated_tiff(side: int) -> bytes:
    """All black, packed tightly."""
    return _saved(Image.new("RGB", (side, side)), "TIFF", compression="tiff_adobe_deflate")


def webp_of(width: int, height: int) -> bytes:
    """A lossless WebP whose head claims a size, with no pixels behind it."""
    bits = (width - 1) | (height - 1) << 14
    return _riff(b"VP8L" + struct.pack("<I", 16) + b"\x2f" + struct.pack("<I", bits) + bytes(11))


def webp_of_large_canvas(width: int, height: int) -> bytes:
    """A tiny picture on a canvas of another size."""
    tiny = _saved(Image.new("RGB", (8, 8)), "WEBP", lossless=True)[12:]
    head = bytes([0, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return _riff(b"VP8X" + struct.pack("<I", 10) + head + tiny)


def avif_of(width: int, height: int) -> bytes:
    """A tiny AVIF whose head claims another size."""
    data = bytearray(_saved(Image.new("RGB", (16, 16)), "AVIF"))
    struct.pack_into(">II", data, data.index(b"ispe") + 8, width, height)
    return bytes(data)


def deep_boxes(depth: int) -> bytes:
    """Boxes within boxes, as HEIF and AVIF have them."""
    data = b""
    for _ in range(depth):
        data = struct.pack(">I4s", len(data) + 12, b"meta") + bytes(4) + data
    return struct.pack(">I4s4sI4s", 20, b"ftyp", b"avif", 0, b"heic") + data


def exif_of(size: int) -> bytes:
    """A JPEG with a camera's notes that fill their part and point in circles."""
    notes = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 4000)
    notes += struct.pack(">HHII", 0x8769, 4, 1, 8) * ((size - len(notes)) // 12)
    data = _saved(Image.new("RGB", (64, 64), "grey"), "JPEG")
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(notes) + 2) + notes + data[2:]


def png_of_text(words: str) -> bytes:
    """A sound picture that carries words."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", words)
    return _saved(Image.new("L", (32, 32)), "PNG", pnginfo=info)


def _riff(content: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(content) + 4) + b"WEBP" + content


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()
