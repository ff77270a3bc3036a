import itertools

import numpy as np
import pytest
from drawn_face import drawn_landmarks
from hypothesis import given, settings
from hypothesis import strategies as st

from swapper.compose.mask import adaptive_face_mask, mask_shape, shape_offset
from swapper.compose.settings import BlendSettings
from swapper.faces import mesh
from swapper.faces.regions import region_mask
from swapper.types import UserError

steady = settings(deadline=None, derandomize=True, max_examples=40)
landmarks = st.builds(
    drawn_landmarks, st.just(128), st.floats(0.08, 0.4), st.floats(-35, 35), st.floats(0, 0.2), st.integers(0, 99)
)
any_settings = st.builds(
    BlendSettings,
    feather=st.floats(0, 3),
    grow=st.floats(-0.5, 0.5),
    forehead=st.floats(0, 1.2),
    adapt=st.booleans(),
    keep_mouth=st.floats(0, 1),
    keep_eyes=st.floats(0, 1),
)
PLAIN = mask_shape(0.0)


def edge_width(mask: np.ndarray) -> int:
    """Pixels between 5 and 95 % on the way from the face's middle to the right."""
    row = mask[round(0.55 * len(mask)), len(mask) // 2 :]
    return int(((row > 0.05) & (row < 0.95)).sum())


def fitted_mask(target: np.ndarray, swapped: np.ndarray, size: int, chosen: BlendSettings) -> np.ndarray:
    return adaptive_face_mask(target, mask_shape(shape_offset(target, swapped)), size, chosen)


def squeezed(points: np.ndarray, factor: float) -> np.ndarray:
    middle = points[:, 0].mean()
    return (points - [middle, 0, 0]) * np.array([factor, 1, 1]) + [middle, 0, 0]


@steady
@given(landmarks, landmarks, any_settings, st.sampled_from([64, 128, 300]), st.floats(-90, 90))
def test_masks_are_shares_and_end_before_the_crop_does(
    target: np.ndarray, swapped: np.ndarray, chosen: BlendSettings, size: int, shift: float
) -> None:
    scale = np.float32(size / 128)
    moved = (target + np.array([shift, 0, 0], np.float32)) * scale
    mask = fitted_mask(moved, swapped * scale, size, chosen)
    assert mask.shape == (size, size) and mask.dtype == np.float32
    assert mask.min() >= 0 and mask.max() <= 1
    rim = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    assert rim.max() < 0.01, "a face at the border must not show the crop's edge"


@steady
@given(st.floats(0, 2.5), st.floats(0.1, 0.5))
def test_more_feather_is_a_softer_edge(feather: float, more: float) -> None:
    points = drawn_landmarks(256)
    narrow, wide = (
        adaptive_face_mask(points, PLAIN, 256, BlendSettings(feather=value)) for value in (feather, feather + more)
    )
    assert edge_width(wide) >= edge_width(narrow)


@pytest.mark.parametrize("feather", [0.5, 1.0, 2.0])
def test_the_edge_is_proportional_to_the_face(feather: float) -> None:
    chosen = BlendSettings(feather=feather)
    widths = {
        eyes: edge_width(adaptive_face_mask(drawn_landmarks(256, eyes), PLAIN, 256, chosen)) for eyes in (0.1, 0.2)
    }
    assert widths[0.2] == pytest.approx(2 * widths[0.1], abs=3)


@steady
@given(landmarks, st.floats(-0.5, 0.4), st.floats(0.02, 0.1))
def test_growing_never_takes_away(points: np.ndarray, grow: float, more: float) -> None:
    small, large = (adaptive_face_mask(points, PLAIN, 128, BlendSettings(grow=v)) for v in (grow, grow + more))
    assert (large >= small - 1e-5).all()


def test_a_hard_edge_on_request() -> None:
    mask = adaptive_face_mask(drawn_landmarks(256), PLAIN, 256, BlendSettings(feather=0))
    assert edge_width(mask) <= 2


@pytest.mark.parametrize(("offset", "shrink", "blur", "forehead"), [(-9, -5, (5, 10), 0.25), (0, 5, (5, 5), 1)])
@pytest.mark.parametrize("scale", [1.0, 65.08])
def test_published_rule(offset: float, shrink: float, blur: tuple[float, float], forehead: float, scale: float) -> None:
    found = mask_shape(offset)
    got = np.array([found.shrink, found.blur_x, found.blur_y]) * scale
    assert got == pytest.approx(np.array([shrink, *blur]) * scale / 65.08)
    assert found.forehead == pytest.approx(forehead)


def test_the_published_steps_for_narrower_faces() -> None:
    for offset, pixels in ((4.5, (10, 10, 8)), (8.0, (15, 15, 10))):
        found = mask_shape(offset)
        assert np.array([found.shrink, found.blur_x, found.blur_y]) * 65.08 == pytest.approx(pixels)


@steady
@given(st.floats(-15, 15), st.floats(0.01, 0.2))
def test_the_rule_has_no_jumps_and_shrinks_more_for_narrower_faces(offset: float, step: float) -> None:
    one, other = mask_shape(offset), mask_shape(offset + step)
    assert -1e-9 <= other.shrink - one.shrink <= 6 * step / 65.08
    assert abs(other.blur_y - one.blur_y) <= 3 * step / 65.08


def test_a_wider_swap_grows_the_mask_and_a_narrower_one_shrinks_it() -> None:
    points = drawn_landmarks(256)
    areas = [
        float((fitted_mask(points, squeezed(points, factor).astype(np.float32), 256, BlendSettings()) > 0.5).sum())
        for factor in (1.15, 1.0, 0.85)
    ]
    assert all(wide > narrow for wide, narrow in itertools.pairwise(areas))


@pytest.mark.parametrize("size", [128, 512])
def test_the_offset_does_not_depend_on_the_crops_size(size: int) -> None:
    points = drawn_landmarks(size)
    narrow = squeezed(points, 0.9).astype(np.float32)
    offset = shape_offset(points, narrow)
    assert offset > 6 > -6 > shape_offset(narrow, points)
    reference = shape_offset(drawn_landmarks(256), squeezed(drawn_landmarks(256), 0.9).astype(np.float32))
    assert offset == pytest.approx(reference, rel=1e-3)
    assert shape_offset(points, points) == 0


def test_the_targets_eyes_and_mouth_can_be_kept() -> None:
    points = drawn_landmarks(256)
    points[list(mesh.LIPS_INNER[11:]), 1] += 12  # an open mouth
    whole = adaptive_face_mask(points, PLAIN, 256, BlendSettings(keep_mouth=0))
    kept = adaptive_face_mask(points, PLAIN, 256, BlendSettings(keep_mouth=1, keep_eyes=1))
    for name in ("mouth", "eyes"):
        inside = region_mask(points, name, 256) > 0.99
        assert inside.sum() > 20
        assert whole[inside].min() > 0.9 and kept[inside].mean() < 0.35


@pytest.mark.parametrize(
    "wrong", [{"feather": 3.5}, {"grow": -0.6}, {"forehead": 1.3}, {"color": 2.0}, {"feather": -1}]
)
def test_settings_out_of_range_are_named(wrong: dict[str, float]) -> None:
    (name,) = wrong
    with pytest.raises(UserError, match=rf"Blend setting {name}: .* is out of range\. Give "):
        BlendSettings(**wrong)
