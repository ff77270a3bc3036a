from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from swapper.faces.occlusion.network import OcclusionDetector
from swapper.types import UserError

SIZE = 64


@pytest.fixture
def dark(tmp_path: Path) -> OcclusionDetector:
    """A detector whose network takes what is dark for an occluder."""
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["faces", "axes"], ["mean"], keepdims=1),
            helper.make_node("Sub", ["half", "mean"], ["less"]),
            helper.make_node("Mul", ["less", "gain"], ["logits"]),
        ],
        "dark",
        [helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["b", 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["b", 1, SIZE, SIZE])],
        [
            helper.make_tensor("axes", TensorProto.INT64, [1], [1]),
            helper.make_tensor("half", TensorProto.FLOAT, [], [0.5]),
            helper.make_tensor("gain", TensorProto.FLOAT, [], [40.0]),
        ],
    )
    path = tmp_path / "dark.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, path)
    return OcclusionDetector(threads=1, path=path)


@pytest.mark.parametrize(("template", "side"), [("tight", 128), ("ffhq", 256), ("tight", 64)])
def test_the_mask_lies_where_the_thing_is(dark, template, side):
    image = np.full((side, side, 3), 220, np.uint8)
    cv2.circle(image, (side // 2, round(0.55 * side)), side // 10, (10, 10, 10), -1)
    found = dark.find(image, template, np.ones((side, side), np.float32))
    assert found is not None and found.shape == (side, side) and found.dtype == np.float32
    assert found.min() >= 0 and found.max() <= 1
    wanted = image[..., 0] < 100
    assert ((found > 0.5) == wanted).mean() > 0.985


def test_nothing_in_front_of_a_face_is_no_mask(dark):
    image, face = np.full((96, 96, 3), 230, np.uint8), np.zeros((96, 96), np.float32)
    face[20:80, 20:80] = 1
    assert dark.find(image, "tight", face) is None
    image[:, :15] = 10
    assert dark.find(image, "tight", face) is None, "it is beside the face"
    image[40:60, 40:60] = 10
    assert dark.find(image, "tight", face) is not None


def test_a_damaged_network_is_refused(tmp_path):
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(UserError, match=r"broken.onnx"):
        OcclusionDetector(path=path)
