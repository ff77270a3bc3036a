"""Following the faces of a video a few frames ahead, so that they can be steadied and found from their first frame."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from jaxtyping import Float32

from swapper.faces.association import overlap
from swapper.faces.gallery import Gallery
from swapper.faces.smooth import REACH, steady_landmarks
from swapper.faces.track import FaceTracker, TrackedFace
from swapper.video.picture import TimedFrame

DETECT_EVERY = 18  # frames; a face that appears in between is followed back to where it did
_SAME_PLACE = 0.3  # overlap of two faces of one frame that are one


_Past = deque[tuple[int, dict[int, TrackedFace]]]  # times and faces of the frames before


@dataclass
class AnalysedFrame:
    """A frame and the faces in it.

    Attributes:
        frame: the picture.
        faces: largest first, steadied.
        people: everybody seen up to the last frame that was looked at before this one is handed over; no thread
            changes them any more.
        state: everything that the next frames depend on, as plain values, where a job can go on; None elsewhere.
    """

    frame: TimedFrame
    faces: list[TrackedFace]
    people: Gallery
    state: dict[str, Any] | None = None


@dataclass
class _Seen:
    """A frame whose neighbours are not all known yet."""

    frame: TimedFrame
    faces: list[TrackedFace]
    begins_scene: bool
    by_track: dict[int, TrackedFace] = field(default_factory=dict)

    def __post_init__(self):
        self.by_track = {tracked.track: tracked for tracked in self.faces}

    def add(self, tracked: TrackedFace) -> None:
        self.faces.append(tracked)
        self.by_track[tracked.track] = tracked


def analyse(
    frames: Iterable[TimedFrame],
    tracker: FaceTracker,
    steadiness: float = 1.0,
    look_ahead: int = max(REACH, DETECT_EVERY),
    state_every: int = 0,
    state: Mapping[str, Any] | None = None,
) -> Iterator[AnalysedFrame]:
    """Find, follow and steady the faces of a stream of frames.

    Args:
        frames: in order.
        tracker: before its first frame.
        steadiness: of the landmarks, 0 (as measured) to 1.
        look_ahead: frames that are held back, so that later ones can tell about them.
        state_every: frames from one whose ``state`` is given to the next; 0 for none.
        state: of the frame before the first one, to go on as if there had been no stop.
    """
    line = _Line(tracker, steadiness)
    known = line.recall(state) if state is not None else []
    count = 0

    def oldest() -> AnalysedFrame:
        nonlocal count
        count += 1
        return line.steadied(with_state=bool(state_every) and count % state_every == 0)

    for frame in frames:
        if known:
            line.waiting.append(_Seen(frame, *known.pop(0)))
            continue
        line.waiting.append(_Seen(frame, tracker.update(frame.image), tracker.scene_begins))
        _fill_back(line.waiting, tracker)
        if len(line.waiting) > look_ahead:
            yield oldest()
    while line.waiting:
        yield oldest()


class _Line:
    """Frames that wait to be handed over, and the few before them."""

    def __init__(self, tracker: FaceTracker, steadiness: float):
        self._tracker, self._steadiness = tracker, steadiness
        self.waiting: deque[_Seen] = deque()
        self._past: _Past = deque(maxlen=REACH)

    def steadied(self, with_state: bool) -> AnalysedFrame:
        """Take the oldest waiting frame out, with faces steadied by their neighbours in time."""
        now = self.waiting.popleft()
        later = [(seen.frame.pts, seen.by_track) for seen in islice(self.waiting, REACH)]
        faces = []
        for tracked in now.faces:
            before = _presence(tracked.track, reversed(self._past))
            after = _presence(tracked.track, later)
            reach = min(len(before), len(after))
            row = [*before[:reach][::-1], (now.frame.pts, tracked.landmarks), *after[:reach]]
            times, meshes = [time for time, _ in row], [mesh for _, mesh in row]
            faces.append(tracked.moved(steady_landmarks(meshes, times, self._steadiness)))
        self._past.append((now.frame.pts, now.by_track))
        people = self._tracker.gallery.snapshot()
        return AnalysedFrame(now.frame, faces, people, self._state() if with_state else None)

    def _state(self) -> dict[str, Any]:
        return {
            "tracker": self._tracker.to_row(),
            "waiting": [[seen.begins_scene, [face.to_row() for face in seen.faces]] for seen in self.waiting],
            "past": [[pts, [face.to_row() for face in faces.values()]] for pts, faces in self._past],
        }

    def recall(self, state: Mapping[str, Any]) -> list[tuple[list[TrackedFace], bool]]:
        """Go on from a state; returns what was known of the frames that waited then: faces, and who begins a scene."""
        self._tracker.recall(state["tracker"])
        for pts, rows in state["past"]:
            self._past.append((pts, {face.track: face for face in map(TrackedFace.from_row, rows)}))
        return [([TrackedFace.from_row(row) for row in rows], begins) for begins, rows in state["waiting"]]


def tracks_of(state: Mapping[str, Any]) -> set[int]:
    """Tracks that may be seen again after a state.

    Args:
        state: of an ``AnalysedFrame``.
    """
    waiting = {row[0] for _, rows in state["waiting"] for row in rows}
    return waiting | {track["number"] for track in state["tracker"]["tracks"]}


def _fill_back(waiting: deque[_Seen], tracker: FaceTracker) -> None:
    """Follow a face that was found just now back to where it appeared, between two detections."""
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
            earlier = tracked.moved(found[0])
            seen.add(earlier)
            points, shift = earlier.face.points, (earlier.face.points - points).mean(0)


def _presence(
    track: int, frames: Iterable[tuple[int, dict[int, TrackedFace]]]
) -> list[tuple[int, Float32[np.ndarray, "478 3"]]]:
    """Times and landmarks of a track, up to the first frame without it."""
    row = []
    for time, faces in frames:
        if track not in faces:
            break
        row.append((time, faces[track].landmarks))
    return row
