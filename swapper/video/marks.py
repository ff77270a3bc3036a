"""Marking swapped videos: a watermark in every swapped frame, a label if wanted, content credentials in the file."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Int16, UInt8

from swapper.provenance.credentials import sign_file
from swapper.provenance.label import draw_label
from swapper.provenance.origin import Origin
from swapper.provenance.settings import MarkSettings
from swapper.provenance.watermark import add_mark, mark_change
from swapper.types import Box
from swapper.video.picture import Picture, TimedFrame

_STUDIO = 219 / 255  # luma of 16..235 spans this share of 0..255
_RENEW = 18  # frames for which the watermark's strength, which follows the picture, is used


class FrameMarker:
    """Marks the frames of one video; frames come in order."""

    def __init__(self, origin: Origin, settings: MarkSettings):
        """Say what made the video.

        Args:
            origin: method and restoration.
            settings: which marks.
        """
        self._origin, self._settings = origin, settings
        self.begin_segment()

    def begin_segment(self) -> None:
        """Forget the frames before: a job that was stopped goes on here, and must go on alike."""
        self._change: Int16[np.ndarray, "h w 3"] | None = None
        self._luma_change: UInt8[np.ndarray, "2 h w"] | None = None
        self._age = 0

    def mark(self, image: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
        """The frame with its marks.

        Args:
            image: RGB of a swapped frame; may be changed.
        """
        if self._settings.label:
            image = draw_label(image, self._settings.label)
        if not self._settings.mark:
            return image
        if self._change is None or self._age >= _RENEW or self._change.shape != image.shape:
            marked = add_mark(image, self._origin.message)
            self._change = marked.astype(np.int16) - image
            self._age = 0
            return marked
        self._age += 1
        return np.asarray(cv2.add(image, self._change, dtype=cv2.CV_8U))

    def mark_frame(self, frame: TimedFrame, boxes: Sequence[Box]) -> None:
        """Mark a swapped frame, in the numbers of its video where it has them.

        Args:
            frame: its image was changed.
            boxes: left, top, right, bottom of the changed parts.
        """
        picture = frame.picture
        if picture is None or self._settings.label:
            frame.image = self.mark(frame.image)
            return
        picture.repaint(frame.image, boxes)
        if self._settings.mark:
            self._mark_luma(picture)
        frame.forget_image()

    def _mark_luma(self, picture: Picture) -> None:
        luma, change = picture.luma, self._luma_change
        if change is None or self._age >= _RENEW or change.shape[1:] != luma.shape:
            steps, span = mark_change(luma, self._origin.message), 1 if picture.colors.full else _STUDIO
            change = np.stack([np.clip(np.rint(steps * (sign * span)), 0, 255).astype(np.uint8) for sign in (1, -1)])
            self._luma_change, self._age = change, 0
        self._age += 1
        picture.add_to_luma(change)

    def sign(self, path: Path, name: str | None = None) -> str | None:
        """Add content credentials to the finished file; returns a sentence where that is not possible.

        Args:
            path: of the file.
            name: that it will have, for the sentence; its own when None.
        """
        return sign_file(path, self._origin, self._settings, name=name) if self._settings.mark else None
