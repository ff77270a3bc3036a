"""Following the faces of a video a few frames ahead, so that they can be steadied and found from their first frame."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from jaxtyping import Float32

from swapper.faces.enrolled import EnrolledPeople
from swapper.faces.smooth import REACH, steady_landmarks
from swapper.faces.track import FaceTracker, TrackedFace
from swapper.video.hindsight import WaitingFrame, correct, fill_back
from swapper.video.picture import TimedFrame

DETECT_EVERY = 18  # frames; a face that appears in between is followed back to where it did
_DECIDES = 6  # frames after a detection in which it is settled who a face shows
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
    people: EnrolledPeople
    state: dict[str, Any] | None = None


def analyse(
    frames: Iterable[TimedFrame],
    tracker: FaceTracker,
    steadiness: float = 1.0,
    look_ahead: int = max(REACH, DETECT_EVERY + _DECIDES),
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
    line, walk = _Line(tracker, steadiness), iter(frames)
    if state is not None:
        line.recall(state, walk)
    count = 0

    def oldest() -> AnalysedFrame:
        nonlocal count
        count += 1
        return line.steadied(with_state=bool(state_every) and count % state_every == 0)

    for frame in walk:
        faces = tracker.update(frame.image)
        line.waiting.append(WaitingFrame(frame, faces, tracker.now, tracker.scene_begins))
        correct(line.waiting, tracker)
        fill_back(line.waiting, tracker)
        if len(line.waiting) > look_ahead:
            yield oldest()
    while line.waiting:
        yield oldest()


class _Line:
    """Frames that wait to be handed over, and the few before them."""

    def __init__(self, tracker: FaceTracker, steadiness: float):
        self._tracker, self._steadiness = tracker, steadiness
        self.waiting: deque[WaitingFrame] = deque()
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
        people = self._tracker.enrolled.snapshot()
        return AnalysedFrame(now.frame, faces, people, self._state() if with_state else None)

    def _state(self) -> dict[str, Any]:
        return {
            "tracker": self._tracker.to_row(),
            "waiting": [seen.to_row() for seen in self.waiting],
            "past": [[pts, [face.to_row() for face in faces.values()]] for pts, faces in self._past],
        }

    def recall(self, state: Mapping[str, Any], frames: Iterator[TimedFrame]) -> None:
        """Go on from a state; the frames that waited then are read again."""
        for pts, rows in state["past"]:
            self._past.append((pts, {face.track: face for face in map(TrackedFace.from_row, rows)}))
        for row, frame in zip(state["waiting"], frames):  # noqa: B905 - no frame more is taken than there are rows
            self.waiting.append(WaitingFrame.from_row(row, frame))
        if self.waiting:
            self._tracker.recall(state["tracker"], self.waiting[-1].frame.image)


def tracks_of(state: Mapping[str, Any]) -> set[int]:
    """Tracks that may be seen again after a state.

    Args:
        state: of an ``AnalysedFrame``.
    """
    waiting = {face[0] for _, _, faces, _ in state["waiting"] for face in faces}
    return waiting | {track["number"] for track in state["tracker"]["tracks"]}


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
