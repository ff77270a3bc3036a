from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from drawn_face import drawn_landmarks, smooth_picture
from torch import Tensor

from swapper.faces import mesh
from swapper.faces.align import TEMPLATES, cut_crop
from swapper.faces.landmarks import LandmarkDetector, five_points
from swapper.faces.regions import region_mask
from swapper.images import read_image
from swapper.methods.base import Method
from swapper.methods.warp import WarpMethod, best_texture, make_texture, warp_face
from swapper.types import Crop

PORTRAITS = sorted((Path(__file__).parents[2] / "examples" / "portraits").glob("*.jpg"))
EYE_MATRIX = np.eye(2, 3, dtype=np.float32)


@pytest.fixture(scope="module")
def detector() -> LandmarkDetector:
    return LandmarkDetector(threads=1)


@pytest.fixture(scope="module")
def portraits(detector: LandmarkDetector) -> list[Crop]:
    """Aligned crops with landmarks of the example people."""
    crops = []
    for path in PORTRAITS[:4]:
        image = read_image(path)
        rough = detector.measure(image, [TEMPLATES["ffhq"] * len(image)])[0][0]
        points = detector.measure(image, [five_points(rough)])[0][0]
        crops.append(cut_crop(image, five_points(points), 256, landmarks=points))
    return crops


def crop(seed: int, yaw: float = 0.0, size: int = 256) -> Crop:
    return Crop(smooth_picture(size, size, seed), EYE_MATRIX, drawn_landmarks(size, yaw=yaw, wobble=0.05, seed=seed))


def batch(*crops: Crop) -> tuple[Tensor, Tensor]:
    """Pixels in [0, 1] and landmarks as a share of the crop."""
    pixels = torch.stack([torch.from_numpy(c.image).permute(2, 0, 1) for c in crops]).float() / 255
    return pixels, torch.stack([torch.from_numpy(c.landmarks) for c in crops]) / crops[0].size


@pytest.fixture
def method() -> WarpMethod:
    return WarpMethod(torch.device("cpu"))


def test_it_is_a_method(method: WarpMethod) -> None:
    assert isinstance(method, Method)
    assert method.template in TEMPLATES and method.size > 0


@pytest.mark.parametrize(("count", "size"), [(1, 512), (3, 128), (2, 97)])
def test_shapes_and_ranges(method: WarpMethod, count: int, size: int) -> None:
    identity = method.identify([crop(0)])
    assert identity.method == "warp" and np.linalg.norm(identity.embedding) == pytest.approx(1, abs=1e-4)
    faces, points = batch(*(crop(k + 1, size=size) for k in range(count)))
    before = faces.clone()
    swapped = method.swap(identity, faces, points)
    assert swapped.face.shape == (count, 3, size, size) and swapped.mask.shape == (count, 1, size, size)
    for value in (swapped.face, swapped.mask):
        assert value.min() >= 0 and value.max() <= 1 and value.isfinite().all()
    assert torch.equal(faces, before), "the targets are not changed"
    again = method.swap(identity, faces, points)
    assert torch.equal(swapped.face, again.face) and torch.equal(swapped.mask, again.mask)


def test_a_batch_is_its_single_faces(method: WarpMethod) -> None:
    identity = method.identify([crop(0)])
    targets = [crop(1, size=128), crop(2, 20, size=128)]
    together = method.swap(identity, *batch(*targets))
    for row, target in enumerate(targets):
        alone = method.swap(identity, *batch(target))
        assert torch.equal(together.face[row], alone.face[0]) and torch.equal(together.mask[row], alone.mask[0])


def test_only_the_face_changes_and_eyeballs_and_mouth_stay(method: WarpMethod) -> None:
    target = crop(1)
    assert target.landmarks is not None
    target.landmarks[list(mesh.LIPS_INNER[11:]), 1] += 10  # an open mouth
    swapped = method.swap(method.identify([crop(0)]), *batch(target))
    mask = swapped.mask[0, 0].numpy()
    face = region_mask(target.landmarks, "face", 256)
    reach = cv2.dilate(face, np.ones((17, 17), np.uint8))  # the soft edge
    assert mask[reach < 0.01].max() < 0.02 and mask[face < 0.01].max() < 0.25
    assert (mask > 0.9).sum() > 0.4 * (face > 0.5).sum()
    pixels = (swapped.face[0].permute(1, 2, 0) * 255).round().byte().numpy()
    assert np.array_equal(pixels[mask == 0], target.image[mask == 0])
    for name in ("eyes", "mouth"):
        inside = region_mask(target.landmarks, name, 256) > 0.99
        assert inside.sum() > 20 and mask[inside].mean() < 0.35, name


