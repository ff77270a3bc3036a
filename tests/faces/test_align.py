import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from swapper.faces.align import (
    TEMPLATES,
    affine_scale,
    align_matrix,
    compose_affine,
    cut_crop,
    invert_affine,
    similarity_transform,
    template_to_template,
    transform_points,
    warp_frame,
)

steady = settings(deadline=None, derandomize=True, max_examples=60)
names = st.sampled_from(sorted(TEMPLATES))
sizes = st.sampled_from([64, 112, 128, 224, 256, 512])


@st.composite
def similarities(draw: st.DrawFn, least: float = 0.05, most: float = 20.0) -> np.ndarray:
    """A turn by any angle, a scale and a shift of up to a large photo's size."""
    angle = np.radians(draw(st.floats(-180, 180)))
    scale = np.exp(draw(st.floats(np.log(least), np.log(most))))
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    x, y = draw(st.floats(-4000, 4000)), draw(st.floats(-4000, 4000))
    return np.array([[cos, -sin, x], [sin, cos, y]], dtype=np.float32)


@st.composite
def faces(draw: st.DrawFn) -> np.ndarray:
    """Five points somewhere in a photo of up to 8000 pixels: a face of 10 to 2000 pixels, posed a little."""
    side, angle = draw(st.floats(10, 2000)), np.radians(draw(st.floats(-180, 180)))
    posed = TEMPLATES["ffhq"] - 0.5 + draw(arrays(np.float32, (5, 2), elements=st.floats(-1 / 32, 1 / 32, width=32)))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (posed @ turn.T * side + [draw(st.floats(0, 8000)), draw(st.floats(0, 8000))]).astype(np.float32)


@steady
@given(faces(), sizes, names)
def test_points_return_from_the_crop(points: np.ndarray, size: int, template: str) -> None:
    matrix = align_matrix(points, size, template)
    there_and_back = transform_points(transform_points(points, matrix), invert_affine(matrix))
    assert np.abs(there_and_back - points).max() < 0.5


@steady
@given(faces(), sizes, names)
def test_crop_pixels_return_from_the_frame(points: np.ndarray, size: int, template: str) -> None:
    matrix = align_matrix(points, size, template)
    grid = np.stack(np.meshgrid([0.0, size / 2, size - 1.0], [0.0, size / 2, size - 1.0]), axis=2)
    pixels = grid.reshape(-1, 2).astype(np.float32)
    there_and_back = transform_points(transform_points(pixels, invert_affine(matrix)), matrix)
    assert np.abs(there_and_back - pixels).max() < 0.5


@steady
@given(similarities(), names)
def test_a_similarity_is_recovered_from_its_points(matrix: np.ndarray, template: str) -> None:
    source = TEMPLATES[template] * 100
    found = similarity_transform(source, transform_points(source, matrix))
    np.testing.assert_allclose(found[:, :2], matrix[:, :2], atol=2e-4 * affine_scale(matrix) + 2e-5)
    np.testing.assert_allclose(found[:, 2], matrix[:, 2], atol=0.05)


@steady
@given(arrays(np.float32, (5, 2), elements=st.floats(-100, 100, width=32)), similarities(0.5, 2.0))
def test_no_other_similarity_fits_better(target: np.ndarray, other: np.ndarray) -> None:
    source = TEMPLATES["ffhq"] * 100
    best = similarity_transform(source, target)
    error = np.square(transform_points(source, best) - target).sum()
    assert error <= np.square(transform_points(source, other) - target).sum() * (1 + 1e-4) + 1e-2


def test_mirrored_points_do_not_mirror_the_crop() -> None:
    mirrored = TEMPLATES["ffhq"] * [-100, 100]
    matrix = similarity_transform(TEMPLATES["ffhq"], mirrored.astype(np.float32))
    assert np.linalg.det(matrix[:, :2]) > 0


def test_points_in_one_place_give_no_infinities() -> None:
    nowhere = np.zeros((5, 2), np.float32)
    assert np.isfinite(similarity_transform(nowhere, TEMPLATES["ffhq"])).all()


@steady
@given(names, sizes, names, sizes)
def test_template_maps_undo_each_other(one: str, size: int, other: str, other_size: int) -> None:
    there = template_to_template(one, size, other, other_size)
    back = template_to_template(other, other_size, one, size)
    corners = np.array([[0, 0], [size, 0], [0, size], [size, size]], dtype=np.float32)
    # Least squares in either direction differ by how unlike the templates' shapes are, a few per cent.
    assert np.abs(transform_points(transform_points(corners, there), back) - corners).max() < 0.05 * size


@steady
@given(names, sizes, sizes)
def test_a_templates_map_to_itself_only_scales(name: str, size: int, other: int) -> None:
    matrix = template_to_template(name, size, name, other)
    np.testing.assert_allclose(matrix, np.array([[other / size, 0, 0], [0, other / size, 0]]), atol=1e-3)


