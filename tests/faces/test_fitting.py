"""Faces cut as each network wants them: its own template fitted to the five points, from the photo itself."""

import cv2
import numpy as np
import pytest

from swapper.faces.align import TEMPLATES, align_matrix, cut_crop, template_to_template, transform_points, warp_frame
from swapper.faces.fitting import affine_transform, cut_again, cut_aligned, cut_source, fit_matrix, placement, poses
from swapper.registry.pipelines import FITS, Alignment
from swapper.types import Face

# Eyes, nose tip and mouth corners of a head, in units of the eye distance, z towards the camera.
HEAD = np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, 0.55, 0.45], [-0.4, 1.0, 0.1], [0.4, 1.0, 0.1]])


def turned(yaw: float, roll: float = 0.0, scale: float = 90.0) -> np.ndarray:
    """The five points of a head in a picture of 512 px, seen from afar."""
    a, b = np.radians(yaw), np.radians(roll)
    x = HEAD[:, 0] * np.cos(a) + HEAD[:, 2] * np.sin(a)
    flat = np.column_stack([x, HEAD[:, 1]]) @ np.array([[np.cos(b), np.sin(b)], [-np.sin(b), np.cos(b)]])
    return (flat * scale + (256, 220)).astype(np.float32)


def misfit(points: np.ndarray, matrix: np.ndarray, goal: np.ndarray) -> float:
    return float(np.square(transform_points(points, matrix) - goal).sum())


@pytest.mark.parametrize("template", ["arcface", "arcface_112_v1", "arcface_128", "mtcnn"])
@pytest.mark.parametrize("yaw", [0, 40, 60])
def test_a_templates_own_fit_is_the_best_one(template: str, yaw: float) -> None:
    """Nothing near it fits better, and the fixed place in the ffhq template fits worse."""
    points, goal = turned(yaw, 12), TEMPLATES[template] * 256
    found = fit_matrix(points, Alignment(template, 256, "similarity"))
    best = misfit(points, found, goal)
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = rng.normal(0, 0.01, 2)
        moved = np.array([[1 + a, -b], [b, 1 + a]]) @ found + [[0, 0, rng.normal()], [0, 0, rng.normal()]]
        assert misfit(points, moved.astype(np.float32), goal) > best
    assert misfit(points, align_matrix(points, 256, template), goal) > best


def test_how_far_the_fixed_place_is_off() -> None:
    """Pixels of a 256 px crop at the face's points: more, the further the head is turned away."""
    away = {}
    for yaw in (0, 40, 60):
        own, fixed = (fit_matrix(turned(yaw), Alignment("arcface_128", 256, fit)) for fit in ("similarity", "fixed"))
        points = turned(yaw)
        away[yaw] = float(np.abs(transform_points(points, own) - transform_points(points, fixed)).max())
    assert away[0] < away[40] < away[60] and away[60] > 1


def test_an_affine_fit_turns_a_sheared_template_straight() -> None:
    shear = np.array([[0.8, 0.2, 30], [-0.1, 1.1, 50]])
    points = (TEMPLATES["arcface"] * 224 @ shear[:, :2].T + shear[:, 2]).astype(np.float32)
    matrix = fit_matrix(points, Alignment("arcface", 224, "affine"))
    np.testing.assert_allclose(transform_points(points, matrix), TEMPLATES["arcface"] * 224, atol=1e-2)
    similar = fit_matrix(points, Alignment("arcface", 224, "similarity"))
    assert np.abs(transform_points(points, similar) - TEMPLATES["arcface"] * 224).max() > 5


def test_points_on_one_line_still_give_a_crop() -> None:
    line = np.array([[0, 0], [4, 4], [2, 2], [1, 1], [3, 3]], np.float32)
    matrix = affine_transform(line, TEMPLATES["arcface"] * 112)
    assert np.isfinite(matrix).all() and abs(np.linalg.det(matrix[:, :2])) > 1e-3


@pytest.mark.parametrize("pose", range(5))
def test_the_nearest_of_five_poses_is_taken(pose: int) -> None:
    goal = poses("arcface_112_v1")[pose] * 224
    place = np.array([[0.7, -0.3, 40], [0.3, 0.7, 90]])
    points = (goal @ place[:, :2].T + place[:, 2]).astype(np.float32)
    matrix = fit_matrix(points, Alignment("arcface_112_v1", 224, "poses"))
    np.testing.assert_allclose(transform_points(points, matrix), goal, atol=1e-2)


def drawn_photo() -> np.ndarray:
    rng = np.random.default_rng(1)
    noise = cv2.GaussianBlur(rng.normal(0, 1, (512, 512, 3)).astype(np.float32), (0, 0), 2)
    return np.clip(128 + 200 * noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("fit", list(FITS))
def test_a_source_is_cut_from_its_photo_again(fit: str) -> None:
    """To the pixel as from the photo, also where the 256 px crop holds less than a quarter of the pixels."""
    photo, points = drawn_photo(), turned(25, 10, 150)
    crop = cut_source(photo, Face(np.array([0, 0, 512, 512], np.float32), 1.0, points))
    wanted = Alignment("arcface_112_v1", 256, fit)
    again = cut_again(crop, wanted)
    exact = cut_aligned(photo, points, wanted)
    np.testing.assert_allclose(again.matrix, exact.matrix, atol=1e-4)
    assert np.abs(again.image.astype(int) - exact.image).max() <= 3
    blurred = cut_again(cut_crop(photo, points), wanted)
    assert np.abs(blurred.image.astype(int) - exact.image).mean() > np.abs(again.image.astype(int) - exact.image).mean()


def test_a_crop_alone_is_cut_at_the_place_of_its_template() -> None:
    image = drawn_photo()[:256, :256]
    crop = cut_crop(image, TEMPLATES["ffhq"] * 256)
    bare = type(crop)(crop.image, crop.matrix)
    expected = warp_frame(crop.image, template_to_template("ffhq", 256, "arcface", 112), 112)
    assert np.abs(cut_again(bare, Alignment("arcface", 112)).image.astype(int) - expected).max() <= 1
    assert cut_again(bare, Alignment("ffhq", 256)) is bare


@pytest.mark.parametrize("fit", list(FITS))
def test_what_looks_at_a_crop_knows_where_the_face_lies(fit: str) -> None:
    points, wanted = turned(30, -8), Alignment("arcface", 200, fit)
    crop = cut_aligned(drawn_photo(), points, wanted)
    place = placement(crop, wanted)
    to_whole = template_to_template(place, 200, "ffhq", 256)
    found = transform_points(transform_points(points, crop.matrix), to_whole)
    np.testing.assert_allclose(
        found, transform_points(points, align_matrix(points)), atol=0.02 if fit != "fixed" else 0.5
    )
    assert isinstance(place, str) == (fit == "fixed")
