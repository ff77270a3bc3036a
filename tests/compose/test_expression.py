import cv2
import numpy as np
import pytest

from swapper.compose.expression import match_expression
from swapper.faces import mesh
from swapper.faces.pose import EXPRESSION_PARTS

SIZE = 128


def face_points() -> np.ndarray:
    """The mean face in the middle of a crop, px."""
    face = mesh.canonical_face().astype(np.float32)
    return face * (40 / mesh.eye_distance(face)) + np.array([64, 60, 0], np.float32)


def dotted(points: np.ndarray) -> np.ndarray:
    """A picture with a soft dot on one iris."""
    y, x = np.mgrid[:SIZE, :SIZE]
    at = points[mesh.LEFT_IRIS_CENTRE, :2]
    dot = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / 18)
    return np.repeat((40 + 200 * dot)[..., None], 3, 2).astype(np.uint8)


def moved_iris(points: np.ndarray, shift: float) -> np.ndarray:
    moved = points.copy()
    moved[[mesh.LEFT_IRIS_CENTRE, *mesh.LEFT_IRIS], 0] += shift
    return moved


def centre(face: np.ndarray) -> np.ndarray:
    moments = cv2.moments((face[..., 0].astype(np.float32) - 40).clip(0))
    return np.array([moments["m10"], moments["m01"]]) / moments["m00"]


def measure(face: np.ndarray) -> np.ndarray:
    """Landmarks of a dotted picture: only the iris has moved."""
    points = face_points()
    return moved_iris(points, float(centre(face)[0] - points[mesh.LEFT_IRIS_CENTRE, 0]))


@pytest.mark.parametrize(("share", "left"), [(1.0, 0.65), (0.5, 0.82), (0.0, 1.0)])
def test_an_iris_goes_towards_where_the_target_has_it(share, left):
    wanted = face_points()
    found = moved_iris(wanted, 2.0)
    face = match_expression(dotted(found), found, wanted, measure, share)
    miss = abs(centre(face)[0] - wanted[mesh.LEFT_IRIS_CENTRE, 0])
    assert miss <= 2.0 * left + 0.05
    if not share:
        np.testing.assert_array_equal(face, dotted(found))


def test_what_is_far_from_eyes_and_mouth_stays():
    wanted = face_points()
    face = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    found = moved_iris(wanted, 2.0)
    moved = match_expression(face, found, wanted, lambda _: found)
    y, x = np.mgrid[:SIZE, :SIZE]
    parts = wanted[[point for part, _ in EXPRESSION_PARTS for point in part], :2]
    apart = np.hypot(x[..., None] - parts[:, 0], y[..., None] - parts[:, 1]).min(2)
    assert not np.array_equal(moved, face) and (apart > 26).mean() > 0.2
    np.testing.assert_array_equal(moved[apart > 26], face[apart > 26])  # 0.65 eye distances
    np.testing.assert_array_equal(moved[:20], face[:20])
    assert np.abs(moved[110:].astype(int) - face[110:]).max() <= 1, "a mouth that nothing pulls, in a picture of noise"


def test_a_wild_measurement_moves_no_further_than_a_miss_can_be():
    wanted = face_points()
    found = moved_iris(wanted, 60.0)
    face = dotted(wanted)
    moved = match_expression(face, found, wanted, lambda _: found)
    assert np.abs(centre(moved) - centre(face)).max() < 0.13 * 40  # two rounds


def test_a_mouth_opens_hardly_further_than_it_was_drawn():
    """Stretched lips look swollen, and nothing is drawn behind them."""
    found = face_points()
    chin, gap = found[17, :2], float(np.linalg.norm(found[14, :2] - found[13, :2]))
    y, x = np.mgrid[:SIZE, :SIZE]
    dot = 40 + 200 * np.exp(-((x - chin[0]) ** 2 + (y - chin[1]) ** 2) / 8)
    face = np.repeat(dot[..., None], 3, 2).astype(np.uint8)

    def lowered(share: float) -> float:
        """How far the lower lip goes where the target's lips are this many times as far apart."""
        wanted = found.copy()
        for lips in (mesh.LIPS_INNER, mesh.LIPS_OUTER):
            wanted[list(lips[1:10]), 1] -= (share - 1) * gap / 2
            wanted[list(lips[11:]), 1] += (share - 1) * gap / 2
        return float((centre(match_expression(face, found, wanted, lambda _: found)) - centre(face))[1])

    assert lowered(1.3) > 0.2
    assert lowered(3.0) == pytest.approx(lowered(1.3), abs=0.8)
    assert lowered(0.5) < -0.2, "it closes as far as it has to"
