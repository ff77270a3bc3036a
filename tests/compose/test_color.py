import numpy as np
import pytest
from drawn_face import smooth_picture
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from swapper.compose.color import (
    Transfer,
    add_detail,
    measure_transfer,
    recolor,
    statistics_transfer,
    tint_difference,
    to_rgb,
)
from swapper.faces.skin import color_statistics, to_lab

steady = settings(deadline=None, derandomize=True, max_examples=30)
sides = st.sampled_from([32, 64, 200, 300])
WHOLE = np.ones((64, 64), np.float32)


def matched_to(face: np.ndarray, target: np.ndarray, mask: np.ndarray, strength: float = 1.0) -> np.ndarray:
    transfer = measure_transfer(face, target, mask)
    return face if transfer is None else recolor(face, target, mask, transfer, strength, tint=0, eyes=len(face) / 3)


@steady
@given(sides, st.integers(0, 99), st.floats(0, 1))
def test_a_face_that_matches_already_stays(side: int, seed: int, strength: float) -> None:
    face = smooth_picture(side, side, seed)
    matched = matched_to(face, face, np.ones((side, side), np.float32), strength)
    assert np.abs(matched.astype(int) - face).max() <= 2


@steady
@given(arrays(np.uint8, (32, 32, 3)), arrays(np.uint8, (32, 32, 3)), st.floats(0, 1))
def test_any_pictures_give_a_picture(face: np.ndarray, target: np.ndarray, strength: float) -> None:
    matched = matched_to(face, target, np.ones((32, 32), np.float32), strength)
    assert matched.shape == face.shape and matched.dtype == np.uint8
    assert not np.isnan(matched).any()


def test_the_mean_colour_arrives() -> None:
    rng = np.random.default_rng(0)
    dark, light = (
        np.clip(rng.normal(v, 12, (64, 64, 3)), 0, 255).astype(np.uint8) for v in ((110, 80, 60), (190, 150, 130))
    )
    matched = matched_to(dark, light, WHOLE)
    assert matched.reshape(-1, 3).mean(0) == pytest.approx(light.reshape(-1, 3).mean(0), abs=4)
    half = matched_to(dark, light, WHOLE, 0.5).mean()
    assert dark.mean() < half < matched.mean()
    assert np.array_equal(matched_to(dark, light, WHOLE, 0), dark)


def test_only_the_mask_is_measured() -> None:
    face, target = smooth_picture(64, 64, 1), smooth_picture(64, 64, 2)
    mask = np.zeros((64, 64), np.float32)
    mask[20:44, 20:44] = 1
    other = target.copy()
    other[:18], other[46:] = 0, 255
    assert np.array_equal(matched_to(face, target, mask), matched_to(face, other, mask))
    assert matched_to(face, target, mask * 0) is face, "nothing to measure, nothing to change"


@steady
@given(st.lists(st.floats(-40, 40), min_size=6, max_size=6), st.lists(st.floats(0, 30), min_size=6, max_size=6))
def test_transferred_means_are_exact_and_stretch_is_bounded(means: list[float], spreads: list[float]) -> None:
    values = np.array(means, np.float32).reshape(2, 3) + np.array([50, 0, 0], np.float32)
    own, wanted = [(values[k], np.array(spreads[3 * k : 3 * k + 3], np.float32)) for k in (0, 1)]
    lab = np.stack([own[0], own[0] + 10])[None].astype(np.float32)
    moved = statistics_transfer(own, wanted).applied(lab)
    assert moved[0, 0] == pytest.approx(wanted[0], abs=1e-3)
    assert (moved[0, 1] - moved[0, 0] > 0).all() and (moved[0, 1] - moved[0, 0] <= 15.01).all()


def test_detail_survives_a_change_of_a_small_copy() -> None:
    face = np.random.default_rng(0).integers(60, 160, (256, 256, 3), dtype=np.uint8)
    small = face[::4, ::4].copy()
    changed = add_detail(face, small, small.astype(np.float32) + 20)
    assert np.abs(changed.astype(int) - face - 20).max() <= 1
    assert (add_detail(face, small, small.astype(np.float32) + 500) == 255).all()


@steady
@given(arrays(np.uint8, (9, 7, 3)))
def test_lab_returns(image: np.ndarray) -> None:
    lab = to_lab(image)
    assert lab[..., 0].min() >= 0 and lab[..., 0].max() <= 100.01
    assert np.abs(to_rgb(lab) - image).max() < 1.5
    assert color_statistics(lab, np.ones((9, 7), np.float32)) is not None


def test_a_red_lid_takes_the_targets_tint() -> None:
    target = np.full((64, 64, 3), [60, 12, 16], np.float32)
    face = target.copy()
    face[24:40, 24:40] = [52, 40, 5]
    matched = face[..., 1:] + tint_difference(face, target, WHOLE, 4.0)
    assert np.abs(matched[30:34, 30:34] - target[0, 0, 1:]).max() < 5
    assert np.abs(matched[:8] - target[0, 0, 1:]).max() < 0.5


def test_dark_glasses_do_not_turn_what_is_drawn_in_their_place_grey() -> None:
    face = np.full((64, 64, 3), [60, 12, 16], np.float32)
    target = face.copy()
    target[24:40, 24:40] = [5, 0, 0]
    assert np.abs(tint_difference(face, target, WHOLE, 4.0)).max() < 0.5


def test_tints_arrive_as_far_as_wanted_and_lightness_stays() -> None:
    face = np.full((64, 64, 3), (190, 120, 130), np.uint8)
    target = np.full((64, 64, 3), (170, 140, 120), np.uint8)
    none = Transfer(np.ones(3, np.float32), np.zeros(3, np.float32))
    labs = [to_lab(recolor(face, target, WHOLE, none, 1.0, tint, eyes=20))[32, 32] for tint in (0.0, 0.5, 1.0)]
    assert labs[0][1] > labs[1][1] > labs[2][1] == pytest.approx(to_lab(target)[32, 32, 1], abs=1)
    assert labs[2][0] == pytest.approx(labs[0][0], abs=1)
