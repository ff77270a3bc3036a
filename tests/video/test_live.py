import numpy as np
import pytest
import torch
from clips import background, lay, portrait

from swapper.methods.warp import WarpMethod
from swapper.pipeline import FaceSwapper
from swapper.video.live import LiveEngine, LiveStream, _Steadied

RATE = 10  # frames a second


@pytest.fixture(scope="module")
def swapper() -> FaceSwapper:
    return FaceSwapper(WarpMethod(torch.device("cpu"), 128), "cpu", threads=1)


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


def test_a_frame_without_a_face_is_left_alone(swapper: FaceSwapper) -> None:
    stream, empty = LiveStream(LiveEngine(swapper)), background(240, 320)
    shown, faces = stream.swap(empty.copy(), swapper.identify(portrait(0)), 0)
    assert faces == 0 and np.array_equal(shown, empty)


def test_landmarks_tremble_less_and_follow_fast_motion() -> None:
    random, still = np.random.default_rng(0), np.random.default_rng(1).uniform(0, 100, (478, 3)).astype(np.float32)
    noisy = [still + random.normal(0, 0.3, still.shape).astype(np.float32) for _ in range(30)]
    calm = _Steadied(noisy[0], 0)
    kept = []
    for n, mesh in enumerate(noisy[1:], 1):
        calm = calm.next(mesh, n / 15)
        kept.append(np.abs(calm.landmarks - still).mean())
    assert np.mean(kept[10:]) < 0.6 * np.abs(noisy[-1] - still).mean()
    eyes = float(np.linalg.norm(still[33, :2] - still[263, :2]))
    moved = _Steadied(still, 0)
    for n in range(1, 16):
        target = still + np.float32([0.3 * eyes * n, 0, 0])
        moved = moved.next(target, n / 15)
    assert np.abs(moved.landmarks - target)[:, 0].max() < 0.15 * eyes