@steady
@given(faces(), names, sizes)
def test_all_crops_of_a_face_agree(points: np.ndarray, template: str, size: int) -> None:
    direct = align_matrix(points, size, template)
    by_ffhq = compose_affine(template_to_template("ffhq", 256, template, size), align_matrix(points))
    moved = transform_points(points, direct)
    np.testing.assert_allclose(moved, transform_points(points, by_ffhq), atol=0.05 * size / 100)


@steady
@given(faces(), sizes, names)
def test_the_points_land_near_the_template(points: np.ndarray, size: int, template: str) -> None:
    # Poses are off by up to 3 % of the face's side, the templates from each other by a little more.
    moved = transform_points(points, align_matrix(points, size, template))
    assert np.abs(moved - TEMPLATES[template] * size).max() < 0.12 * size


@steady
@given(similarities(), similarities(0.5, 2.0))
def test_composing_is_applying_one_after_the_other(first: np.ndarray, second: np.ndarray) -> None:
    points = TEMPLATES["ffhq"] * 256
    one_by_one = transform_points(transform_points(points, first), second)
    np.testing.assert_allclose(transform_points(points, compose_affine(second, first)), one_by_one, rtol=1e-3, atol=0.1)


@steady
@given(similarities())
def test_depth_scales_with_the_map(matrix: np.ndarray) -> None:
    points = np.array([[1, 2, 3], [4, 5, -6]], dtype=np.float32)
    moved = transform_points(points, matrix)
    np.testing.assert_allclose(moved[:, 2], points[:, 2] * affine_scale(matrix), rtol=1e-4)
    np.testing.assert_allclose(moved[:, :2], transform_points(points[:, :2], matrix), rtol=1e-5)


@pytest.mark.parametrize("side", [40, 150, 1500])
@pytest.mark.parametrize("angle", [0, 25, 180])
def test_pixels_go_where_the_matrix_says(side: int, angle: float) -> None:
    turn = cv2.getRotationMatrix2D((0, 0), angle, 1)[:, :2]
    points = ((TEMPLATES["ffhq"] - 0.5) @ turn.T * side).astype(np.float32) + side
    frame = np.full((2 * side, 2 * side, 3), 60, np.uint8)
    for point in points:  # smooth blobs, whose centre of gravity is known to a fraction of a pixel
        x, y = np.exp(-((np.arange(2 * side) - point[:, None]) ** 2) / (2 * (side / 40) ** 2)).astype(np.float32)
        frame = np.maximum(frame, (60 + 190 * y[:, None] * x).astype(np.uint8)[..., None])
    crop = cut_crop(frame, points)
    assert crop.image.shape == (256, 256, 3) and crop.size == 256
    for expected in transform_points(points, crop.matrix):
        left, top = np.round(expected).astype(int) - 10
        patch = crop.image[top : top + 21, left : left + 21, 0].astype(float) - 60
        rows, columns = np.mgrid[:21, :21]
        centre = [(columns * patch).sum() / patch.sum() + left, (rows * patch).sum() / patch.sum() + top]
        assert np.abs(centre - expected).max() < 0.6, "less than a pixel of the crop"


def test_shrinking_is_antialiased() -> None:
    checks = (np.indices((1200, 1200)).sum(0) % 2 * 255).astype(np.uint8)[..., None].repeat(3, axis=2)
    crop = warp_frame(checks, np.array([[0.1, 0, 0], [0, 0.1, 0]], dtype=np.float32), 120)
    assert np.abs(crop.astype(int) - 127).max() < 20


def test_outside_is_mirrored() -> None:
    frame = np.repeat(np.arange(100, dtype=np.uint8)[None, :, None], 100, 0).repeat(3, axis=2)
    crop = warp_frame(frame, np.array([[1, 0, 20], [0, 1, 0]], dtype=np.float32), 64)
    np.testing.assert_array_equal(crop[5, 10:31, 0], np.abs(np.arange(-10, 11)))


def test_a_crop_far_outside_the_frame_does_not_fail() -> None:
    points = TEMPLATES["ffhq"] * 4000 + np.float32(9000)
    assert cut_crop(np.zeros((50, 60, 3), np.uint8), points).image.shape == (256, 256, 3)


def test_landmarks_come_along() -> None:
    points = TEMPLATES["ffhq"] * 512 + np.float32(30)
    landmarks = np.zeros((478, 3), np.float32)
    landmarks[:, :2], landmarks[:, 2] = 30 + 256, 10
    crop = cut_crop(np.zeros((600, 600, 3), np.uint8), points, landmarks=landmarks)
    assert crop.landmarks is not None
    np.testing.assert_allclose(crop.landmarks[0], [128, 128, 5], atol=0.01)
