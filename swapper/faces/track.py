"""Following faces through a video: detected now and then, followed by their landmarks in between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from swapper.faces import mesh
from swapper.faces.association import appearance_change, distance, overlap, plausible, small_picture
from swapper.faces.coarse import CoarseDetector
from swapper.faces.detect import FrameDetector
from swapper.faces.embed import IdentityEmbedder
from swapper.faces.enrolled import EnrolledPeople
from swapper.faces.landmarks import LandmarkDetector, five_points
from swapper.faces.recognise import Recogniser
from swapper.faces.rows import array_from_row, array_to_row
from swapper.faces.scene import SceneCuts
from swapper.faces.tracks import Correction, Numbers, Track
from swapper.types import Face

DETECT_EVERY = 8  # frames
PRESENT = 0.5  # least probability that a followed face is still there
SURELY_PRESENT = 0.98  # probability at which a face is believed that the detector does not find
_MISSED = 3  # detections in a row that may miss any other face
_LOOK_TWICE = (0.12, 1.2)  # eye distances from where it was expected at which a face is measured once more
_SAME_PLACE = 0.3  # least overlap (intersection over union) of a detection with a followed face
_ON_TOP = 0.55  # overlap of two followed faces that must be one
_CHANGED = 7.0, 3.0  # grey levels, and times its usual change, by which a face's picture changes when it may be another
_USUAL = 0.9  # share of a face's usual change that stays when a new frame comes
UNSURE = -1  # number of the person of a face that may be somebody else's

Mesh = Float32[np.ndarray, "478 3"]
Points = Float32[np.ndarray, "5 2"]
Frame = UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True)
class TrackedFace:
    """A face in one frame of a video.

    Attributes:
        track: number of its uninterrupted presence; what is smoothed over time belongs to one track.
        person: number of who it shows among the tracker's ``enrolled``, the same after a cut or an absence;
            ``UNSURE`` while the face may be another one than before and has not been recognised again.
        face: where it is; the score is the probability that a face is there.
        fresh: whether the track begins with this frame.
    """

    track: int
    person: int
    face: Face
    fresh: bool = False

    @property
    def landmarks(self) -> Mesh:
        """The face's mesh points, frame pixels."""
        return self.face.mesh

    def moved(self, landmarks: Mesh) -> "TrackedFace":
        """The same face with other landmarks, such as smoothed ones."""
        return replace(self, face=face_of(landmarks, self.face.score))

    def to_row(self) -> list[Any]:
        """As plain values."""
        return [self.track, self.person, self.face.score, self.fresh, array_to_row(self.landmarks)]

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> "TrackedFace":
        """Undo ``to_row``."""
        track, person, score, fresh, landmarks = row
        return cls(track, person, face_of(array_from_row(landmarks), score), fresh)


