"""One person's swapping network as one small ONNX file, written node by node so that nothing but ``onnx`` is needed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from swapper.models.idn import IdentityAwareDynamicNetwork, SeparableConv
from swapper.runtime.whole_file import whole_file

OPSET, IR_VERSION = 17, 8  # old enough for every runtime in use, browsers included
_SLOPE = 0.1
_LANES = 16  # channels that the runtime computes together on a CPU; fewer are slower than zeros


class _Graph:
    """An ONNX graph in the making; methods add a node and return the name of its output."""

    def __init__(self, half: bool) -> None:
        self.half = half
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.double = self.constant("double", np.array([1, 1, 2, 2], np.float32))

    def constant(self, name: str, array: np.ndarray) -> str:
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def weight(self, name: str, tensor: Tensor) -> str:
        """Add a weight; stored in half precision it is widened when the file is opened, so arithmetic stays float32."""
        array = tensor.detach().float().cpu().numpy()
        if not self.half:
            return self.constant(name, array)
        stored = self.constant(f"{name}.half", array.astype(np.float16))
        return self.add("Cast", name, stored, to=TensorProto.FLOAT)

    def add(self, op: str, name: str, *inputs: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(op, inputs, [name], name, **attributes))
        return name

    def scale(self, name: str, x: str, factor: float, shift: float) -> str:
        factors = (
            self.constant(f"{name}.{k}", np.array(v, np.float32)) for k, v in (("factor", factor), ("shift", shift))
        )
        return self.add("Add", name, self.add("Mul", f"{name}.scaled", x, next(factors)), next(factors))

    def leaky(self, x: str) -> str:
        return self.add("LeakyRelu", f"{x}.leaky", x, alpha=_SLOPE)

    def upsample(self, x: str) -> str:
        """Double the side; the same map is enlarged once."""
        name = f"{x}.up"
        if any(node.name == name for node in self.nodes):
            return name
        corners = {"mode": "linear", "coordinate_transformation_mode": "align_corners"}
        return self.add("Resize", name, x, "", self.double, **corners)

    def conv(
        self, name: str, x: str, weight: Tensor, bias: Tensor, stride: int = 1, pad: int = 0, group: int = 1
    ) -> str:
        """Add a convolution, without a bias that is zero."""
        inputs = [x, self.weight(f"{name}.weight", weight)]
        if bool(bias.any()):
            inputs.append(self.weight(f"{name}.bias", bias))
        return self.add(
            "Conv",
            name,
            *inputs,
            pads=[pad] * 4,
            strides=[stride] * 2,
            group=group,
            kernel_shape=tuple(weight.shape[2:]),
        )

    def separable(self, name: str, x: str, layer: SeparableConv) -> str:
        stride, (weight, bias) = layer.depthwise.stride[0], _fold(layer.depthwise)
        x = self.conv(f"{name}.depthwise", x, weight, bias, stride, 1, len(weight))
        return self.leaky(self.conv(f"{name}.pointwise", x, *_fold(layer.pointwise)))


def build_onnx(
    network: IdentityAwareDynamicNetwork, size: int, metadata: Mapping[str, str], half: bool = False
) -> onnx.ModelProto:
    """Write one person's network as an ONNX model.

    Input ``target``: (batch, 3, size, size), RGB in [0, 1]. Outputs ``face`` and ``drawn`` of the same shape and range,
    and ``mask``, (batch, 1, size, size) in [0, 1], by which ``drawn`` is mixed into ``target`` to make ``face``. The
    same function as ``network`` in fewer steps: BatchNorm is folded into the convolutions, a 1x1 convolution runs
    before an enlargement instead of after it (they act on different axes), and convolutions with nothing between them
    that have few channels are one.

    Args:
        network: of one person.
        size: side of its crops in pixels, a multiple of 32.
        metadata: key-value pairs the file carries; ``size`` and the ranges are added.
        half: store the weights in half precision, at half the size; the arithmetic stays float32.
    """
    graph = _Graph(half)
    normalised = graph.scale("normalised", "target", 2, -1)
    layers = [_separable(layer) for layer in network.encoder]
    first, stride = layers[0], layers[0].depthwise.stride[0]
    x = graph.leaky(graph.conv("encoder.0", normalised, *_merge(first.depthwise, first.pointwise), stride, 1))
    maps = [x]
    for i, layer in enumerate(layers[1:], 1):
        x = graph.separable(f"encoder.{i}", x, layer)
        maps.append(x)
    for i, (layer, skip) in enumerate(zip(network.decoder, [*maps[-2:0:-1], None], strict=True)):
        x = graph.separable(f"decoder.{i}", graph.upsample(x), _separable(layer))
        x = x if skip is None else graph.add("Concat", f"decoder.{i}.joined", x, skip, axis=1)
    _draw(graph, _image_features(graph, x, network.final), _mask_features(graph, maps[-1], network.mask), network)
    change = graph.add("Mul", "change", "mask", graph.add("Sub", "difference", "drawn", "target"))
    graph.add("Add", "face", "target", change)
    return _model(graph, size, metadata)


def save_onnx(model: onnx.ModelProto, path: Path) -> None:
    """Write a model to a file, whole or not at all."""
    with whole_file(path) as fresh:
        fresh.write_bytes(model.SerializeToString())


def _image_features(graph: _Graph, x: str, head: nn.Sequential) -> str:
    """Run the image head up to its last convolution."""
    _, first, first_norm, _, second, second_norm, *_ = head
    x = graph.leaky(graph.upsample(graph.conv("final.0", x, *_fold(_conv(first), first_norm))))
    return graph.leaky(graph.conv("final.1", x, *_fold(_conv(second), second_norm), pad=1))


def _mask_features(graph: _Graph, x: str, branch: nn.Sequential) -> str:
    """Run the mask branch up to its last convolution, with spare channels of zeros that fill the runtime's lanes."""
    spare = 0
    layers = list(branch)[:-2]
    for i, layer in enumerate(layers):
        assert isinstance(layer, nn.Sequential)
        _, depthwise, pointwise, norm, _ = layer
        weight, bias = (_lengthen(part, spare) for part in _fold(_conv(depthwise)))
        x = graph.conv(f"mask.{i}.depthwise", graph.upsample(x), weight, bias, pad=1, group=len(weight))
        weight, bias = _fold(_conv(pointwise), norm)
        weight = F.pad(weight, [0, 0, 0, 0, 0, spare])  # inputs
        spare = 0 if i == len(layers) - 1 else -len(weight) % _LANES
        x = graph.leaky(graph.conv(f"mask.{i}.pointwise", x, _lengthen(weight, spare), _lengthen(bias, spare)))
    return x