@pytest.mark.parametrize("shift", [-100, 120])
def test_faces_partly_outside_of_the_crop(method: WarpMethod, shift: float) -> None:
    target = crop(1)
    assert target.landmarks is not None
    target.landmarks[:, 0] += shift
    swapped = method.swap(method.identify([crop(0)]), *batch(target))
    assert swapped.face.isfinite().all() and swapped.mask.max() > 0.3


def test_of_several_photos_the_one_in_the_targets_pose_is_used() -> None:
    left, front, right = (make_texture(c.image, c.landmarks) for c in (crop(0, -40), crop(1), crop(2, 40)))
    for yaw, wanted in ((-35, left), (0, front), (35, right)):
        assert best_texture([left, front, right], drawn_landmarks(256, yaw=yaw)) is wanted


def test_several_photos_make_one_identity(method: WarpMethod) -> None:
    identity = method.identify([crop(0, -20), crop(1), crop(2, 20)])
    assert len(identity.state) == 3
    assert method.swap(identity, *batch(crop(3))).mask.max() > 0.5


def test_the_far_side_of_a_turned_face_is_filled_from_the_near_one() -> None:
    points = drawn_landmarks(256, yaw=45)
    turned = make_texture(smooth_picture(256, 256), points)
    share = turned.places[:, 4]
    hidden, shown = mesh.facing(points) < 0.1, mesh.facing(points) > 0.8
    assert share[shown].max() < 0.05
    assert share[hidden].mean() > 0.5
    assert make_texture(smooth_picture(256, 256), drawn_landmarks(256)).places[:, 4].max() < 0.05


def test_a_face_on_itself_stays_as_it_is(portraits: list[Crop]) -> None:
    for person in portraits:
        assert person.landmarks is not None
        face, mask = warp_face(make_texture(person.image, person.landmarks), person.image, person.landmarks)
        difference = np.abs(face.astype(float) - person.image).mean(2)
        assert (difference * mask).sum() / mask.sum() < 5


@pytest.mark.parametrize(("source", "target"), [(0, 1), (2, 0), (3, 2), (1, 3)])
def test_expression_and_shape_of_the_target_stay(
    detector: LandmarkDetector, portraits: list[Crop], source: int, target: int
) -> None:
    method = WarpMethod(torch.device("cpu"), landmarks=detector)
    goal = portraits[target]
    assert goal.landmarks is not None
    swapped = method.swap(method.identify([portraits[source]]), *batch(goal))
    mask, face = swapped.mask[0, 0].numpy()[..., None], swapped.face[0].permute(1, 2, 0).numpy() * 255
    result = np.rint(goal.image + (face - goal.image) * mask).astype(np.uint8)
    assert np.abs(result.astype(float) - goal.image).mean() > 1, "the face is another one"
    found = detector.measure(result, [five_points(goal.landmarks)])[0][0]
    distance = np.linalg.norm(found[:, :2] - goal.landmarks[:, :2], axis=1) / mesh.eye_distance(goal.landmarks)
    assert distance[: mesh.MESH_POINTS].mean() < 0.05
    assert distance[list(mesh.LIPS_INNER)].mean() < 0.05 and distance[mesh.MESH_POINTS :].mean() < 0.04


def test_landmarks_are_measured_where_they_are_missing(detector: LandmarkDetector, portraits: list[Crop]) -> None:
    method = WarpMethod(torch.device("cpu"), landmarks=detector)
    bare = Crop(portraits[0].image, portraits[0].matrix)
    faces, points = batch(portraits[1])
    measured = method.swap(method.identify([bare]), faces)
    given = method.swap(method.identify([portraits[0]]), faces, points)
    assert (measured.mask - given.mask).abs().mean() < 0.02


def with_dark_glasses(person: Crop) -> Crop:
    assert person.landmarks is not None
    image, points = person.image.copy(), person.landmarks
    radius = round(0.4 * mesh.eye_distance(points))
    for iris in (mesh.LEFT_IRIS_CENTRE, mesh.RIGHT_IRIS_CENTRE):
        x, y = (round(float(v)) for v in points[iris, :2])
        cv2.circle(image, (x, y + radius // 5), radius, (25, 25, 30), -1)
    return Crop(image, person.matrix, points)


@pytest.mark.parametrize("wearer", ["source", "target"])
def test_dark_glasses_leave_the_targets_eyes_as_they_are(portraits: list[Crop], wearer: str) -> None:
    source, target = portraits[0], portraits[1]
    if wearer == "source":
        source = with_dark_glasses(source)
    else:
        target = with_dark_glasses(target)
    assert source.landmarks is not None and target.landmarks is not None
    _, mask = warp_face(make_texture(source.image, source.landmarks), target.image, target.landmarks)
    for name in ("eyes", "brows"):
        assert mask[region_mask(target.landmarks, name, 256) > 0.9].max() < 0.1
    assert mask[region_mask(target.landmarks, "lips", 256) > 0.9].mean() > 0.8
