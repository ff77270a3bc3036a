import numpy as np
import pytest
import torch
from drawn_face import drawn_landmarks
from hypothesis import given, settings
from hypothesis import strategies as st

from swapper.faces import mesh
from swapper.faces.regions import REGIONS, draw_polygons, face_outline, region_mask, region_masks, region_polygons

steady = settings(deadline=None, derandomize=True, max_examples=25)
landmarks = st.builds(
    drawn_landmarks,
    st.just(96),
    st.floats(0.1, 0.4),
    st.floats(-35, 35),
    st.floats(0, 0.2),
    st.integers(0, 99),
)


@steady
@given(landmarks, st.sampled_from(REGIONS), st.floats(-60, 60))
def test_masks_are_shares(points: np.ndarray, name: str, shift: float) -> None:
    mask = region_mask(points + np.array([shift, 0, 0], np.float32), name, 96)
    assert mask.shape == (96, 96) and mask.dtype == np.float32
    assert mask.min() >= 0 and mask.max() <= 1


@steady
@given(landmarks)
def test_regions_that_exclude_each_other_do(points: np.ndarray) -> None:
    masks = {name: region_mask(points, name, 96) for name in REGIONS}
    for one, other in (("lips", "mouth"), ("eyes", "brows"), ("skin", "lips"), ("skin", "eyes"), ("nose", "lips")):
        assert (masks[one] * masks[other]).max() <= 0.3, f"{one} and {other} share more than an edge pixel"
    for name in ("brows", "eyes", "nose", "lips", "mouth"):
        assert (masks[name] <= masks["face"] + 0.02).all(), f"{name} lies in the face"


@pytest.mark.parametrize(("name", "left", "right"), [("eyes", 0, 1), ("brows", 0, 1)])
def test_left_is_the_viewers_left(name: str, left: int, right: int) -> None:
    polygons = region_polygons(drawn_landmarks(100), name)
    assert len(polygons) == 2
    assert polygons[left][:, 0].max() < 50 < polygons[right][:, 0].min()


def test_a_mirrored_face_has_mirrored_regions() -> None:
    points = drawn_landmarks(101, yaw=20)
    mirrored = points[mesh.mirror_index()] * np.array([-1, 1, 1], np.float32) + np.array([100, 0, 0], np.float32)
    for name in REGIONS:
        difference = region_mask(points, name, 101)[:, ::-1] - region_mask(mirrored, name, 101)
        assert np.abs(difference).mean() < 0.01, name


@steady
@given(st.floats(0, 1.2), st.floats(0, 1.2))
def test_more_forehead_is_a_larger_face(one: float, other: float) -> None:
    low, high = sorted((one, other))
    points = drawn_landmarks(128)
    small, large = (draw_polygons([face_outline(points, v)], 128) for v in (low, high))
    assert (small <= large + 0.02).all()


def test_the_hairline_lies_above_the_mesh() -> None:
    points = drawn_landmarks(100)
    assert face_outline(points)[:, 1].min() < points[: mesh.MESH_POINTS, 1].min()
    assert face_outline(points, 0.0)[:, 1].min() > points[mesh.FOREHEAD, 1]


def test_batches_are_the_single_masks() -> None:
    points = np.stack([drawn_landmarks(64), drawn_landmarks(64, yaw=15)])
    masks = region_masks(torch.from_numpy(points / 64), 64, ("face", "mouth"))
    assert masks.shape == (2, 2, 64, 64)
    for row, face in zip(masks, points, strict=True):
        assert np.allclose(row[1].numpy(), region_mask(face, "mouth", 64), atol=0.05)


def test_unknown_regions_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown region 'ears'"):
        region_polygons(drawn_landmarks(64), "ears")
