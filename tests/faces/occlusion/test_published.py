"""XSeg and BiSeNet, stood in for by small graphs with the same inputs and outputs."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from swapper import FaceSwapper, hub
from swapper.cli.main import main
from swapper.faces.occlusion.network import OcclusionDetector, OcclusionFinder
from swapper.faces.occlusion.published import FaceRegions, XSegOccluder, load_mask
from swapper.images import read_image
from swapper.registry.masks import MASKS
from swapper.types import UserError

CPU = torch.device("cpu")
BLUE, SKIN = (20, 40, 230), (230, 180, 150)


def save(path: Path, nodes: list, inputs: tuple, outputs: tuple, constants: dict[str, np.ndarray]) -> None:
    graph = helper.make_graph(
        nodes,
        "stand-in",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, inputs)],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, outputs)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)


def write_xseg(path: Path) -> None:
    """Face is what is more red than blue, channels last, blue first."""
    nodes = [
        helper.make_node("MatMul", ["input", "weights"], ["sum"]),
        helper.make_node("Clip", ["sum", "zero", "one"], ["output"]),
    ]
    constants = {
        "weights": np.array([[-8], [0], [8]], np.float32),
        "zero": np.float32(0).reshape(()),
        "one": np.float32(1).reshape(()),
    }
    save(path, nodes, ("b", 64, 64, 3), ("b", 64, 64, 1), constants)


def write_bisenet(path: Path, classes: int = 19) -> None:
    """Class 1, skin, is what is more red than blue once ImageNet's scaling is undone; else 17, hair."""
    mean, std = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)
    weights = np.zeros((classes, 3, 1, 1), np.float32)
    bias = np.full(classes, -100, np.float32)
    weights[1, 0], weights[classes - 2, 2] = std[0], std[2]
    bias[1], bias[classes - 2] = mean[0], mean[2]
    nodes = [helper.make_node("Conv", ["input", "weights", "bias"], ["output"])]
    save(path, nodes, ("b", 3, 64, 64), ("b", classes, 64, 64), {"weights": weights, "bias": bias})


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    resolve = hub.resolve
    write_xseg(tmp_path / "xseg_1.onnx")
    write_bisenet(tmp_path / "bisenet_resnet_34.onnx")
    own = {name: tmp_path / f"{name}.onnx" for name in ("xseg_1", "bisenet_resnet_34")}
    monkeypatch.setattr(hub, "resolve", lambda name, trust=False: own.get(name) or resolve(name, trust))
    return tmp_path


@pytest.mark.parametrize("kind", [XSegOccluder, FaceRegions])
@pytest.mark.parametrize(("template", "side"), [("tight", 128), ("ffhq", 256)])
def test_what_is_no_face_is_hidden(files: Path, kind: Callable[[], OcclusionFinder], template: str, side: int) -> None:
    finder = kind()
    image = np.full((side, side, 3), SKIN, np.uint8)
    cv2.rectangle(image, (0, side // 2), (side // 3, side), BLUE, -1)
    found = finder.find(image, template, np.ones((side, side), np.float32))
    assert found is not None and found.shape == (side, side)
    assert found.min() >= 0 and found.max() <= 1 + 1e-6
    wanted = (image == BLUE).all(2)
    inner = cv2.erode(wanted.astype(np.uint8), np.ones((side // 8, side // 8))) > 0
    assert (found[inner] > 0.95).all()
    far = cv2.dilate(wanted.astype(np.uint8), np.ones((side // 3, side // 3))) == 0
    assert (found[far] < 0.05).all(), "its edge lies within the face"
    assert finder.find(np.full((side, side, 3), SKIN, np.uint8), template, np.ones((side, side), np.float32)) is None


def test_a_graph_of_another_kind_is_refused_when_it_is_opened(files: Path) -> None:
    write_bisenet(files / "bisenet_resnet_34.onnx", classes=11)
    wrong = r"its output is of \(1, 11, 64, 64\), not of \(1, 19, 64, 64\) as that of bisenet_resnet_34\. Replace it"
    with pytest.raises(UserError, match=wrong):
        load_mask("region", CPU)
    write_bisenet(files / "xseg_1.onnx")
    wrong = r"its input 'input' is of \(any, 3, 64, 64\), not of \(any, 64, 64, 3\) as that of xseg_1\. Replace it"
    with pytest.raises(UserError, match=wrong):
        load_mask("xseg", CPU)


def test_masks_are_found_by_name(files: Path) -> None:
    kinds = [type(load_mask(name, CPU, 1)) for name in MASKS]
    assert kinds == [OcclusionDetector, XSegOccluder, FaceRegions]
    known = {row.name: row for row in hub.entries()}
    assert all(known[info.weights].sha256 and not known[info.weights].doubt for info in MASKS.values())
    with pytest.raises(UserError, match=r"Unknown mask 'box'\. Choose one of: own, xseg, region\."):
        load_mask("box", CPU)


def test_a_photo_is_swapped_around_what_the_chosen_mask_finds(
    files: Path, portraits: list[Path], tmp_path: Path
) -> None:
    target = read_image(portraits[1])
    swapper = FaceSwapper("warp", "cpu", restore="none", threads=1)
    (face,) = swapper.find_faces(target)
    left, top, right, bottom = (round(float(v)) for v in face.box)
    target[top : (top + bottom) // 2, left : (left + right) // 2] = BLUE
    cv2.imwrite(str(tmp_path / "target.png"), target[..., ::-1])
    photos = ["image", str(portraits[0]), str(tmp_path / "target.png"), "-o", str(tmp_path / "out.png")]
    assert (
        main([*photos, "--method", "warp", "--restore", "none", "--mask", "region", "--no-mark", "--confirm-no-mark"])
        == 0
    )
    result = read_image(tmp_path / "out.png").astype(int)
    blue = (target == BLUE).all(2)
    covered = cv2.erode(blue.astype(np.uint8), np.ones((41, 41))) > 0
    assert covered.sum() > 2000 and np.abs(result - target)[covered].max() <= 2
    assert np.abs(result - target)[~blue].max() > 40, "the rest of the face is swapped"
