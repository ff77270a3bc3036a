"""Looking at a reduced frame most of the time, for videos, where the same faces are seen again and again."""

import cv2
import numpy as np
from jaxtyping import UInt8

from swapper.faces.detect import FaceDetector
from swapper.faces.search import CROWD_EYES, USUAL_SIDE, eye_distance
from swapper.types import Face

_SIDE = 320  # px, longer side of the reduced frame; eyes nearer than 1.2 % of its longer side may be missed in it
_WHOLE_EVERY = 4  # looks, of which one is at the whole frame


class CoarseDetector:
    """A detector that is shown the whole frame only now and then.

    Attributes:
        looks: at frames so far.
    """

    def __init__(self, detector: FaceDetector):
        """Wrap a detector.

        Args:
            detector: what really looks.
        """
        self._detector = detector
        self.looks = 0

    def detect(self, frame: UInt8[np.ndarray, "h w 3"]) -> list[Face]:
        """Find faces, largest first.

        Args:
            frame: RGB.
        """
        height, width = frame.shape[:2]
        scale = _SIDE / max(height, width)
        self.looks += 1
        if scale >= 1 or self.looks % _WHOLE_EVERY == 0:
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
    """A detector that looks again, with more care, where a quick look shows nothing, or faces of a crowd."""

    def __init__(self, quick: FaceDetector, thorough: FaceDetector):
        """Wrap two detectors.

        Args:
            quick: looks first.
            thorough: looks again.
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
