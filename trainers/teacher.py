"""Pretrained networks that teach ours, read from the files others published them in."""

from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from swapper.models.arcface import MobileFaceNet, MobileFaceNetConfig
from swapper.models.layers import PReLU
from swapper.types import UserError


def load_mobile_teacher(path: Path) -> MobileFaceNet:
    """Read a MobileFaceNet from its ONNX file, frozen and in evaluation mode.

    The file wants BGR; the first convolution's input channels are swapped so that ours takes RGB.

    Args:
        path: ONNX file with BatchNorm folded into its convolutions, input (1, 3, 112, 112) BGR, (x - 127.5) / 128.

    Raises:
        UserError: the file's layers are not those of a MobileFaceNet.
    """
    network = MobileFaceNet(MobileFaceNetConfig.paper())
    tensors = _weights_in_graph_order(path)
    parameters = [p for layer in network.modules() if isinstance(layer, nn.Conv2d | PReLU) for p in layer.parameters()]
    if [t.numel() for t in tensors] != [p.numel() for p in parameters]:
        raise UserError(
            f"{path.name}: its {len(tensors)} weights do not fit a MobileFaceNet's {len(parameters)}. "
            "Give the ArcFace MobileFaceNet with folded BatchNorm."
        )
    tensors[0] = tensors[0].flip(1)
    with torch.no_grad():
        for parameter, tensor in zip(parameters, tensors, strict=True):
            parameter.copy_(tensor.view_as(parameter))
    return network.requires_grad_(False).eval()


def _weights_in_graph_order(path: Path) -> list[Tensor]:
    graph = onnx.load(path).graph
    initializers = {tensor.name: tensor for tensor in graph.initializer}
    names = [name for node in graph.node if node.op_type in ("Conv", "PRelu") for name in node.input[1:]]
    return [torch.from_numpy(numpy_helper.to_array(initializers[name]).copy()) for name in names]
