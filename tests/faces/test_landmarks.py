import csv
import io
import tarfile
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from swapper.faces.align import TEMPLATES, align_matrix, invert_affine, transform_points
from swapper.faces.landmarks import FIVE_POINTS, LandmarkDetector, five_points
from swapper.faces.mesh import mirror_index
from swapper.images import read_image
from swapper.types import Face, UserError

SIZE = 64


@pytest.fixture
def answers() -> np.ndarray:
    """What the constant network says: 478 points as a share of the crop, with depth."""
    points = np.random.default_rng(0).uniform(0, 1, (478, 3)).astype(np.float32)
    for point, place in zip(FIVE_POINTS, TEMPLATES["ffhq"], strict=True):
        for index, _ in point:
            points[index, :2] = place
    return points


@pytest.fixture
def constant(tmp_path: Path, answers: np.ndarray) -> LandmarkDetector:
    """A detector whose network sees the same face in every crop; its presence is the crops' mean red."""
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["faces", "axes"], ["mean"], keepdims=0),
            helper.make_node("Gather", ["mean", "first"], ["presence"], axis=1),
            helper.make_node("Shape", ["presence"], ["count"]),
            helper.make_node("Concat", ["count", "two"], ["shape"], axis=0),
            helper.make_node("Expand", ["answer", "shape"], ["points"]),
        ],
        "constant",
        [helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["n", 3, SIZE, SIZE])],
        [
            helper.make_tensor_value_info("points", TensorProto.FLOAT, ["n", 478, 3]),
            helper.make_tensor_value_info("presence", TensorProto.FLOAT, ["n"]),
        ],
        [
            numpy_helper.from_array(np.array([2, 3]), "axes"),
            numpy_helper.from_array(np.array(0), "first"),
            numpy_helper.from_array(np.array([478, 3]), "two"),
            numpy_helper.from_array(answers[None], "answer"),
        ],
    )
    path = tmp_path / "constant.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)
    return LandmarkDetector(threads=1, path=path)


def posed(side: float, roll: float, x: float, y: float) -> np.ndarray:
    """The template's five points, turned, scaled and moved."""
    angle = np.radians(roll)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (((TEMPLATES["ffhq"] - 0.5) * side) @ turn.T + [x, y]).astype(np.float32)


def test_answers_are_carried_back_into_the_frame(constant: LandmarkDetector, answers: np.ndarray) -> None:
    frame = np.zeros((300, 400, 3), np.uint8)
    points = [posed(100, 0, 120, 130), posed(180, 30, 250, 160)]
    mesh, presence = constant.measure(frame, points)
    assert mesh.shape == (2, 478, 3) and mesh.dtype == np.float32 and presence.shape == (2,)
    for found, five in zip(mesh, points, strict=True):
        expected = transform_points(answers * SIZE, invert_affine(align_matrix(five, SIZE)))
        np.testing.assert_allclose(found, expected, atol=1e-3)
    # The network found the face where the template has it, so its points are those it was given.
    np.testing.assert_allclose(five_points(mesh[1]), points[1], atol=0.01)


def test_presence_is_a_probability_and_pixels_are_rgb_shares(constant: LandmarkDetector) -> None:
    red = np.full((200, 200, 3), (255, 0, 0), np.uint8)
    _, presence = constant.measure(red, [posed(120, 0, 100, 100)])
    assert presence[0] == pytest.approx(1 / (1 + np.exp(-1)), abs=1e-3)


def test_nobody(constant: LandmarkDetector) -> None:
    frame = np.zeros((20, 20, 3), np.uint8)
    mesh, presence = constant.measure(frame, [])
    assert mesh.shape == (0, 478, 3) and presence.shape == (0,)
    assert constant.refine(frame, []) == []


def test_refining_keeps_the_detection_and_adds_the_mesh(constant: LandmarkDetector, answers: np.ndarray) -> None:
    face = Face(np.array([60, 60, 160, 180], np.float32), 0.8, posed(120, -20, 110, 120))
    refined = constant.refine(np.zeros((240, 240, 3), np.uint8), [face])[0]
    assert refined.box is face.box and refined.score == 0.8 and refined.landmarks is not None
    mirrored = answers[mirror_index()] * [-1, 1, 1] + [1 - 1 / SIZE, 0, 0]  # this network sees no difference there
    seen = five_points(((answers + mirrored) / 2 * SIZE).astype(np.float32))
    expected = transform_points(seen, invert_affine(align_matrix(face.points, SIZE)))
    np.testing.assert_allclose(refined.points, expected, atol=0.02)
    np.testing.assert_array_equal(refined.points, five_points(refined.landmarks))


def test_the_five_points_are_weighted_means() -> None:
    assert all(sum(weight for _, weight in point) == pytest.approx(1) for point in FIVE_POINTS)
    mesh = np.zeros((478, 3), np.float32)
    mesh[33], mesh[133], mesh[76] = (10, 20, 5), (30, 40, 5), (7, 8, 9)
    found = five_points(mesh)
    np.testing.assert_allclose(found[0], (10 * 0.59 + 30 * 0.41, 20 * 0.59 + 40 * 0.41), rtol=1e-5)
    np.testing.assert_allclose(found[3], (7, 8))
    assert five_points(mesh[:, :2]).shape == (5, 2)