class FaceTracker:
    """Follows every face of one video; frames are handed over in order, each once.

    Attributes:
        enrolled: the people seen so far.
        detections: how many frames the detector has looked at.
        scene_begins: whether the frame handed over last is the first of a scene.
        corrections: of what was said about earlier frames, known since the frame handed over last.
        now: number of that frame, 0 first.
    """

    def __init__(
        self,
        detector: FrameDetector,
        landmarks: LandmarkDetector,
        embedder: IdentityEmbedder,
        *,
        scene_detector: FrameDetector | None = None,
        detect_every: int = DETECT_EVERY,
        enrolled: EnrolledPeople | None = None,
    ):
        """Start before the first frame.

        Args:
            detector: looks at every few frames.
            landmarks: follows the faces in between.
            embedder: tells people apart.
            scene_detector: looks at the first frame of every scene, where more time may be spent.
            detect_every: frames from one detection to the next, unless a face is lost or the scene changes.
            enrolled: people known from an earlier part of the video.
        """
        self._detector, self._scene_detector = detector, scene_detector or detector
        self._landmarks, self._every = landmarks, detect_every
        self._cuts, self._numbers = SceneCuts(), Numbers()
        self._tracks: list[Track] = []
        self._since = 0
        self._detected = False  # in this scene
        self.enrolled = enrolled or EnrolledPeople()
        self._recogniser = Recogniser(embedder, self.enrolled, self._numbers)
        self._before: Frame | None = None
        self.detections = 0
        self.scene_begins = True
        self.now = -1

    def update(self, frame: Frame) -> list[TrackedFace]:
        """Find the faces of the next frame, largest first.

        Args:
            frame: RGB.
        """
        self.now += 1
        self._recogniser.corrections = []
        if self._cuts.is_cut(frame):
            self._tracks, self._detected = [], False
        self.scene_begins = not self._detected
        for track in self._tracks:
            track.fresh = False
        disturbed = self._follow(frame)
        self._since += 1
        looked = disturbed or self.scene_begins or self._since >= self._every
        if looked:
            self._detect(frame)
        self._recogniser.recognise(frame, self._tracks, self.now, looked)
        self._before = frame
        return sorted(map(_seen, self._tracks), key=lambda tracked: -mesh.eye_distance(tracked.landmarks))

    @property
    def corrections(self) -> list[Correction]:  # noqa: D102 - see the class
        return self._recogniser.corrections

    def still_shows(self, frame: Frame, face: TrackedFace, correction: Correction) -> bool:
        """Whether a face of an earlier frame surely shows who it was believed to, before a correction.

        Args:
            frame: RGB, the earlier one.
            face: in it.
            correction: which may reach back to it.
        """
        return self._recogniser.nearer(frame, face.landmarks, correction.before, correction.after)

    def find_near(self, frame: Frame, expected: Sequence[Points]) -> list[tuple[Mesh, float] | None]:
        """Find faces near where they are expected: mesh points and presence, or None for one that is not there.

        Args:
            frame: RGB.
            expected: five points of every face, as it was in a neighbouring frame or moved on from there.
        """
        found: list[tuple[Mesh, float] | None] = []
        for before, now, presence in zip(expected, *self._landmarks.measure(frame, expected), strict=True):
            sure = float(presence)
            if _LOOK_TWICE[0] < distance(before, five_points(now)) < _LOOK_TWICE[1]:
                again, surer = self._landmarks.measure(frame, [five_points(now)])
                now, sure = again[0], float(surer[0])
            found.append((now, sure) if sure >= PRESENT and plausible(before, five_points(now)) else None)
        return found

    def to_row(self) -> dict[str, Any]:
        """Everything that the next frames' faces depend on, but for the frame handed over last, as plain values."""
        return {
            "tracks": [track.to_row() for track in self._tracks],
            "people": self.enrolled.to_rows(),
            "cuts": self._cuts.to_row(),
            "next": self._numbers.next,
            "since": self._since,
            "detected": self._detected,
            "now": self.now,
            "passes": self._detector.passes if isinstance(self._detector, CoarseDetector) else 0,
        }

    def recall(self, row: Mapping[str, Any], before: Frame) -> None:
        """Go on from where another tracker of the same video was.

        Args:
            row: from its ``to_row``.
            before: RGB, the frame handed over to it last.
        """
        self.enrolled.people[:] = EnrolledPeople.from_rows(row["people"]).people
        self._tracks = [Track.from_row(track, self.enrolled) for track in row["tracks"]]
        self._cuts.recall(row["cuts"])
        self._numbers.next, self._since, self._detected = row["next"], row["since"], row["detected"]
        self.now, self._before = row["now"], before
        if isinstance(self._detector, CoarseDetector):
            self._detector.passes = row["passes"]

    def _follow(self, frame: Frame) -> bool:
        """Move all tracks on; whether one was lost or looks suddenly different."""
        found = self.find_near(frame, [track.points + track.shift for track in self._tracks])
        held: list[Track] = []
        changed = False
        for track, now in zip(self._tracks, found, strict=True):
            if now is None:
                continue
            before = track.mesh
            track.mesh, track.presence = now
            track.shift = (track.points - five_points(before)).mean(0)
            picture = small_picture(frame, track.points)
            change = appearance_change(picture, track.picture)
            last = self._before if change > max(_CHANGED[0], _CHANGED[1] * track.usual) else None
            if last is not None and self._recogniser.question(track, (last, before), frame, self.now):
                changed = True  # another face, whose coming is not usual however often it happens
            else:
                track.usual = _USUAL * track.usual + (1 - _USUAL) * change
            track.picture = picture
            held.append(track)
        lost = len(held) < len(self._tracks)
        self._tracks = held
        return self._drop_doubles(frame) or lost or changed

    def _drop_doubles(self, frame: Frame) -> bool:
        """Of tracks that have run into each other, keep the one that still shows its person."""
        dropped: list[Track] = []
        for first, second in combinations(self._tracks, 2):
            if first in dropped or second in dropped or overlap(first.points, second.points) < _ON_TOP:
                continue
            likeness = self._recogniser.likeness(frame, [first, second])
            pair = (first, second) if likeness[1] > likeness[0] else (second, first)
            self._recogniser.drop(*pair)
            dropped.append(pair[0])
        self._tracks = [track for track in self._tracks if track not in dropped]
        return bool(dropped)

    def _detect(self, frame: Frame) -> None:
        detector = self._detector if self._detected else self._scene_detector
        self._detected, self._since = True, 0
        self.detections += 1
        unknown = self._match(detector.detect(frame))
        if unknown:
            self._begin(frame, unknown)

    def _match(self, detected: Sequence[Face]) -> list[Face]:
        """Confirm tracks by detections; returns detections that belong to none."""
        pairs = [
            (overlap(track.points, face.points), t, d)
            for t, track in enumerate(self._tracks)
            for d, face in enumerate(detected)
        ]
        seen: set[int] = set()
        near: set[int] = set()
        for share, t, d in sorted(pairs, reverse=True):
            if share < _SAME_PLACE:
                break
            if d not in near:
                seen.add(t)
            near.add(d)
        for t, track in enumerate(self._tracks):
            track.missed = 0 if t in seen else track.missed + 1
        self._tracks = [t for t in self._tracks if t.missed < _MISSED or t.presence >= SURELY_PRESENT]
        return [face for d, face in enumerate(detected) if d not in near]

    def _begin(self, frame: Frame, faces: Sequence[Face]) -> None:
        """Follow faces from now on, unless the landmarks say that they are none."""
        refined = self._landmarks.refine(frame, faces)
        meshes, presence = self._landmarks.measure(frame, [face.points for face in refined])
        for found, sure in zip(meshes, presence, strict=True):
            if sure >= PRESENT:
                picture = small_picture(frame, five_points(found))
                shift = np.zeros(2, np.float32)
                self._tracks.append(Track(next(self._numbers), found, float(sure), picture, shift, self.now))


def face_of(landmarks: Mesh, presence: float) -> Face:
    """A face known by its landmarks.

    Args:
        landmarks: mesh points in frame pixels.
        presence: probability that a face is there.
    """
    low, high = landmarks[: mesh.MESH_POINTS, :2].min(0), landmarks[: mesh.MESH_POINTS, :2].max(0)
    return Face(np.concatenate([low, high]), presence, five_points(landmarks), landmarks)


def _seen(track: Track) -> TrackedFace:
    person = UNSURE if track.unsure is not None else track.person.number
    return TrackedFace(track.number, person, face_of(track.mesh, track.presence), track.fresh)