def _draw(graph: _Graph, image: str, mask: str, network: IdentityAwareDynamicNetwork) -> None:
    """Finish ``drawn`` and ``mask``: their last convolutions as one.

    The runtime computes 16 channels at a time, and would apply an activation that follows a convolution to all of them.
    """
    (image_weight, image_bias), (mask_weight, mask_bias) = (
        _fold(_conv(network.final[-2])),
        _fold(_conv(network.mask[-2])),
    )
    colors, widths = len(image_weight), (image_weight.shape[1], mask_weight.shape[1])
    weight = image_weight.new_zeros(colors + 1, sum(widths), 3, 3)
    weight[:colors, : widths[0]], weight[colors:, widths[0] :] = image_weight, mask_weight
    x = graph.add("Concat", "last.joined", image, mask, axis=1)
    x = graph.conv("last", x, weight, torch.cat([image_bias, mask_bias]), pad=1)
    graph.nodes.append(
        helper.make_node(
            "Split", [x, graph.constant("last.parts", np.array([colors, 1]))], ["last.image", "last.mask"], axis=1
        )
    )
    graph.scale("drawn", graph.add("Tanh", "last.tanh", "last.image"), 0.5, 0.5)
    graph.add("Sigmoid", "mask", "last.mask")


def _model(graph: _Graph, size: int, metadata: Mapping[str, str]) -> onnx.ModelProto:
    def image(name: str, channels: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", channels, size, size])

    outputs = [image("face", 3), image("mask", 1), image("drawn", 3)]
    body = helper.make_graph(graph.nodes, "face swap", [image("target", 3)], outputs, graph.initializers)
    model = helper.make_model(
        body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="swapper"
    )
    ranges = {"target": "RGB in [0, 1]", "face": "RGB in [0, 1], blended into target", "mask": "[0, 1]"}
    ranges["drawn"] = "RGB in [0, 1], not blended"
    helper.set_model_props(model, {**metadata, "size": str(size), "tensors": json.dumps(ranges)})
    onnx.checker.check_model(model)
    return model


def _lengthen(tensor: Tensor, count: int) -> Tensor:
    """Append zeros along the first dimension."""
    return torch.cat([tensor, tensor.new_zeros(count, *tensor.shape[1:])])


@torch.no_grad()
def _fold(conv: nn.Conv2d, norm: nn.Module | None = None) -> tuple[Tensor, Tensor]:
    """Return a convolution's weight and bias with the BatchNorm behind it taken in."""
    bias = conv.weight.new_zeros(conv.out_channels) if conv.bias is None else conv.bias
    if not isinstance(norm, nn.BatchNorm2d):
        return conv.weight, bias
    assert norm.running_mean is not None and norm.running_var is not None
    gain = norm.weight / (norm.running_var + norm.eps).sqrt()
    return conv.weight * gain[:, None, None, None], (bias - norm.running_mean) * gain + norm.bias


@torch.no_grad()
def _merge(depthwise: nn.Conv2d, pointwise: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """Return the weight and bias of the one convolution that equals a depthwise and a 1x1 convolution."""
    (kernels, shift), (mix, bias) = _fold(depthwise), _fold(pointwise)
    return mix * kernels.transpose(0, 1), mix[:, :, 0, 0] @ shift + bias


def _conv(module: nn.Module) -> nn.Conv2d:
    assert isinstance(module, nn.Conv2d)
    return module


def _separable(module: nn.Module) -> SeparableConv:
    assert isinstance(module, SeparableConv)
    return module
