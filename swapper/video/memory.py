"""What is known of each face of a video from the frames before, also after the job was stopped and goes on."""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import UInt8

from swapper.compose.color import Transfer
from swapper.faces.looks import Look, learnt
from swapper.faces.rows import fields_from_row, fields_to_row
from swapper.faces.track import TrackedFace
from swapper.types import Crop, Identity
from swapper.video.frame import FrameSwapper, Outcome, Part
from swapper.video.shapes import ShapeMemory
from swapper.video.tones import ToneMemory

_MOST_AIMS = 32  # tracks whose identity is kept: it may be a network


class FaceMemory:
    """The masks' shapes, the change of colours and the looks of every track.

    Attributes:
        shapes: of the masks.
        tones: change of the swapped faces' colours.
        looks: of the targets, by track.
        bare: tracks that nothing was in front of when that was last looked for.
    """

    def __init__(self, row: Mapping[str, Any] | None = None, steady: bool = True):
        """Begin, or go on.

        Args:
            row: from ``to_row`` after the frame before the first one.
            steady: colours change slowly; without it every frame's are matched anew.
        """
        self._steady = steady
        self.shapes, self.tones, self.looks = ShapeMemory(), ToneMemory(), dict[int, Look]()
        self.bare: set[int] = set()
        self._aims: dict[int, tuple[Identity, Identity]] = {}
        self._targets: dict[int, tuple[str, Crop]] = {}  # what an aim was found with
        if row is not None:
            self._recall(row)

    def begin_source(self) -> None:
        """Forget what depends on who the faces become, as somebody else is their source from now on."""
        self.shapes, self.tones = ShapeMemory(), ToneMemory()

    def aimed(self, track: int, identity: Identity, aim: Callable[[], Identity]) -> Identity:
        """What a track becomes: found at its first frame and kept, as every frame shows its target a little else.

        Args:
            track: number.
            identity: of the source.
            aim: finds it.
        """
        before, aimed = self._aims.pop(track, (None, identity))
        if before is not identity:
            aimed = aim()
        self._aims[track] = identity, aimed
        if len(self._aims) > _MOST_AIMS:
            oldest = next(iter(self._aims))  # the one that was asked for longest ago
            del self._aims[oldest]
            self._targets.pop(oldest, None)
        return aimed

    def _aim(
        self, frames: FrameSwapper, image: UInt8[np.ndarray, "h w 3"], face: TrackedFace, identity: Identity
    ) -> Identity:
        """Find what a track becomes; after a stop from the same picture of the target as before."""
        key = _key(identity)
        before, target = self._targets.get(face.track, ("", None))
        if target is None or before != key or face.track in self._aims:
            target = frames.target(image, face)
        self._targets[face.track] = key, target
        return frames.aim_at(target, identity)

    def plan(
        self, frames: FrameSwapper, image: UInt8[np.ndarray, "h w 3"], face: TrackedFace, identity: Identity
    ) -> Part:
        """Say what happens to a face of the next frame.

        Args:
            frames: swaps it, and measures it where nothing is known of it yet.
            image: RGB of the frame.
            face: in it.
            identity: of the source.
        """
        track = face.track
        if frames.aims:
            identity = self.aimed(track, identity, partial(self._aim, frames, image, face, identity))
        if not self.shapes.knows(track):
            self.shapes.learn(track, frames.measure(image, face, identity))
        shape, measure = self.shapes.next_shape(track)
        tone = self.tones.usual(track) if self._steady else None
        return Part(face, identity, shape, measure, tone, self.looks.get(track), covered=track not in self.bare)

    def learn(self, parts: Sequence[Part], outcomes: Sequence[Outcome]) -> None:
        """Take in a finished frame.

        Args:
            parts: its faces.
            outcomes: of the same faces.
        """
        present = {part.tracked.track for part in parts}
        for outcome in outcomes:
            if outcome.offset is not None:
                self.shapes.learn(outcome.track, outcome.offset)
            if outcome.tone is not None:
                self.tones.learn(outcome.track, outcome.tone)
            if outcome.seen is not None:
                self.looks[outcome.track] = learnt(self.looks.get(outcome.track), outcome.seen)
            if outcome.covered is not None:
                (self.bare.discard if outcome.covered else self.bare.add)(outcome.track)
        self.looks = {track: look for track, look in self.looks.items() if track in present}
        self.bare &= present

    def to_row(self, tracks: Collection[int]) -> dict[str, Any]:
        """What is known, as plain values.

        Args:
            tracks: those that may be seen again.
        """
        known = [track for track in tracks if self.shapes.knows(track)]
        tones = {track: self.tones.usual(track) for track in tracks}
        targets = [(track, *self._targets[track]) for track in self._aims if track in self._targets and track in tracks]
        return {
            "shapes": [[track, self.shapes.to_row(track)] for track in known],
            "tones": [[track, fields_to_row(tone)] for track, tone in tones.items() if tone is not None],
            "looks": [[track, look.to_row()] for track, look in self.looks.items() if track in tracks],
            "bare": sorted(self.bare.intersection(tracks)),
            "targets": [[track, key, fields_to_row(target)] for track, key, target in targets],
        }

    def _recall(self, row: Mapping[str, Any]) -> None:
        for track, shape in row["shapes"]:
            self.shapes.recall(track, shape)
        for track, tone in row["tones"]:
            self.tones.recall(track, Transfer(**fields_from_row(tone)))
        self.looks = {track: Look.from_row(look) for track, look in row["looks"]}
        self.bare = set(row["bare"])
        self._targets = {track: (key, Crop(**fields_from_row(target))) for track, key, target in row["targets"]}


def _key(identity: Identity) -> str:
    """Tells sources apart."""
    return hashlib.sha256(np.ascontiguousarray(identity.embedding).tobytes()).hexdigest()
