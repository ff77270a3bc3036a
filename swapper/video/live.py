"""Swapping a stream of frames as they come: nothing is known of later frames, and none may wait for them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32, UInt8

from swapper.compose.settings import BlendSettings
from swapper.face_swap.networks import SwapNetworks
from swapper.face_swap.picture import FrameSwapper
from swapper.faces import mesh
from swapper.faces.coarse import CoarseDetector
from swapper.faces.embed import FaceEmbedder
from swapper.faces.track import UNSURE, FaceTracker, TrackedFace
from swapper.provenance.origin import Origin
from swapper.provenance.settings import DEFAULT_LABEL, MarkSettings
from swapper.runtime.timing import StepTimer
from swapper.types import Identity
from swapper.video.marks import FrameMarker
from swapper.video.memory import FaceMemory

_DETECT_EVERY = 5  # frames; live frames are fewer and further apart than a video's
_MOST_PEOPLE = 64  # seen by one stream, after which it forgets them all
_LONG_AGO = 2.0  # seconds without a frame after which faces are looked for anew
# Lowest cutoff of the filter in Hz, and what motion of one eye distance a second adds to it.
_CUTOFF, _PER_SPEED = 1.2, 5.0
_SPEED_CUTOFF = 1.0  # Hz, of the speed's own filter

Frame = UInt8[np.ndarray, "h w 3"]
Mesh = Float32[np.ndarray, "478 3"]


class LiveEngine:
    """What all live streams of one method share; keeps nothing of any stream."""

    def __init__(self, networks: SwapNetworks, marks: MarkSettings | None = None):
        """Load what is still missing.

        Args:
            networks: such as a ``FaceSwapper``.
            marks: how frames say that they were swapped; those of the environment when None. Words are drawn in
                any case: who sees a live picture cannot look for a watermark.

        Raises:
            UserError: weights that cannot be found.
        """
        marks = marks or MarkSettings.from_environment()
        self._networks, self._marks = networks, replace(marks, label=marks.label or DEFAULT_LABEL)
        self._detector = networks.detector.quick()
        self._embedder = FaceEmbedder(networks.device)

    def frames(self, blend: BlendSettings | None = None) -> FrameSwapper:
        """What swaps the faces of a frame.

        Args:
            blend: how they are blended in; as the networks do it when None.
        """
        networks = self._networks
        return FrameSwapper(
            networks.method,
            networks.landmarks,
            networks.device,
            blend=blend or networks.blend,
            occlusion=networks.occlusion,
        )

    def tracker(self) -> FaceTracker:
        """What follows the faces of a new stream."""
        detector = CoarseDetector(self._detector)
        return FaceTracker(detector, self._networks.landmarks, self._embedder, detect_every=_DETECT_EVERY)

    def marker(self) -> FrameMarker:
        """What marks the frames of a new stream."""
        return FrameMarker(Origin(self._networks.method_name), self._marks)


class LiveStream:
    """One stream: the faces followed so far, their steadied landmarks, and what is remembered of them."""

    def __init__(self, engine: LiveEngine):
        """Start before the first frame.

        Args:
            engine: of the method.
        """
        self._engine, self._marker = engine, engine.marker()
        self._identities: list[Identity] = []
        self._blend: BlendSettings | None = None
        self._frames = engine.frames()
        self._last = -math.inf
        self._forget()

    def _forget(self) -> None:
        self._tracker, self._memory = self._engine.tracker(), FaceMemory()
        self._steady: dict[int, _Steadied] = {}
        self._seats: dict[int, int] = {}  # in what order people were seen first, those of one frame from left to right
        self._seated: dict[int, int] = {}  # the same by track

    def swap(
        self,
        frame: Frame,
        identity: Identity | Sequence[Identity],
        seconds: float,
        timer: StepTimer | None = None,
        blend: BlendSettings | None = None,
    ) -> tuple[Frame, int]:
        """Give every face of the next frame an identity.

        Args:
            frame: RGB; changed.
            identity: what the faces become; may be another one than before. Of several, each person in the picture
                keeps one, in the order in which they were seen first.
            seconds: when the frame was seen, rising.
            timer: collects the time of the steps.
            blend: how faces are blended in; may be another than before.

        Returns:
            The marked frame, and how many faces were swapped in it; a frame without faces is returned as it is.
        """
        timer = timer or StepTimer()
        late = seconds - self._last > _LONG_AGO
        if late or len(self._tracker.enrolled.people) > _MOST_PEOPLE:
            self._forget()
        identities = [identity] if isinstance(identity, Identity) else list(identity)
        self._settle(identities, blend)
        self._last = seconds
        with timer.step("detect"):
            faces = [
                self._steadied(face, seconds) for face in reversed(self._tracker.update(frame))
            ]  # near ones on top
        present = {face.track for face in faces}
        self._steady = {track: state for track, state in self._steady.items() if track in present}
        frames, memory = self._frames, self._memory
        self._seat(faces)
        cast = [identities[self._seated[face.track] % len(identities)] for face in faces]
        tasks = [memory.plan(frames, frame, face, whom) for face, whom in zip(faces, cast, strict=True)]
        memory.learn(faces, frames.swap_faces(frame, tasks, timer))
        if not faces:
            return frame, 0
        with timer.step("mark"):
            return self._marker.mark(frame), len(faces)

    def _settle(self, identities: list[Identity], blend: BlendSettings | None) -> None:
        """Forget what depends on who the faces become, or on how they are blended in, where that is new."""
        if blend != self._blend:
            self._blend, self._frames, self._memory = blend, self._engine.frames(blend), FaceMemory()
        if list(map(id, identities)) != list(map(id, self._identities)):
            self._identities = identities
            self._memory.begin_source()

    def _seat(self, faces: Sequence[TrackedFace]) -> None:
        """Give every face its person's seat; one of whom it is not sure who it shows keeps that of its track."""
        seated: dict[int, int] = {}
        for face in sorted(faces, key=lambda face: float(face.landmarks[:, 0].mean())):
            free = 1 + max([-1, *self._seats.values(), *seated.values()])
            seated[face.track] = self._seats.get(face.person, self._seated.get(face.track, free))
            if face.person != UNSURE:
                self._seats[face.person] = seated[face.track]
        self._seated = seated

    def _steadied(self, face: TrackedFace, seconds: float) -> TrackedFace:
        before = self._steady.get(face.track)
        now = _Steadied(face.landmarks, seconds) if before is None else before.next(face.landmarks, seconds)
        self._steady[face.track] = now
        return face.moved(now.landmarks)


@dataclass(frozen=True)
class _Steadied:
    """A face's landmarks, filtered over the frames so far: little of slow motion's trembling, no lag in fast motion.

    Source: Casiez, Roussel, Vogel, "1€ Filter: A Simple Speed-based Low-pass Filter for Noisy Input", CHI 2012; here
    one cutoff for all points, so that the face keeps its form.
    """

    landmarks: Mesh
    seconds: float
    speed: float = 0.0  # eye distances a second

    def next(self, measured: Mesh, seconds: float) -> "_Steadied":
        passed = max(seconds - self.seconds, 1e-3)
        moved = float(np.linalg.norm((measured - self.landmarks)[:, :2], axis=1).mean())
        speed = moved / max(mesh.eye_distance(measured), 1.0) / passed
        speed = self.speed + _share(_SPEED_CUTOFF, passed) * (speed - self.speed)
        share = np.float32(_share(_CUTOFF + _PER_SPEED * speed, passed))
        return _Steadied(self.landmarks + share * (measured - self.landmarks), seconds, speed)


def _share(cutoff: float, passed: float) -> float:
    """How much of a new value a first-order low-pass filter takes."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff * passed))
