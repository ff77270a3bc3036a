import numpy as np
import pytest
import torch
from clips import background, lay, portrait
from drawn_face import drawn_landmarks

from swapper.compose.settings import BlendSettings
from swapper.face_swap.picture import FaceToSwap, Outcome
from swapper.faces.enrolled import EnrolledPeople
from swapper.faces.track import TrackedFace, face_of
from swapper.methods.warp import WarpMethod
from swapper.pipeline import FaceSwapper
from swapper.provenance.settings import DEFAULT_LABEL, MarkSettings
from swapper.runtime.timing import StepTimer
from swapper.video.live import LiveEngine, LiveStream

RATE = 10  # frames a second


@pytest.fixture(scope="module")
def swapper() -> FaceSwapper:
    return FaceSwapper(WarpMethod(torch.device("cpu"), 128), "cpu", threads=1)


def pair() -> np.ndarray:
    image = background(240, 440)
    for number, x in ((1, 100), (4, 340)):
        lay(image, portrait(number), (x, 120), 180)
    return image


def frame(shift: float = 0) -> np.ndarray:
    image = background(240, 320)
    lay(image, portrait(1), (160 + shift, 120), 180)
    return image


def test_faces_are_swapped_and_another_person_counts_from_the_next_frame(swapper: FaceSwapper) -> None:
    stream = LiveStream(LiveEngine(swapper))
    people = [swapper.identify(portrait(number)) for number in (0, 5)]
    seen = frame()
    results = [stream.swap(frame(), people[n >= 2], n / RATE) for n in range(4)]
    assert [faces for _, faces in results] == [1, 1, 1, 1]
    centre = np.s_[90:150, 130:190]
    changes = [float(np.abs(image[centre].astype(int) - seen[centre]).mean()) for image, _ in results]
    assert min(changes) > 2
    before, after = (results[n][0][centre].astype(int) for n in (1, 2))
    assert np.abs(after - before).mean() > 2


def test_words_are_drawn_into_swapped_frames_in_any_case(swapper: FaceSwapper) -> None:
    person, shown = swapper.identify(portrait(0)), {}
    for label in ("", DEFAULT_LABEL, "made up"):
        stream = LiveStream(LiveEngine(swapper, MarkSettings(mark=False, label=label)))
        shown[label], _ = stream.swap(frame(), person, 0)
    assert np.array_equal(shown[""], shown[DEFAULT_LABEL])
    assert np.array_equal(shown[""][:200], shown["made up"][:200])
    assert not np.array_equal(shown[""], shown["made up"])


def test_two_people_keep_who_they_become_until_they_are_exchanged(swapper: FaceSwapper) -> None:
    stream, people = LiveStream(LiveEngine(swapper)), [swapper.identify(portrait(number)) for number in (0, 5)]
    alone = [LiveStream(LiveEngine(swapper)).swap(pair(), person, 0)[0].astype(int) for person in people]
    left, right = np.s_[80:160, 60:140], np.s_[80:160, 300:380]
    for n, cast in enumerate(([0, 1], [0, 1], [1, 0])):
        shown, faces = stream.swap(pair(), [people[who] for who in cast], n / RATE)
        assert faces == 2
        for place, who in zip((left, right), cast, strict=True):
            own, other = (np.abs(shown[place] - alone[which][place]).mean() for which in (who, 1 - who))
            assert own < other


def test_how_faces_are_blended_in_can_be_changed_on_the_way(swapper: FaceSwapper) -> None:
    stream, person, seen = LiveStream(LiveEngine(swapper)), swapper.identify(portrait(0)), frame().astype(int)
    centre = np.s_[90:150, 130:190]
    blends = (None, BlendSettings(likeness=0.0, keep_eyes=1.0), BlendSettings(keep_eyes=1.0), None)
    results = [stream.swap(frame(), person, n / RATE, blend=blend)[0] for n, blend in enumerate(blends)]
    first, _, eyes, last = (np.abs(image[centre] - seen[centre]).mean() for image in results)
    assert eyes < first and abs(last - first) < 0.5


def test_a_frame_without_a_face_is_left_alone(swapper: FaceSwapper) -> None:
    stream, empty = LiveStream(LiveEngine(swapper)), background(240, 320)
    shown, faces = stream.swap(empty.copy(), swapper.identify(portrait(0)), 0)
    assert faces == 0 and np.array_equal(shown, empty)


def test_landmarks_tremble_less_and_follow_fast_motion(swapper: FaceSwapper, monkeypatch: pytest.MonkeyPatch) -> None:
    random, still = np.random.default_rng(0), drawn_landmarks(240)
    eyes = float(np.linalg.norm(still[33, :2] - still[263, :2]))
    noisy = [still + random.normal(0, 0.3, still.shape).astype(np.float32) for _ in range(30)]
    calm = steadied(swapper, noisy, monkeypatch)
    assert len(calm) == 30
    off = [np.abs(mesh - still).mean() for mesh in calm]
    assert np.mean(off[11:]) < 0.6 * np.abs(noisy[-1] - still).mean()
    fast = [still + np.float32([0.3 * eyes * n, 0, 0]) for n in range(16)]
    moved = steadied(swapper, fast, monkeypatch)
    assert np.abs(moved[-1] - fast[-1])[:, 0].max() < 0.15 * eyes


class Follows:
    """A tracker of one face, whose landmarks in every frame are known."""

    def __init__(self, meshes: list[np.ndarray]):
        self.enrolled, self._meshes = EnrolledPeople(), iter(meshes)

    def update(self, _frame: np.ndarray) -> list[TrackedFace]:
        return [TrackedFace(0, 0, face_of(next(self._meshes), 1.0))]


def steadied(swapper: FaceSwapper, meshes: list[np.ndarray], monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Landmarks by which a stream of 15 frames a second swaps a face that is measured so."""
    engine, used = LiveEngine(swapper), []
    frames = engine.frames()
    swap = frames.swap_faces

    def watch(frame: np.ndarray, tasks: list[FaceToSwap], timer: StepTimer) -> list[Outcome]:
        used.extend(task.face.mesh for task in tasks)
        return swap(frame, tasks, timer)

    monkeypatch.setattr(engine, "tracker", lambda: Follows(meshes))
    monkeypatch.setattr(frames, "swap_faces", watch)
    monkeypatch.setattr(engine, "frames", lambda: frames)
    stream, identity = LiveStream(engine), swapper.identify(portrait(0))
    for n in range(len(meshes)):
        stream.swap(background(240, 480), identity, n / 15)
    return used
