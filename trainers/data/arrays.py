"""Reading many small ``.npz`` of the same arrays, in a tenth of the time that ``numpy.load`` takes for each."""

import io
import struct
import zipfile
from typing import NamedTuple

import numpy as np

_LENGTHS, _HEADER = (
    26,
    30,
)  # bytes of a member's header: where the lengths of its name and extra field stand; all others


class _Place(NamedTuple):
    """Where an array is in an archive: its header, which says its type and shape, from ``begin`` on, then its data."""

    begin: int
    data: int
    header: bytes
    dtype: np.dtype
    shape: tuple[int, ...]


class SmallArrays:
    """Reads archives that ``numpy.savez`` wrote of arrays with the same names, types and shapes.

    Where the arrays are is looked up in the first archive. Others of its size are read from there where the same
    headers stand at the same places, and as usual where not.
    """

    def __init__(self):
        self._size, self._places = -1, dict[str, _Place]()

    def read(self, data: bytes) -> dict[str, np.ndarray]:
        """The arrays of an archive, by name.

        Args:
            data: of the archive.
        """
        places = self._places
        if not places or len(data) != self._size or any(data[p.begin : p.data] != p.header for p in places.values()):
            with np.load(io.BytesIO(data)) as found:
                arrays = dict(found)
            if self._size < 0:
                self._places, self._size = _places(data), len(data)
            return arrays
        return {name: np.ndarray(p.shape, p.dtype, data, p.data) for name, p in places.items()}


def _places(data: bytes) -> dict[str, _Place]:
    """Where the arrays of an archive are; nothing where one is compressed or lies in memory in another order."""
    places = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist():
            name, extra = struct.unpack_from("<HH", data, member.header_offset + _LENGTHS)
            begin = member.header_offset + _HEADER + name + extra
            file = io.BytesIO(data[begin : begin + member.file_size])
            if member.compress_type != zipfile.ZIP_STORED or np.lib.format.read_magic(file) != (1, 0):
                return {}
            shape, column_order, dtype = np.lib.format.read_array_header_1_0(file)
            if column_order or dtype.hasobject:
                return {}
            at = begin + file.tell()
            places[member.filename.removesuffix(".npy")] = _Place(begin, at, data[begin:at], dtype, shape)
    return places
