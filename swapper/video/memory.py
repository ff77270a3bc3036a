"""What is known of each face of a video from earlier frames, kept when a stopped job resumes."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from swapper.compose.color import Transfer
from swapper.face_swap.picture import FaceToSwap, FrameSwapper, Outcome
from swapper.faces.association import overlap
from swapper.faces.occlusion.over_time import UsualAppearance, update_appearance
from swapper.faces.pose import head_pose
from swapper.faces.track import TrackedFace
from swapper.types import Identity
from swapper.video.shapes import ShapeMemory
from swapper.video.tones import ToneMemory

_SAME_PLACE = 0.3  # overlap of a face with itself in the frame before
_MOST_EXTRAPOLATED = 32  # tracks whose identity is kept: it may be a network
_FADE_YAW = (60.0, 80.0)  # degrees: a face turned further fades back to the target's own
_FADE_PRESENCE = (0.5, 0.8)  # probability that a face is there, below which it fades

Points = Float32[np.ndarray, "5 2"]


class FaceMemory:
    """The masks' shapes, the change of colours and the appearance of every track.

    Attributes:
        shapes: of the masks.
        tones: change of the swapped faces' colours.
        appearances: of the targets, by track.
        unoccluded: tracks that nothing was in front of when that was last looked for.
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]] = (), steady: bool = True):
        """Begin, or go on.

        Args:
            rows: from ``to_rows`` after the frame before the first one; tracks may have other numbers now.
            steady: colours change slowly; without it every frame's are matched anew.
        """
        self._steady = steady
        self.shapes, self.tones, self.appearances = ShapeMemory(), ToneMemory(), dict[int, UsualAppearance]()
        self.unoccluded: set[int] = set()
        self._extrapolated: dict[int, tuple[Identity, Identity]] = {}
        self._recalled = list(rows)
        self._present: dict[int, Points] = {}

    def begin_source(self) -> None:
        """Forget what depends on who the faces become, as somebody else is their source from now on."""
        self.shapes, self.tones = ShapeMemory(), ToneMemory()

    def extrapolated(self, track: int, identity: Identity, extrapolate: Callable[[], Identity]) -> Identity:
        """The identity of a track, found at its first frame and kept: later frames would give slightly other ones.

        Args:
            track: number.
            identity: of the source.
            extrapolate: finds it.
        """
        before, extrapolated = self._extrapolated.pop(track, (None, identity))
        if before is not identity:
            extrapolated = extrapolate()
        self._extrapolated[track] = identity, extrapolated
        if len(self._extrapolated) > _MOST_EXTRAPOLATED:
            del self._extrapolated[next(iter(self._extrapolated))]  # the one that was asked for longest ago
        return extrapolated

    def plan(
        self, frames: FrameSwapper, image: UInt8[np.ndarray, "h w 3"], face: TrackedFace, identity: Identity
    ) -> FaceToSwap:
        """Prepare a face of the next frame.

        Args:
            frames: swaps it, and measures it where nothing is known of it yet.
            image: RGB of the frame.
            face: in it.
            identity: of the source.
        """
        track = face.track
        identity = self.extrapolated(track, identity, partial(frames.extrapolate, image, face.face, identity))
        if not self.shapes.knows(track):
            self.shapes.learn(track, frames.measure(image, face.face, identity))
        shape, measure = self.shapes.next_shape(track)
        tone = self.tones.usual(track) if self._steady else None
        return FaceToSwap(
            face.face,
            identity,
            shape,
            measure,
            match_expression=False,
            match_shade=False,
            opacity=_opacity(face),
            tone=tone,
            appearance=self.appearances.get(track),
            occluded=track not in self.unoccluded,
        )

    def meet(self, faces: Sequence[TrackedFace]) -> None:
        """Recognise the faces of the first frame by their places; of no use later.

        Args:
            faces: of the frame.
        """
        for row in self._recalled:
            points = np.array(row["points"], np.float32)
            face = max(faces, key=lambda face: overlap(points, face.face.points), default=None)
            if face is None or overlap(points, face.face.points) < _SAME_PLACE:
                continue
            self.shapes.recall(face.track, row["shape"])
            if row["tone"] is not None:
                gain, shift = (np.array(values, np.float32) for values in row["tone"])
                self.tones.recall(face.track, Transfer(gain, shift))
            if row["appearance"] is not None:
                self.appearances[face.track] = UsualAppearance.from_row(row["appearance"])
        self._recalled = []

    def learn(self, faces: Sequence[TrackedFace], outcomes: Sequence[Outcome]) -> None:
        """Update with a finished frame.

        Args:
            faces: that were swapped in it.
            outcomes: of the same faces.
        """
        self._present = {face.track: face.face.points for face in faces}
        for track, outcome in zip(self._present, outcomes, strict=True):
            if outcome.offset is not None:
                self.shapes.learn(track, outcome.offset)
            if outcome.tone is not None:
                self.tones.learn(track, outcome.tone)
            if outcome.appearance is not None:
                self.appearances[track] = update_appearance(self.appearances.get(track), outcome.appearance)
            if outcome.occluded is not None:
                (self.unoccluded.discard if outcome.occluded else self.unoccluded.add)(track)
        self.appearances = {
            track: appearance for track, appearance in self.appearances.items() if track in self._present
        }
        self.unoccluded &= self._present.keys()

    def to_rows(self) -> list[dict[str, Any]]:
        """What is known of the faces in the last frame, as plain values that fit into JSON."""
        return [self._row(track, points) for track, points in self._present.items()]

    def _row(self, track: int, points: Points) -> dict[str, Any]:
        tone, appearance = self.tones.usual(track), self.appearances.get(track)
        return {
            "points": points.tolist(),
            "shape": self.shapes.to_row(track),
            "tone": None if tone is None else [tone.gain.tolist(), tone.shift.tolist()],
            "appearance": None if appearance is None else appearance.to_row(),
        }


def _opacity(face: TrackedFace) -> float:
    """How much of a swapped face is shown: less of one that is turned far away or hardly there."""
    yaw = abs(head_pose(face.landmarks).yaw)
    turned = np.interp(yaw, _FADE_YAW, (1.0, 0.0))
    there = np.interp(face.face.score, _FADE_PRESENCE, (0.0, 1.0))
    return float(turned * there)
