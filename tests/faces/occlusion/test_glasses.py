import cv2
import numpy as np
import pytest
from drawn_face import drawn_landmarks

from swapper.faces import mesh
from swapper.faces.occlusion.glasses import glasses_in, occluded_area
from swapper.faces.regions import draw_polygons, region_mask

SIZE = 256
SKIN = np.array([205, 160, 135])


def drawn_face(skin: np.ndarray = SKIN, light: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """A face of one colour with dark brows, eyes and red lips; the light falls off to the right."""
    points = drawn_landmarks(SIZE)
    image = np.empty((SIZE, SIZE, 3), np.float32)
    image[:] = skin
    for name, color in (("brows", 50), ("eyes", 90)):
        share = region_mask(points, name, SIZE)[..., None]
        image += share * (color - image)
    lips = region_mask(points, "lips", SIZE)[..., None]
    image += lips * (np.array([170, 80, 80]) - image)
    image *= np.linspace(1, 1 - light, SIZE, dtype=np.float32)[None, :, None]
    return image.astype(np.uint8), points


def with_glasses(image: np.ndarray, points: np.ndarray, color: int = 30) -> np.ndarray:
    occluded = image.copy()
    radius = round(0.4 * mesh.eye_distance(points))
    for iris in (mesh.LEFT_IRIS_CENTRE, mesh.RIGHT_IRIS_CENTRE):
        x, y = (round(float(v)) for v in points[iris, :2])
        cv2.circle(occluded, (x, y + radius // 5), radius, (color, color, color + 5), -1)
    return occluded


@pytest.mark.parametrize("skin", [SKIN, SKIN * 0.45])
@pytest.mark.parametrize("light", [0.0, 0.4])
def test_nothing_is_found_on_a_bare_face(skin: np.ndarray, light: float) -> None:
    image, points = drawn_face(skin, light)
    assert occluded_area(image, points) is None and glasses_in(image, points) is None


@pytest.mark.parametrize(("skin", "glass"), [(SKIN, 30), (SKIN, 70), (SKIN * 0.6, 20)])
def test_dark_glasses_are_found_with_the_eyes_behind_them(skin: np.ndarray, glass: int) -> None:
    image, points = drawn_face(skin)
    image = with_glasses(image, points, glass)
    for found in (occluded_area(image, points), glasses_in(image, points)):
        assert found is not None
        full = cv2.resize(found, (SIZE, SIZE))
        assert full.min() >= 0 and full.max() <= 1
        for name in ("eyes", "brows"):
            assert full[region_mask(points, name, SIZE) > 0.9].mean() > 0.9
        assert full[region_mask(points, "lips", SIZE) > 0.9].max() < 0.05


@pytest.mark.parametrize("side", [-1, 1])
def test_hair_over_one_side_is_found_there_only(side: int) -> None:
    image, points = drawn_face()
    middle = points[mesh.GLABELLA, 0]
    reach = middle + side * np.array([0.15, 1.6]) * mesh.eye_distance(points)
    left, right = (int(v) for v in sorted(reach))
    image[: int(points[mesh.NOSE_TIP, 1]), max(left, 0) : right] = (45, 35, 30)
    found = occluded_area(image, points)
    assert found is not None
    full = cv2.resize(found, (SIZE, SIZE))
    hidden, bare = (mesh.LEFT_EYE, mesh.RIGHT_EYE) if side < 0 else (mesh.RIGHT_EYE, mesh.LEFT_EYE)
    for loop, occluded in ((hidden, True), (bare, False)):
        inside = draw_polygons([points[list(loop), :2].astype(np.float32)], SIZE) > 0.5
        assert (full[inside].mean() > 0.8) if occluded else (full[inside].max() < 0.2)


def test_a_face_outside_of_the_picture_counts_as_bare() -> None:
    image, points = drawn_face()
    assert glasses_in(image, points + np.float32(1000)) is None
    assert occluded_area(image, points + np.float32(1000)) is None
