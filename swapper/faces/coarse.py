"""Detecting in a reduced frame most of the time, for videos, where the same faces appear in frame after frame."""

import cv2
import numpy as np
from jaxtyping import UInt8

from swapper.faces.detect import FrameDetector
from swapper.faces.search import CROWD_EYES, USUAL_SIDE, eye_distance
from swapper.types import Face

_SIDE = 320  # px, longer side of the reduced frame; eyes nearer than 1.2 % of its longer side may be missed in it
_WHOLE_EVERY = 4  # passes, of which one sees the whole frame


class CoarseDetector:
    """A detector that gets the whole frame only now and then.

    Attributes:
        passes: over frames so far.
    """

    def __init__(self, detector: FrameDetector):
        """Wrap a detector.

        Args:
            detector: does the detection.
        """
        self._detector = detector
        self.passes = 0

    def detect(self, frame: UInt8[np.ndarray, "h w 3"]) -> list[Face]:
        """Find faces, largest first.

        Args:
            frame: RGB.
        """
        height, width = frame.shape[:2]
        scale = _SIDE / max(height, width)
        self.passes += 1
        if scale >= 1 or self.passes % _WHOLE_EVERY == 0:
            return self._detector.detect(frame)
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
        step = np.array([width / size[0], height / size[1]], np.float32)
        shift = (step - 1) / 2  # resizing aligns the outer edges, not the pixel centres
        return [
            Face((face.box.reshape(2, 2) * step + shift).ravel(), face.score, face.points * step + shift)
            for face in self._detector.detect(small)
        ]


class PatientDetector:
    """A detector that runs a second, more thorough pass where a quick one finds nothing, or a crowd."""

    def __init__(self, quick: FrameDetector, thorough: FrameDetector):
        """Wrap two detectors.

        Args:
            quick: runs first.
            thorough: runs if needed.
        """
        self._quick, self._thorough = quick, thorough

    def detect(self, frame: UInt8[np.ndarray, "h w 3"]) -> list[Face]:
        """Find faces, largest first.

        Args:
            frame: RGB.
        """
        faces = self._quick.detect(frame)
        least = CROWD_EYES * max(max(frame.shape[:2]) / USUAL_SIDE, 1.0)
        if faces and min(map(eye_distance, faces)) >= least:
            return faces
        return self._thorough.detect(frame)
