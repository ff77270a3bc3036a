import time

import cv2
import numpy as np
import pytest
from drawn_face import smooth_picture
from hypothesis import given, settings
from hypothesis import strategies as st

from swapper.compose.paste import paste_into, paste_share
from swapper.faces.align import affine_scale, compose_affine, invert_affine, transform_points


def pasted(frame: np.ndarray, face: np.ndarray, mask: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    result = frame.copy()
    paste_into(result, face, mask, matrix)
    return result


steady = settings(deadline=None, derandomize=True, max_examples=60)


@st.composite
def placements(draw: st.DrawFn) -> np.ndarray:
    """Frame pixels to crop pixels of a face anywhere in or around a 90 x 120 frame, 8 to 400 px large."""
    angle, scale = np.radians(draw(st.floats(-180, 180))), np.exp(draw(st.floats(np.log(0.16), np.log(8))))
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    x, y = draw(st.floats(-60, 180)), draw(st.floats(-60, 150))
    turn = np.array([[cos, -sin], [sin, cos]])
    return np.concatenate([turn, (32 - turn @ [x, y])[:, None]], axis=1).astype(np.float32)


@st.composite
def masks(draw: st.DrawFn) -> np.ndarray:
    """An ellipse anywhere in a 64 px crop, hard or soft, of any strength, or nothing."""
    mask = np.zeros((64, 64), np.float32)
    axes = draw(st.tuples(st.integers(0, 40), st.integers(0, 40)))
    centre = draw(st.tuples(st.integers(0, 63), st.integers(0, 63)))
    cv2.ellipse(mask, centre, axes, 0, 0, 360, 1.0, -1)
    soft = draw(st.floats(0, 6))
    return (cv2.GaussianBlur(mask, (0, 0), soft) if soft > 0.3 else mask) * np.float32(draw(st.floats(0, 1)))


@steady
@given(placements(), masks(), st.integers(0, 99))
def test_pixels_outside_the_mask_are_identical(matrix: np.ndarray, mask: np.ndarray, seed: int) -> None:
    frame = np.random.default_rng(seed).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    result = pasted(frame, smooth_picture(64, 64, seed), mask, matrix)
    assert result.shape == frame.shape and result.dtype == np.uint8
    # A frame pixel may take from crop pixels within interpolation's reach, wider where the crop is shrunk.
    reach = 2 + int(np.ceil(1.5 * max(affine_scale(matrix), 1)))
    near = cv2.dilate((mask > 0).astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    padded = cv2.copyMakeBorder(near, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    moved = compose_affine(np.array([[1, 0, reach], [0, 1, reach]], np.float32), matrix)
    touched = cv2.warpAffine(padded, moved, (120, 90), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
    changed = (result != frame).any(2)
    assert not changed[touched == 0].any()


@steady
@given(placements(), st.integers(0, 99))
def test_an_empty_mask_changes_nothing(matrix: np.ndarray, seed: int) -> None:
    frame = smooth_picture(90, 120, seed)
    before = frame.copy()
    paste_into(frame, smooth_picture(64, 64), np.zeros((64, 64), np.float32), matrix)
    assert np.array_equal(frame, before)


@steady
@given(placements(), masks())
def test_pasting_what_is_there_already_changes_nothing(matrix: np.ndarray, mask: np.ndarray) -> None:
    frame = np.full((90, 120, 3), [200, 3, 117], np.uint8)
    result = pasted(frame, np.full((64, 64, 3), [200, 3, 117], np.uint8), mask, matrix)
    assert np.array_equal(result, frame), "no rounding drift"


@steady
@given(placements(), masks())
def test_results_lie_between_the_two_pictures(matrix: np.ndarray, mask: np.ndarray) -> None:
    frame, face = np.full((90, 120, 3), 40, np.uint8), np.full((64, 64, 3), 220, np.uint8)
    result = pasted(frame, face, mask, matrix)
    assert result.min() >= 40 and result.max() <= 40 + 180 * max(float(mask.max()), 0) + 1.5


def test_the_face_lands_where_it_was_cut() -> None:
    frame = np.zeros((300, 400, 3), np.uint8)
    face = np.zeros((64, 64, 3), np.uint8)
    face[28:37, 28:37] = 255
    matrix = np.array([[0.5, 0.2, -60], [-0.2, 0.5, -5]], np.float32)
    result = pasted(frame, face, np.ones((64, 64), np.float32), matrix)
    rows, columns = np.nonzero(result[..., 0] > 127)
    centre = transform_points(np.array([[32, 32]], np.float32), invert_affine(matrix))[0]
    assert [columns.mean(), rows.mean()] == pytest.approx(centre, abs=0.6)
    assert len(rows) == pytest.approx(81 / 0.29, rel=0.15)


def test_a_full_mask_replaces_the_face_exactly() -> None:
    frame, face = smooth_picture(100, 100, 3), smooth_picture(64, 64, 4)
    mask = np.zeros((64, 64), np.float32)
    mask[8:56, 8:56] = 1
    result = pasted(frame, face, mask, np.array([[1, 0, -20], [0, 1, -10]], np.float32))
    assert np.array_equal(result[18:66, 28:76], face[8:56, 8:56])


def test_a_large_frame_costs_little_more_than_a_small_one() -> None:
    face, mask = smooth_picture(256, 256), np.zeros((256, 256), np.float32)
    cv2.circle(mask, (128, 128), 90, 1.0, -1)
    matrix = np.array([[1, 0, -300], [0, 1, -300]], np.float32)
    small, large = smooth_picture(720, 1280), smooth_picture(2160, 3840)

    def quickest(frame: np.ndarray) -> float:
        times = []
        for _ in range(15):
            start = time.perf_counter()
            paste_into(frame, face, mask, matrix)
            times.append(time.perf_counter() - start)
        return min(times)

    assert quickest(large) < 3 * quickest(small), "the frame's size must not matter: nine times the pixels here"


def test_a_region_of_a_larger_array_can_be_pasted_into() -> None:
    sheet = smooth_picture(200, 300)
    before = sheet.copy()
    paste_into(
        sheet[50:150, 100:250], smooth_picture(64, 64, 5), np.ones((64, 64), np.float32), np.eye(2, 3, dtype=np.float32)
    )
    assert (sheet[50:110, 100:160] != before[50:110, 100:160]).any()
    sheet[50:150, 100:250] = before[50:150, 100:250]
    assert np.array_equal(sheet, before)


def test_the_noted_share_is_where_faces_were_pasted():
    frame, whole = np.zeros((90, 120, 3), np.uint8), np.zeros((90, 120), np.uint8)
    face, mask = np.full((64, 64, 3), 255, np.uint8), np.zeros((64, 64), np.float32)
    mask[10:50, 12:52] = 0.8
    for left in (5, 30):  # the second lies on the first
        matrix = np.array([[1, 0, -left], [0, 1, -7]], np.float32)
        paste_into(frame, face, mask, matrix)
        paste_share(whole, mask, matrix)
    assert np.abs(frame[..., 0].astype(int) - whole).max() <= 1 and whole.max() > 240
