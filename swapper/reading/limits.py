"""What is refused before a picture is decoded, because decoding it would take the machine."""

import re
import struct

from swapper.errors import UserError
from swapper.runtime.limits import Limits

_MOST_SCANS = 500  # of a progressive JPEG; cameras and programs write about ten
_MOST_WORK = 5e9  # scans times pixels, each of which a decoder visits once a scan
_PROGRESSIVE = (0xC2, 0xC6, 0xCA, 0xCE)
_ALONE = (0x01, *range(0xD0, 0xD9))  # markers without a length
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # what ends a scan


def check_bytes(size: int, name: str, limits: Limits) -> None:
    """Refuse a file that was handed over with too many bytes.

    Args:
        size: bytes.
        name: of the picture, for the message.
        limits: what is allowed on this machine.

    Raises:
        UserError: it has too many.
    """
    if size > limits.max_upload_bytes:
        raise UserError(
            f"{name}: it has {size / 2**20:.0f} MB, more than the limit of {limits.max_upload_bytes / 2**20:.0f} MB. "
            "Make it smaller, or set SWAPPER_MAX_UPLOAD_BYTES."
        )


def check_size(width: int, height: int, name: str, limits: Limits) -> None:
    """Refuse a picture that is too large, or so long and thin that no face can be in it.

    Args:
        width: pixels.
        height: pixels.
        name: of the picture, for the message.
        limits: what is allowed on this machine.

    Raises:
        UserError: it is.
    """
    if width <= 0 or height <= 0:
        raise UserError(f"{name}: it has no pixels. Give another picture.")
    if width * height > limits.max_pixels:
        raise UserError(
            f"{name}: it has {width * height / 1e6:.0f} megapixels, more than the limit of "
            f"{limits.max_pixels / 1e6:g} megapixels. Make it smaller, or set SWAPPER_MAX_PIXELS."
        )
    if max(width, height) > limits.max_side:
        raise UserError(
            f"{name}: it is {width} x {height} pixels, and no side may have more than {limits.max_side}. "
            "Make it smaller, or set SWAPPER_MAX_SIDE."
        )
    if max(width, height) > limits.max_aspect * min(width, height):
        raise UserError(
            f"{name}: it is {width} x {height} pixels, and one side may be {limits.max_aspect} times as long as the "
            "other at most. Cut out a part of it, or set SWAPPER_MAX_ASPECT."
        )


def check_scans(data: bytes, pixels: int, name: str) -> None:
    """Refuse a progressive JPEG that is made of so many scans that decoding it would take minutes.

    Args:
        data: the file; one that is no progressive JPEG passes.
        pixels: width times height.
        name: of the picture, for the message.

    Raises:
        UserError: it is.
    """
    most = min(_MOST_SCANS, max(int(_MOST_WORK / max(pixels, 1)), 1))
    if not _is_progressive(data) or data.count(b"\xff\xda") <= most:  # more than there are: other parts may hold it
        return
    found = _count_scans(data)
    if found > most:
        raise UserError(
            f"{name}: this progressive JPEG is made of {found} scans, and at most {most} are decoded at its size. "
            "Save it again as a plain JPEG or as PNG."
        )


def _is_progressive(data: bytes) -> bool:
    at = 2
    while data.startswith(b"\xff\xd8") and at + 4 <= len(data) and data[at] == 0xFF:
        kind = data[at + 1]
        if kind in _PROGRESSIVE:
            return True
        if kind in (0xC0, 0xC1, 0xC3, 0xD9, 0xDA):
            return False
        at += _length(data, at)
    return False


def _count_scans(data: bytes) -> int:
    """Scans up to the picture's end."""
    at, scans = 2, 0
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xD9:
        scan = data[at + 1] == 0xDA
        at += _length(data, at)
        if scan:
            scans += 1
            end = _MARKER.search(data, at)
            if end is None:
                break
            at = end.start()
    return scans


def _length(data: bytes, at: int) -> int:
    """Bytes from a marker to the next one, or to a scan's data."""
    kind = data[at + 1]
    if kind == 0xFF:  # a fill byte
        return 1
    return 2 if kind in _ALONE else 2 + struct.unpack_from(">H", data, at + 2)[0]
