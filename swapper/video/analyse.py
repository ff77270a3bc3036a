"""Following the faces of a video a few frames ahead, so that they can be steadied and found from their first frame."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from jaxtyping import Float32

from swapper.faces.gallery import Gallery
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
    """

    frame: TimedFrame
    faces: list[TrackedFace]
    people: Gallery


def analyse(
    frames: Iterable[TimedFrame],
    tracker: FaceTracker,
    steadiness: float = 1.0,
    look_ahead: int = max(REACH, DETECT_EVERY + _DECIDES),
) -> Iterator[AnalysedFrame]:
    """Find, follow and steady the faces of a stream of frames.

    Args:
        frames: in order.
        tracker: before its first frame.
        steadiness: of the landmarks, 0 (as measured) to 1.
        look_ahead: frames that are held back, so that later ones can tell about them.
    """
    waiting: deque[WaitingFrame] = deque()
    past: _Past = deque(maxlen=REACH)
    for frame in frames:
        faces = tracker.update(frame.image)
        waiting.append(WaitingFrame(frame, faces, tracker.now, tracker.scene_begins))
        correct(waiting, tracker)
        fill_back(waiting, tracker)
        if len(waiting) > look_ahead:
            yield _steadied(past, waiting, steadiness, tracker)
    while waiting:
        yield _steadied(past, waiting, steadiness, tracker)


def _steadied(past: _Past, waiting: deque[WaitingFrame], steadiness: float, tracker: FaceTracker) -> AnalysedFrame:
    """Take the oldest waiting frame out, with faces steadied by their neighbours in time."""
    now = waiting.popleft()
    later = [(seen.frame.pts, seen.by_track) for seen in islice(waiting, REACH)]
    faces = []
    for tracked in now.faces:
        before = _presence(tracked.track, reversed(past))
        after = _presence(tracked.track, later)
        reach = min(len(before), len(after))
        row = [*before[:reach][::-1], (now.frame.pts, tracked.landmarks), *after[:reach]]
        times, meshes = [time for time, _ in row], [mesh for _, mesh in row]
        faces.append(tracked.moved(steady_landmarks(meshes, times, steadiness)))
    past.append((now.frame.pts, now.by_track))
    return AnalysedFrame(now.frame, faces, tracker.gallery.snapshot())


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
