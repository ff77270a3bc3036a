"""Finding the faces of a picture once where it is shown first and swapped later."""

import hashlib
from collections import OrderedDict
from threading import Lock

import numpy as np
from jaxtyping import UInt8

from swapper.faces.detect import FaceDetector, FrameDetector
from swapper.types import Face


class RememberingDetector:
    """A detector that knows the pictures it has seen last by a digest; it keeps places of faces, no pictures."""

    def __init__(self, detector: FaceDetector, size: int = 32):
        """Wrap a detector.

        Args:
            detector: finds the faces.
            size: pictures whose faces are remembered.
        """
        self._detector, self._size = detector, size
        self._found: OrderedDict[bytes, list[Face]] = OrderedDict()
        self._lock = Lock()

    def detect(self, frame: UInt8[np.ndarray, "h w 3"]) -> list[Face]:
        """Find all faces, largest first.

        Args:
            frame: RGB.
        """
        pixels = np.ascontiguousarray(frame)
        key = hashlib.blake2b(pixels.data, salt=repr(frame.shape[:2]).encode()[:16]).digest()
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return list(self._found[key])
        faces = self._detector.detect(frame)
        with self._lock:
            self._found[key] = faces
            if len(self._found) > self._size:
                self._found.popitem(last=False)
        return list(faces)

    def quick(self, threads: int | None = None) -> FrameDetector:
        """The wrapped detector's; frames of videos hardly come twice.

        Args:
            threads: that it may use on the CPU.
        """
        return self._detector.quick(threads)
