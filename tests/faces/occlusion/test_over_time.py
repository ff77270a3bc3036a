"""What passes in front of a face is found; light, shade and the face's own features are not."""

import cv2
import numpy as np
import pytest

from swapper.faces import mesh
from swapper.faces.occlusion.over_time import UsualAppearance, measure_appearance, occlusion_mask, update_appearance

SIZE = 128
SKIN, DARK, HAND = (205, 160, 135), (30, 30, 32), (150, 85, 70)


@pytest.fixture(scope="module")
def landmarks() -> np.ndarray:
    return (mesh.canonical_face() * 50 + np.array([64, 50, 0])).astype(np.float32)


def face(landmarks: np.ndarray, frame: int = 0) -> np.ndarray:
    """A head with brows, eyes and lips, and noise."""
    image = np.full((SIZE, SIZE, 3), SKIN, np.uint8)
    for loop, color in (
        (mesh.LEFT_BROW, (80, 60, 50)),
        (mesh.RIGHT_BROW, (80, 60, 50)),
        (mesh.LEFT_EYE, (220, 220, 220)),
        (mesh.RIGHT_EYE, (220, 220, 220)),
        (mesh.LIPS_OUTER, (180, 90, 90)),
    ):
        cv2.fillPoly(image, [np.rint(landmarks[list(loop), :2]).astype(np.int32)], color, cv2.LINE_AA)
    noise = np.random.default_rng(frame).normal(0, 5, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def look(landmarks: np.ndarray) -> UsualAppearance:
    return watched([face(landmarks, frame) for frame in range(12)], landmarks)


def watched(images: list[np.ndarray], landmarks: np.ndarray, look: UsualAppearance | None = None) -> UsualAppearance:
    for image in images:
        look = update_appearance(look, measure_appearance(image, landmarks, look))
    assert look is not None
    return look


def occlusion(image: np.ndarray, landmarks: np.ndarray, look: UsualAppearance) -> np.ndarray:
    found = occlusion_mask(measure_appearance(image, landmarks, look), image, landmarks)
    return np.zeros((SIZE, SIZE), np.float32) if found is None else found


@pytest.mark.parametrize("color", [DARK, HAND, (250, 250, 250), (60, 110, 70)])
def test_what_covers_a_cheek_is_found_there_only(landmarks, look, color):
    image = face(landmarks, 50)
    image[58:100, 30:62] = color
    found = occlusion(image, landmarks, look)
    assert found[64:88, 38:56].mean() > 0.9
    assert found[:45].mean() < 0.02 and found[50:100, 75:].mean() < 0.02


def shaded(image: np.ndarray, share: float, columns: slice = slice(None)) -> np.ndarray:
    dark = image.astype(np.float32)
    dark[:, columns] *= share
    return dark.astype(np.uint8)


def opened(image: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    inner = np.rint(landmarks[list(mesh.LIPS_INNER), :2]).astype(np.int32)
    return cv2.fillPoly(image.copy(), [inner], (30, 10, 10))


@pytest.mark.parametrize("what", ["nothing", "dim", "bright", "half in shade", "blurred", "open mouth", "closed eyes"])
def test_nothing_is_found_where_nothing_is(landmarks, look, what):
    image = face(landmarks, 51)
    eyes = [np.rint(landmarks[list(loop), :2]).astype(np.int32) for loop in (mesh.LEFT_EYE, mesh.RIGHT_EYE)]
    image = {
        "nothing": image,
        "dim": shaded(image, 0.4),
        "bright": np.clip(image * 1.2, 0, 255).astype(np.uint8),
        "half in shade": shaded(image, 0.55, slice(0, 64)),
        "blurred": cv2.blur(image, (15, 3)),
        "open mouth": opened(image, landmarks),
        "closed eyes": cv2.fillPoly(image.copy(), eyes, SKIN),
    }[what]
    assert occlusion(image, landmarks, look).mean() < 0.01


def test_a_first_frame_tells_of_dark_glasses_only(landmarks):
    image = face(landmarks)
    image[58:100, 30:62] = DARK
    assert occlusion_mask(measure_appearance(image, landmarks, None), image, landmarks) is None
    worn = with_glasses(face(landmarks), landmarks)
    found = occlusion_mask(measure_appearance(worn, landmarks, None), worn, landmarks)
    assert found is not None and found[46:52, 36:44].min() > 0.9 and found[75:].max() < 0.05


def with_glasses(image: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    for iris in (mesh.LEFT_IRIS_CENTRE, mesh.RIGHT_IRIS_CENTRE):
        x, y = np.rint(landmarks[iris, :2]).astype(int)
        cv2.ellipse(image, (int(x), int(y) + 3), (21, 19), 0, 0, 360, DARK, -1)
    return image


def test_dark_glasses_come_and_go_within_some_frames(landmarks, look):
    plain = [face(landmarks, frame) for frame in range(12)]
    worn = [with_glasses(image.copy(), landmarks) for image in plain]
    on = watched(worn, landmarks)
    assert on.glasses > 0.9 and watched(worn[:8], landmarks, look).glasses > 0.85
    off = watched(plain, landmarks, on)
    assert off.glasses < 0.05 and occlusion(plain[0], landmarks, off).mean() < 0.02


def test_what_was_there_from_the_beginning_may_go(landmarks):
    occluded = [face(landmarks, frame) for frame in range(12)]
    for image in occluded:
        image[58:100, 30:62] = DARK
    look = watched(occluded, landmarks)
    assert occlusion(face(landmarks, 52), landmarks, look).mean() < 0.02


def test_what_stays_is_not_learnt(landmarks, look):
    occluded = [face(landmarks, frame) for frame in range(60)]
    for image in occluded:
        image[58:100, 30:62] = DARK
    after = watched(occluded, landmarks, look)
    assert occlusion(occluded[0], landmarks, after)[64:88, 38:56].mean() > 0.9


def test_a_face_that_looks_otherwise_for_long_is_learnt_anew(landmarks, look):
    other = [np.full((SIZE, SIZE, 3), (60, 110, 70), np.uint8) for _ in range(30)]
    for image in other:
        image[::2, ::7] = DARK
        image[:60] = (20, 20, 90)
    after = watched(other, landmarks, look)
    assert occlusion(other[0], landmarks, after).mean() < 0.02


def test_a_look_survives_as_plain_values(landmarks, look):
    image = face(landmarks, 53)
    image[58:100, 30:62] = DARK
    again = UsualAppearance.from_row(look.to_row())
    assert np.allclose(occlusion(image, landmarks, again), occlusion(image, landmarks, look), atol=0.05)
