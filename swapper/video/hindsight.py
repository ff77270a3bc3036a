"""Frames that wait for what later ones tell: where a face came from, and who it was all along."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from swapper.faces.association import overlap
from swapper.faces.track import FaceTracker, TrackedFace
from swapper.faces.tracks import Correction
from swapper.video.picture import TimedFrame

_SAME_PLACE = 0.3  # overlap of two faces of one frame that are one


@dataclass
class WaitingFrame:
    """A frame whose neighbours are not all known yet.

    Attributes:
        frame: the picture.
        faces: found in it.
        number: the tracker's, of the frame.
        begins_scene: whether it is the first of a scene.
        by_track: the faces by the numbers of their tracks.
    """

    frame: TimedFrame
    faces: list[TrackedFace]
    number: int
    begins_scene: bool
    by_track: dict[int, TrackedFace] = field(default_factory=dict)

    def __post_init__(self):
        self.by_track = {tracked.track: tracked for tracked in self.faces}

    def add(self, tracked: TrackedFace) -> None:
        """A face was here already."""
        self.faces.append(tracked)
        self.by_track[tracked.track] = tracked

    def to_row(self) -> list[Any]:
        """As plain values, without the picture."""
        shown = [index for index, face in enumerate(self.faces) if self.by_track.get(face.track) is face]
        return [self.number, self.begins_scene, [face.to_row() for face in self.faces], shown]

    @classmethod
    def from_row(cls, row: Sequence[Any], frame: TimedFrame) -> "WaitingFrame":
        """The frame that ``to_row`` made plain.

        Args:
            row: from there.
            frame: the picture.
        """
        number, begins_scene, faces, shown = row
        waiting = cls(frame, [TrackedFace.from_row(face) for face in faces], number, begins_scene)
        waiting.by_track = {waiting.faces[index].track: waiting.faces[index] for index in shown}
        return waiting

    def exchange(self, old: TrackedFace, new: TrackedFace | None) -> None:
        """A face belongs to another track or person, or is none."""
        del self.by_track[old.track]
        at = next(index for index, face in enumerate(self.faces) if face is old)
        if new is None:
            del self.faces[at]
        else:
            self.faces[at] = self.by_track[new.track] = new


def fill_back(waiting: Sequence[WaitingFrame], tracker: FaceTracker) -> None:
    """Follow a face that was found just now back to where it appeared, between two detections.

    Args:
        waiting: the last one is the frame that the tracker has seen last; changed.
        tracker: follows it.
    """
    for tracked in waiting[-1].faces:
        if not tracked.fresh:
            continue
        points, shift = tracked.face.points, 0.0
        for index in range(len(waiting) - 2, -1, -1):
            if waiting[index + 1].begins_scene:
                break
            seen, expected = waiting[index], points + shift
            if any(overlap(expected, other.face.points) > _SAME_PLACE for other in seen.faces):
                break
            found = tracker.find_near(seen.frame.image, [expected])[0]
            if found is None:
                break
            earlier = replace(tracked.moved(found[0]), fresh=False)
            seen.add(earlier)
            points, shift = earlier.face.points, (earlier.face.points - points).mean(0)


def correct(waiting: Sequence[WaitingFrame], tracker: FaceTracker) -> None:
    """Put right what was said about the waiting frames, now that the tracker knows better.

    Args:
        waiting: the last one is the frame that the tracker has seen last; changed.
        tracker: has seen it.
    """
    for correction in tracker.corrections:
        later = [seen for seen in waiting if seen.number >= correction.since and seen.number not in correction.but]
        concerned = [seen for seen in later if correction.track in seen.by_track]
        if not correction.exact:
            concerned = concerned[_first_wrong(concerned, tracker, correction) :]
        for seen in concerned:
            old = seen.by_track[correction.track]
            new = None
            if correction.number is not None:
                new = replace(old, track=correction.number, person=correction.after.number)
            seen.exchange(old, new)


def _first_wrong(seen: Sequence[WaitingFrame], tracker: FaceTracker, correction: Correction) -> int:
    """Index of the first frame that a correction concerns, by bisection: from there on the face is another one."""
    low, high = 0, len(seen)
    while low < high:
        middle = (low + high) // 2
        frame = seen[middle]
        if tracker.still_shows(frame.frame.image, frame.by_track[correction.track], correction):
            low = middle + 1
        else:
            high = middle
    return low
