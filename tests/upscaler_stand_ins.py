"""Small graphs with the inputs and outputs of the published upscalers."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from swapper.hub import files, manifest
from swapper.registry.upscalers import UPSCALERS

REACH = 6  # px around a pixel that a stand-in looks at, unless told otherwise


def write_upscaler(path: Path, scale: int, reach: int = REACH, sides: tuple[object, object] = ("high", "wide")) -> None:
    """A mean over the neighbours, then each pixel repeated; like the published ones it sees black around a picture."""
    side = 2 * reach + 1
    kernel = np.zeros((3, 3, side, side), np.float32)
    for channel in range(3):
        kernel[channel, channel] = 1 / side**2
    nearest = {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}
    nodes = [
        helper.make_node("Conv", ["input", "kernel"], ["soft"], pads=[reach] * 4),
        helper.make_node("Resize", ["soft", "", "scales"], ["output"], **nearest),
    ]
    scales = np.array([1, 1, scale, scale], np.float32)
    graph = helper.make_graph(
        nodes,
        "stand-in",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, (1, 3, *sides))],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, (1, 3, "tall", "wide"))],
        [numpy_helper.from_array(kernel, "kernel"), numpy_helper.from_array(scales, "scales")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def upscaler_files(folder: Path, patch: pytest.MonkeyPatch, reach: int = REACH) -> Path:
    """Make the folder the user's, with a stand-in for every upscaler, whose checksums nobody looks at."""
    rows = {row.name: row for row in manifest.entries()}
    for info in UPSCALERS.values():
        write_upscaler(folder / rows[info.weights].file_name, info.scale, reach)
    patch.setenv("SWAPPER_WEIGHTS", str(folder))
    patch.setattr(files, "verify", lambda row, path: None)
    return folder
