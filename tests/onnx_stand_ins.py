"""Small graphs that stand in for published swappers, with the same inputs and outputs."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from swapper.methods.onnx_records import OnnxSwapper

RNG = np.random.default_rng(0)
ARCFACE = RNG.normal(size=(3, 512)).astype(np.float32)  # mean colour of the face -> embedding
CONVERTER = RNG.normal(size=(512, 512)).astype(np.float32) / 20
COLOUR = RNG.normal(size=(512, 3)).astype(np.float32) / 5  # identity -> colour added to the target
EMAP = RNG.normal(size=(512, 512)).astype(np.float32) / 20


def write_graph(
    path: Path,
    nodes: list[onnx.NodeProto],
    inputs: dict[str, tuple[int, ...]],
    outputs: dict[str, tuple[int, ...]],
    constants: dict[str, np.ndarray],
    kind: int = TensorProto.FLOAT,
) -> None:
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    graph = helper.make_graph(
        nodes,
        "stand-in",
        [helper.make_tensor_value_info(name, kind, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, kind, shape) for name, shape in outputs.items()],
        [
            numpy_helper.from_array(value if value.dtype == np.int64 else value.astype(dtype), name)
            for name, value in constants.items()
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def write_embedder(path: Path) -> None:
    nodes = [
        helper.make_node("GlobalAveragePool", ["input.1"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["683"]),
    ]
    write_graph(path, nodes, {"input.1": (1, 3, 112, 112)}, {"683": (1, 512)}, {"w": ARCFACE})


def write_converter(path: Path) -> None:
    nodes = [helper.make_node("MatMul", ["input", "w"], ["output"])]
    write_graph(path, nodes, {"input": (1, 512)}, {"output": (1, 512)}, {"w": CONVERTER})


def write_swapper(path: Path, record: OnnxSwapper, kind: int = TensorProto.FLOAT, mask: bool = False) -> None:
    """A swapper that adds a colour, which depends on the identity, to the target."""
    target = (1, 3, record.size, record.size)
    inputs = {"target": target, "source": (1, 512)}
    outputs = {"output": target}
    constants = {"w": COLOUR, "shape": np.array([1, 3, 1, 1]), "emap": EMAP}
    nodes = [
        helper.make_node("MatMul", ["source", "w"], ["colours"]),
        helper.make_node("Reshape", ["colours", "shape"], ["colour"]),
        helper.make_node("Add", ["target", "colour"], ["output"]),
    ]
    if record.identity == "crop":
        inputs["source"] = (1, 3, record.source_size, record.source_size)
        nodes[:2] = [helper.make_node("GlobalAveragePool", ["source"], ["colour"])]
        constants = {}
    if mask:
        outputs["mask"] = (1, 1, record.size, record.size)
        constants["half"] = np.full(outputs["mask"], 0.5)
        nodes.append(helper.make_node("Identity", ["half"], ["mask"]))
    write_graph(path, nodes, inputs, outputs, constants, kind)
