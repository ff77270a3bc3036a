import itertools
from collections import Counter

import numpy as np
import pytest
from drawn_face import drawn_landmarks

from swapper.faces import mesh

CLOSED = ("FACE_OVAL", "LIPS_OUTER", "LIPS_INNER", "LEFT_EYE", "RIGHT_EYE", "LEFT_BROW", "RIGHT_BROW")
PAIRS = (("LEFT_EYE", "RIGHT_EYE"), ("LEFT_BROW", "RIGHT_BROW"), ("LEFT_SIDE", "RIGHT_SIDE"))
PAIRS += (("LEFT_EYE_CORNERS", "RIGHT_EYE_CORNERS"),)


def edges() -> Counter[frozenset[int]]:
    return Counter(frozenset(pair) for row in mesh.triangles().tolist() for pair in itertools.combinations(row, 2))


def test_every_mesh_point_has_a_triangle_and_no_triangle_repeats() -> None:
    found = mesh.triangles()
    assert set(found.ravel().tolist()) == set(range(mesh.MESH_POINTS))
    assert len({frozenset(row) for row in found.tolist()}) == len(found)
    assert all(len(set(row)) == 3 for row in found.tolist())


def test_triangles_tile_a_disc_whose_rim_is_the_face_oval() -> None:
    shared = edges()
    assert set(shared.values()) == {1, 2}, "an edge belongs to one triangle at the rim, to two inside"
    rim = {edge for edge, count in shared.items() if count == 1}
    oval = mesh.FACE_OVAL
    assert rim == {frozenset(pair) for pair in zip(oval, (*oval[1:], oval[0]), strict=True)}
    assert mesh.MESH_POINTS - len(shared) + len(mesh.triangles()) == 1, "Euler's number of a disc"


@pytest.mark.parametrize("name", CLOSED)
def test_outlines_are_triangle_edges(name: str) -> None:
    loop, shared = getattr(mesh, name), edges()
    assert all(frozenset(pair) in shared for pair in zip(loop, (*loop[1:], loop[0]), strict=True))


def test_triangles_turn_clockwise_on_screen() -> None:
    corner = mesh.canonical_face()[mesh.triangles(), :2]
    (ax, ay), (bx, by) = (corner[:, 1] - corner[:, 0]).T, (corner[:, 2] - corner[:, 0]).T
    area = (ax * by - ay * bx) / 2
    assert (area > 0).mean() > 0.95
    assert -area[area < 0].sum() < 0.01 * area.sum(), "only slivers at the nostrils and lips look away"


def test_mirror_index_is_an_involution_that_swaps_left_and_right() -> None:
    mirror = mesh.mirror_index()
    assert (mirror[mirror] == np.arange(mesh.POINTS)).all()
    for left, right in PAIRS:
        assert {int(mirror[k]) for k in getattr(mesh, left)} == set(getattr(mesh, right))
    assert mirror[mesh.LEFT_IRIS_CENTRE] == mesh.RIGHT_IRIS_CENTRE
    assert all(mirror[k] == k for k in (mesh.NOSE_TIP, mesh.CHIN, mesh.FOREHEAD))


def test_mean_face_is_symmetric_upright_and_one_eye_distance_wide() -> None:
    face = mesh.canonical_face()
    assert np.allclose(face[mesh.mirror_index()] * [-1, 1, 1], face, atol=1e-3)
    assert mesh.eye_distance(face) == pytest.approx(1, abs=1e-3)
    assert face[mesh.FOREHEAD, 1] < face[mesh.GLABELLA, 1] < face[mesh.NOSE_TIP, 1] < face[mesh.CHIN, 1]
    assert face[list(mesh.LEFT_EYE), 0].max() < 0 < face[list(mesh.RIGHT_EYE), 0].min()
    assert face[mesh.NOSE_TIP, 2] < face[[234, 454], 2].min(), "the nose is nearer to the camera than the ears"
    with pytest.raises(ValueError, match="read-only"):
        face[0] = 0


@pytest.mark.parametrize("yaw", [-40, 0, 25])
def test_facing_follows_the_turn_of_the_head(yaw: float) -> None:
    towards = mesh.facing(drawn_landmarks(256, yaw=yaw))
    left, right = towards[list(mesh.LEFT_EYE)].mean(), towards[list(mesh.RIGHT_EYE)].mean()
    assert np.abs(towards).max() <= 1 + 1e-5
    assert towards[mesh.NOSE_TIP] > 0.5
    assert np.sign(round(float(left - right), 3)) == np.sign(yaw), "a face turned right shows its left side"
