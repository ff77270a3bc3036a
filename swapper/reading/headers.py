"""Colour codes in the headers of PNG, AVIF and HEIF files, which the decoders do not hand on."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

_PNG = b"\x89PNG\r\n\x1a\n"


class Codes(NamedTuple):
    """How numbers stand for colours, by ITU-T H.273.

    Attributes:
        primaries: of red, green and blue.
        transfer: characteristics.
        matrix: of YUV.
        full: luma uses the whole range.
    """

    primaries: int
    transfer: int
    matrix: int
    full: bool


def png_codes(data: bytes) -> Codes | None:
    """What a PNG's cICP chunk says; None without one.

    Args:
        data: the file.
    """
    at = len(_PNG)
    while data.startswith(_PNG) and at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"cICP" and length == 4 and at + 12 <= len(data):
            return Codes(*data[at + 8 : at + 11], full=data[at + 11] != 0)
        if kind in (b"IDAT", b"PLTE", b"IEND"):  # cICP comes before them
            return None
        at += 12 + length
    return None


def isobmff_codes(data: bytes) -> Codes | None:
    """What the nclx colour property of an AVIF's or HEIF's picture says; None without one.

    Args:
        data: the file.
    """
    meta = _inside(data, 0, len(data), b"meta", skip=4)
    if meta is None:
        return None
    properties = _inside(data, *meta, b"iprp")
    container = properties and _inside(data, *properties, b"ipco")
    if not properties or not container:
        return None
    places = [(kind, begin, end) for kind, begin, end in _boxes(data, *container)]
    mine = _associated(data, properties, _primary_item(data, meta))
    chosen = [places[i - 1] for i in mine if 0 < i <= len(places)] if mine else places
    for kind, begin, end in chosen:
        if kind == b"colr" and data[begin : begin + 4] == b"nclx" and end - begin >= 11:
            return Codes(*struct.unpack_from(">HHH", data, begin + 4), full=data[begin + 10] >= 0x80)
    return None


def brands(data: bytes) -> list[bytes]:
    """The brands that an ISO base media file claims, its own first; none of other files.

    Args:
        data: the file.
    """
    if data[4:8] != b"ftyp":
        return []
    end = min(struct.unpack_from(">I", data)[0], len(data), 1024)
    return [data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))]


def _boxes(data: bytes, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind and place of the content of each box."""
    while begin + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, begin)
        head = 8
        if size == 1 and begin + 16 <= end:
            size, head = struct.unpack_from(">Q", data, begin + 8)[0], 16
        size = end - begin if size == 0 else size
        if size < head:
            return
        yield kind, begin + head, min(begin + size, end)
        begin += size


def _inside(data: bytes, begin: int, end: int, wanted: bytes, skip: int = 0) -> tuple[int, int] | None:
    """Where the content of the first box of a kind lies, without its first ``skip`` bytes."""
    return next(((b + skip, e) for kind, b, e in _boxes(data, begin, end) if kind == wanted), None)


def _primary_item(data: bytes, meta: tuple[int, int]) -> int | None:
    place = _inside(data, *meta, b"pitm")
    if place is None or place[1] - place[0] < 6:
        return None
    wide = data[place[0]] > 0 and place[1] - place[0] >= 8
    return struct.unpack_from(">I" if wide else ">H", data, place[0] + 4)[0]


def _associated(data: bytes, properties: tuple[int, int], item: int | None) -> list[int]:
    """Numbers, from 1, of the properties that an item has; empty where that cannot be told."""
    for kind, begin, end in _boxes(data, *properties):
        if kind != b"ipma" or item is None:
            continue
        try:
            version, large = data[begin], data[begin + 3] & 1
            count, at = struct.unpack_from(">I", data, begin + 4)[0], begin + 8
            for _ in range(count):
                number, at = struct.unpack_from(">I" if version else ">H", data, at)[0], at + (4 if version else 2)
                many, at, size = data[at], at + 1, 2 if large else 1
                if number == item:
                    found = struct.unpack_from(f">{many}{'H' if large else 'B'}", data, at)
                    return [index & (0x7FFF if large else 0x7F) for index in found]
                at += many * size
                if at > end:
                    break
        except (struct.error, IndexError):
            continue
    return []