def test_a_damaged_network_file(tmp_path: Path) -> None:
    path = tmp_path / "landmarks.onnx"
    path.write_bytes(b"not a network")
    with pytest.raises(UserError, match=r"landmarks\.onnx: onnxruntime cannot run it .*Download or export it again"):
        LandmarkDetector(path=path)


@pytest.fixture(scope="module")
def shipped() -> LandmarkDetector:
    return LandmarkDetector(threads=1)


@pytest.fixture(scope="module")
def labelled(shared_data: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Aligned validation faces with their mesh in pixels."""
    labels = np.load(shared_data / "geometry-val.npz")
    with tarfile.open(shared_data / "faces256-val.tar") as tar:
        found = []
        for index in range(0, 350, 9):
            stream = tar.extractfile(f"{labels['keys'][index]}.webp")
            assert stream is not None
            image = np.asarray(Image.open(io.BytesIO(stream.read())).convert("RGB"))
            found.append((image, labels["landmarks"][index].astype(np.float32) * 256))
    return found


def test_the_five_points_lie_where_detectors_put_them(shared_data: Path) -> None:
    labels = np.load(shared_data / "geometry-val.npz")
    meshes, detected = (labels[name].astype(np.float32) * 256 for name in ("landmarks", "five_points"))
    off = np.stack([five_points(mesh) for mesh in meshes]) - detected
    assert np.abs(off.mean(0)).max() < 1.6, "pixels of the 256 px crop, on average"


def test_the_shipped_network_finds_the_mesh_even_from_poor_points(shipped: LandmarkDetector, labelled: list) -> None:
    generator, errors = np.random.default_rng(0), []
    for image, mesh in labelled:
        rough = posed(256 * generator.uniform(0.85, 1.15), generator.uniform(-12, 12), *generator.uniform(112, 144, 2))
        face = Face(np.array([60, 60, 200, 230], np.float32), 0.9, rough)
        found = shipped.refine(image, [face])[0].landmarks
        assert found is not None
        inner = np.linalg.norm(mesh[468, :2] - mesh[473, :2])
        errors.append(np.linalg.norm(found[:, :2] - mesh[:, :2], axis=1).mean() / inner)
    assert np.mean(errors) < 0.06, "of the distance of the irises"


def test_it_follows_a_face_that_is_turned_and_enlarged(shipped: LandmarkDetector, labelled: list) -> None:
    image = labelled[0][0]
    start = Face(np.array([60, 60, 200, 230], np.float32), 0.9, TEMPLATES["ffhq"] * 256)
    before = shipped.refine(image, [start])[0].landmarks
    assert before is not None
    matrix = cv2.getRotationMatrix2D((128, 128), 35, 1.7).astype(np.float32)
    matrix[:, 2] += 150
    turned = cv2.warpAffine(image, matrix, (560, 560), flags=cv2.INTER_CUBIC)
    moved = Face(start.box, 0.9, transform_points(start.points, matrix))
    after = shipped.refine(turned, [moved])[0].landmarks
    expected = transform_points(before, matrix)
    eyes = np.linalg.norm(expected[468, :2] - expected[473, :2])
    assert after is not None and np.linalg.norm(after - expected, axis=1).mean() / eyes < 0.03


def test_a_careful_look_sees_the_same_in_a_mirror(shipped: LandmarkDetector) -> None:
    image = read_image(Path(__file__).parents[2] / "examples" / "portraits" / "01.jpg")
    image = np.ascontiguousarray(cv2.resize(image, (256, 256), interpolation=cv2.INTER_AREA))
    points = TEMPLATES["ffhq"] * 256
    turned = (points * [-1, 1] + [255, 0])[[1, 0, 2, 4, 3]].astype(np.float32)
    apart = []
    for careful in (False, True):
        found = shipped.measure(image, [points], careful)[0][0]
        other = shipped.measure(np.ascontiguousarray(image[:, ::-1]), [turned], careful)[0][0]
        back = other[mirror_index()] * [-1, 1, 1] + [255, 0, 0]
        apart.append(np.linalg.norm((found - back)[:, :2], axis=1).mean())
    assert apart[1] < 0.6 * apart[0], "px; the template is not quite symmetric, so that a little is left"


def test_points_in_whole_photos(shipped: LandmarkDetector, shared_data: Path) -> None:
    with (shared_data / "photos-val" / "photos.csv").open() as file:
        rows = list(csv.DictReader(file))[:20:4]
    for row in rows:
        image = read_image(shared_data / "photos-val" / f"{row['key']}.jpg")
        names = ("le", "re", "nose", "lm", "rm")
        points = np.array([[float(row[f"{n}_x"]), float(row[f"{n}_y"])] for n in names], dtype=np.float32)
        refined = shipped.refine(image, [Face(np.zeros(4, np.float32), 0.9, points)])[0]
        eyes = np.linalg.norm(points[1] - points[0])
        assert np.linalg.norm(refined.points - points, axis=1).mean() / eyes < 0.12
