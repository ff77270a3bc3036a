import numpy as np
import pytest
from drawn_face import drawn_landmarks

from swapper.faces import mesh
from swapper.faces.raster import affine_per_triangle, covering_triangles, interpolate_over_mesh


@pytest.mark.parametrize("size", [48, 128, 255])
def test_interpolated_positions_are_the_pixels_themselves(size: int) -> None:
    landmarks = drawn_landmarks(size)
    places, covered = interpolate_over_mesh(landmarks, landmarks[: mesh.MESH_POINTS, :2], size)
    rows, columns = np.nonzero(covered)
    assert len(rows) > 0.1 * size**2
    assert np.abs(places[rows, columns] - np.stack([columns, rows], axis=1)).max() < 0.02
    assert not places[covered == 0].any()


def test_affine_maps_hit_the_corners() -> None:
    landmarks = drawn_landmarks(200)
    values = np.random.default_rng(0).uniform(-5, 5, (mesh.MESH_POINTS, 3)).astype(np.float32)
    maps = affine_per_triangle(landmarks, values)
    corner = landmarks[mesh.triangles()[:, 1], :2]
    area = np.abs(np.linalg.det(np.diff(landmarks[mesh.triangles(), :2], axis=1)))
    found = np.einsum("mcj,mj->mc", maps[:, :, :2], corner) + maps[:, :, 2]
    assert np.abs(found - values[mesh.triangles()[:, 1]])[area > 0.5].max() < 0.02


def test_hidden_triangles_are_not_drawn() -> None:
    turned = covering_triangles(drawn_landmarks(200, yaw=60), 200)
    seen = np.unique(turned[turned > 0]) - 1
    front = np.unique(covering_triangles(drawn_landmarks(200), 200)) - 1
    assert 0 < len(seen) < 0.8 * len(front)
    facing = mesh.facing(drawn_landmarks(200, yaw=60))[mesh.triangles()].mean(1)
    assert (facing[seen] > -0.35).all(), "what looks away stays hidden"


def test_a_mesh_outside_of_the_crop_covers_nothing() -> None:
    landmarks = drawn_landmarks(100) + np.array([5000, -5000, 0], np.float32)
    assert not covering_triangles(landmarks, 100).any()
