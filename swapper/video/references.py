"""QuickTime and MP4 files whose pictures or sound are in other files, or at an address."""

import io
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

_WAY = (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref")  # boxes in each other, down to the references
_MOST_BOXES = 10_000  # that are looked at side by side
_MOST_BYTES = 1 << 20  # of one list of references
_SELF_CONTAINED = 1  # flag of a reference to the file that it is in


def refers_elsewhere(path: Path) -> bool:
    """Whether a track of a QuickTime or MP4 file says that its data is not in the file.

    Args:
        path: of a file of that format; of others nothing is found.

    Source: ISO/IEC 14496-12, section 8.7.2.
    """
    with path.open("rb") as file:
        return any(_is_elsewhere(part) for part in _lists(file, 0, path.stat().st_size, _WAY))


def _lists(file: io.BufferedIOBase, begin: int, end: int, way: Sequence[bytes]) -> Iterator[bytes]:
    """The lists of references between two places of a file."""
    for name, first, last in _boxes(file, begin, end):
        if name != way[0]:
            continue
        if len(way) > 1:
            yield from _lists(file, first, last, way[1:])
            continue
        file.seek(first)
        yield file.read(min(last - first, _MOST_BYTES))


def _boxes(file: io.BufferedIOBase, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, begin and end of what the boxes hold that stand side by side."""
    for _ in range(_MOST_BOXES):
        if begin + 8 > end:
            return
        file.seek(begin)
        head = file.read(16)
        if len(head) < 8:
            return
        size, name = struct.unpack_from(">I4s", head)
        first = begin + 8
        if size == 1 and len(head) == 16:
            size, first = struct.unpack_from(">Q", head, 8)[0], begin + 16
        last = min(begin + size, end) if size else end
        if last < first:
            return
        yield name, first, last
        begin = last


def _is_elsewhere(listed: bytes) -> bool:
    for kind, first, last in _boxes(io.BytesIO(listed), 8, len(listed)):
        flags, said = listed[first + 3 : first + 4], listed[first + 4 : last]
        inside = bool(flags) and bool(flags[0] & _SELF_CONTAINED)
        if not inside and (kind != b"url " or said.strip(b"\0")):  # an address that is left empty leads nowhere
            return True
    return False
