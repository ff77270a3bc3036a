"""What is known of each face of a video from earlier frames, kept when a stopped job resumes."""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import UInt8

from swapper.compose.color import Transfer
from swapper.face_swap.picture import FaceToSwap, FrameSwapper, Outcome
from swapper.faces.occlusion.over_time import UsualAppearance, update_appearance
from swapper.faces.pose import head_pose
from swapper.faces.rows import fields_from_row, fields_to_row
from swapper.faces.track import TrackedFace
from swapper.types import Crop, Identity
from swapper.video.shapes import ShapeMemory
from swapper.video.tones import ToneMemory

_MOST_EXTRAPOLATED = 32  # tracks whose identity is kept: it may be a network
_FADE_YAW = (60.0, 80.0)  # degrees: a face turned further fades back to the target's own
_FADE_PRESENCE = (0.5, 0.8)  # probability that a face is there, below which it fades


class FaceMemory:
    """The masks' shapes, the change of colours and the appearance of every track.

    Attributes:
        shapes: of the masks.
        tones: change of the swapped faces' colours.
        appearances: of the targets, by track.
        unoccluded: tracks that nothing was in front of when that was last looked for.
    """

    def __init__(self, row: Mapping[str, Any] | None = None, steady: bool = True):
        """Begin, or go on.

        Args:
            row: from ``to_row`` after the frame before the first one.
            steady: colours change slowly; without it every frame's are matched anew.
        """
        self._steady = steady
        self.shapes, self.tones, self.appearances = ShapeMemory(), ToneMemory(), dict[int, UsualAppearance]()
        self.unoccluded: set[int] = set()
        self._extrapolated: dict[int, tuple[Identity, Identity]] = {}
        self._targets: dict[int, tuple[str, Crop]] = {}  # what an identity was extrapolated from
        if row is not None:
            self._recall(row)

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
            oldest = next(iter(self._extrapolated))  # the one that was asked for longest ago
            del self._extrapolated[oldest]
            self._targets.pop(oldest, None)
        return extrapolated

    def _extrapolate(
        self, frames: FrameSwapper, image: UInt8[np.ndarray, "h w 3"], face: TrackedFace, identity: Identity
    ) -> Identity:
        """Find the identity of a track; after a stop from the same picture of the target as before."""
        key = _key(identity)
        before, target = self._targets.pop(face.track, ("", None))
        if target is None or before != key:
            target = frames.target_crop(image, face.face)
        self._targets[face.track] = key, target
        return frames.extrapolate_from(target, identity)

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
        if frames.extrapolates:
            find = partial(self._extrapolate, frames, image, face, identity)
            identity = self.extrapolated(track, identity, find)
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

    def learn(self, faces: Sequence[TrackedFace], outcomes: Sequence[Outcome]) -> None:
        """Update with a finished frame.

        Args:
            faces: that were swapped in it.
            outcomes: of the same faces.
        """
        present = [face.track for face in faces]
        for track, outcome in zip(present, outcomes, strict=True):
            if outcome.offset is not None:
                self.shapes.learn(track, outcome.offset)
            if outcome.tone is not None:
                self.tones.learn(track, outcome.tone)
            if outcome.appearance is not None:
                self.appearances[track] = update_appearance(self.appearances.get(track), outcome.appearance)
            if outcome.occluded is not None:
                (self.unoccluded.discard if outcome.occluded else self.unoccluded.add)(track)
        self.appearances = {track: seen for track, seen in self.appearances.items() if track in present}
        self.unoccluded.intersection_update(present)

    def to_row(self, tracks: Collection[int]) -> dict[str, Any]:
        """What is known, as plain values that fit into JSON.

        Args:
            tracks: those that may be seen again.
        """
        known = [track for track in tracks if self.shapes.knows(track)]
        tones = {track: self.tones.usual(track) for track in tracks}
        targets = [(track, *row) for track, row in self._targets.items() if track in tracks]
        return {
            "shapes": [[track, self.shapes.to_row(track)] for track in known],
            "tones": [[track, fields_to_row(tone)] for track, tone in tones.items() if tone is not None],
            "appearances": [[track, seen.to_row()] for track, seen in self.appearances.items() if track in tracks],
            "unoccluded": sorted(self.unoccluded.intersection(tracks)),
            "targets": [[track, key, fields_to_row(target)] for track, key, target in targets],
        }

    def _recall(self, row: Mapping[str, Any]) -> None:
        for track, shape in row["shapes"]:
            self.shapes.recall(track, shape)
        for track, tone in row["tones"]:
            self.tones.recall(track, Transfer(**fields_from_row(tone)))
        self.appearances = {track: UsualAppearance.from_row(seen) for track, seen in row["appearances"]}
        self.unoccluded = set(row["unoccluded"])
        self._targets = {track: (key, Crop(**fields_from_row(target))) for track, key, target in row["targets"]}


def _opacity(face: TrackedFace) -> float:
    """How much of a swapped face is shown: less of one that is turned far away or hardly there."""
    yaw = abs(head_pose(face.landmarks).yaw)
    turned = np.interp(yaw, _FADE_YAW, (1.0, 0.0))
    there = np.interp(face.face.score, _FADE_PRESENCE, (0.0, 1.0))
    return float(turned * there)


def _key(identity: Identity) -> str:
    """Tells sources apart."""
    return hashlib.sha256(np.ascontiguousarray(identity.embedding).tobytes()).hexdigest()
