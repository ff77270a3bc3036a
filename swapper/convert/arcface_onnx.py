"""Reading ArcFace's residual network from an ONNX export, where convolutions have swallowed their BatchNorm."""

from collections.abc import Iterator
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from swapper.models.arcface import IResNet, IResNetConfig
from swapper.runtime.onnx_session import open_session
from swapper.types import UserError

_EPSILON = 1e-5
_LAYERS = ("Conv", "BatchNorm", "PRelu", "Gemm")  # operators with weights, in the order of the forward pass
_PLAIN = ("Add", "Flatten", "Reshape", "Dropout", "Shape", "Gather", "Slice", "Concat", "Unsqueeze", "Cast")


def read_arcface_onnx(path: Path) -> IResNet:
    """Rebuild an ``IResNet`` from the operators of a graph, in the order in which they run.

    A convolution or linear layer with the following BatchNorm folded in keeps its weights; its bias becomes the shift
    of a BatchNorm that does nothing else. The outputs are the same.

    Args:
        path: the export, such as insightface's ``w600k_r50.onnx``: RGB in [-1, 1] in, embedding out.

    Raises:
        UserError: the file is no model that onnxruntime can run, or its operators are not those of the network.
    """
    open_session(path)  # which says what is wrong with a file that is no model
    graph = onnx.load(path).graph
    try:
        operators = [operator for operator in _operators(graph) if operator[0] not in _PLAIN]
        network = IResNet(_sizes(operators))
        _fill(network, operators)
    except (ValueError, IndexError, RuntimeError) as error:
        raise UserError(
            f"{path}: its operators are not those of ArcFace's residual network ({error}). "
            "Give an export of that network."
        ) from error
    return network


Operator = tuple[str, list[Tensor]]  # kind, its constants in the order of its inputs


def _operators(graph: onnx.GraphProto) -> Iterator[Operator]:
    constants = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            constants[node.output[0]] = node.attribute[0].t
        elif node.op_type == "Identity" and node.input[0] in constants:  # one tensor that serves several layers
            constants[node.output[0]] = constants[node.input[0]]
        else:
            kind = "BatchNorm" if node.op_type == "BatchNormalization" else node.op_type
            arrays = [numpy_helper.to_array(constants[name]) for name in node.input if name in constants]
            if kind not in (*_LAYERS, *_PLAIN):
                raise ValueError(f"an operator {kind} that the network does not have")
            yield kind, [torch.from_numpy(array.copy()) for array in arrays]


def _sizes(operators: list[Operator]) -> IResNetConfig:
    """Read widths and depths off the 3x3 convolutions: a stage begins where the channels of its blocks change."""
    convolutions = [constants[0] for kind, constants in operators if kind == "Conv" and constants[0].shape[-1] == 3]
    seconds = [weight.shape[0] for weight in convolutions[2::2]]  # the second convolution of each block
    widths = list(dict.fromkeys(seconds))
    linear = [constants[0] for kind, constants in operators if kind == "Gemm"]
    if len(widths) != 4 or len(linear) != 1:
        raise ValueError(f"{len(widths)} stages and {len(linear)} linear layers")
    return IResNetConfig(tuple(seconds.count(width) for width in widths), tuple(widths), linear[0].shape[0])


def _fill(network: IResNet, operators: list[Operator]) -> None:
    """Hand the operators' constants to the layers in the order of the forward pass."""
    queue = iter(operators)
    _folded(network.conv1, network.bn1, queue)
    _slopes(network.prelu, queue)
    for stage in (network.layer1, network.layer2, network.layer3, network.layer4):
        for block in stage.children():
            parts = dict(block.named_children())
            _norm(parts["bn1"], _next("BatchNorm", queue))
            _folded(parts["conv1"], parts["bn2"], queue)
            _slopes(parts["prelu"], queue)
            _folded(parts["conv2"], parts["bn3"], queue)
            if isinstance(parts["downsample"], nn.Sequential):
                _folded(parts["downsample"][0], parts["downsample"][1], queue)
    _norm(network.bn2, _next("BatchNorm", queue))
    weight, bias = _next("Gemm", queue)
    _copy(network.fc, weight=weight, bias=bias)
    rest = list(queue)
    if rest and (len(rest) > 1 or rest[0][0] != "BatchNorm"):
        raise ValueError(f"{len(rest)} operators too many")
    if rest:
        _norm(network.features, rest[0][1])
    else:
        _neutral(network.features, torch.zeros_like(bias))


def _next(kind: str, queue: Iterator[Operator]) -> list[Tensor]:
    found, constants = next(queue, ("its end", []))
    if found != kind:
        raise ValueError(f"{found} where {kind} belongs")
    return constants


def _folded(conv: nn.Module, norm: nn.Module, queue: Iterator[Operator]) -> None:
    """A convolution with its BatchNorm folded in; without a bias, the BatchNorm follows as an operator."""
    weight, *bias = _next("Conv", queue)
    _copy(conv, weight=weight)
    if bias:
        _neutral(norm, bias[0])
    else:
        _norm(norm, _next("BatchNorm", queue))


def _slopes(prelu: nn.Module, queue: Iterator[Operator]) -> None:
    (slopes,) = _next("PRelu", queue)
    _copy(prelu, weight=slopes.flatten())


def _norm(norm: nn.Module, constants: list[Tensor]) -> None:
    weight, bias, mean, variance = constants
    _copy(norm, weight=weight, bias=bias, running_mean=mean, running_var=variance)


def _neutral(norm: nn.Module, shift: Tensor) -> None:
    one, zero = torch.ones_like(shift), torch.zeros_like(shift)
    _copy(norm, weight=one, bias=shift, running_mean=zero, running_var=one - _EPSILON)


def _copy(module: nn.Module, **values: Tensor) -> None:
    state = module.state_dict()
    for name, value in values.items():
        if state[name].shape != value.shape:
            raise ValueError(f"{name} of shape {tuple(value.shape)}, not {tuple(state[name].shape)}")
        state[name].copy_(value)
