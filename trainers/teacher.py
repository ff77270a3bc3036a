"""Networks that teach others: read from the files somebody published them in, or trained here before."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import onnx
import torch
import torch.nn.functional as F
from jaxtyping import Float
from onnx import numpy_helper
from torch import Tensor, nn

from swapper import hub
from swapper.models.arcface import IdentityFeatures, MobileFaceNet, MobileFaceNetConfig
from swapper.models.ghost import AEINet
from swapper.models.layers import PReLU
from swapper.models.mobilefaceswap import MobileFaceSwap
from swapper.models.simswap import SimSwapGenerator
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


# How each swapper draws (network, source, targets).
SWAPPERS: dict[type[nn.Module], Callable[[nn.Module, IdentityFeatures, Tensor], Tensor]] = {
    AEINet: lambda network, source, targets: network(targets, source.embedding).face,
    SimSwapGenerator: lambda network, source, targets: network(targets, F.normalize(source.embedding)),
    MobileFaceSwap: lambda network, source, targets: network(source, targets).face,
}


def swap_with(network: nn.Module) -> Callable[[IdentityFeatures, Tensor], Tensor]:
    """A swapper as a function of source features and targets."""
    return partial(SWAPPERS[type(network)], network)


class SwapTeacher(nn.Module):
    """A trained swapper as a function of source features and targets, frozen and in evaluation mode.

    Attributes:
        template: alignment of the crops it was trained on.
        size: their side in pixels; other crops are scaled to it and back.
    """

    def __init__(self, network: nn.Module, template: str, size: int) -> None:
        super().__init__()
        self.network = network.eval().requires_grad_(False)
        self.template, self.size = template, size

    @torch.no_grad()
    def forward(self, source: IdentityFeatures, targets: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b 3 s s"]:
        """Swap a person onto every target, RGB in [0, 1].

        Args:
            source: one person per target, of the mobile ArcFace network.
            targets: RGB in [0, 1] in the teacher's template.
        """
        drawn = swap_with(self.network)(source, _resize(targets, self.size))
        return _resize(drawn.float(), targets.shape[-1]).clamp(0, 1)


def _resize(images: Tensor, size: int) -> Tensor:
    if images.shape[-1] == size:
        return images
    return F.interpolate(images, (size, size), mode="bilinear", antialias=True)


def load_swap_teacher(path: Path, template: str | None = None, size: int | None = None) -> SwapTeacher:
    """Read a swapper from its weights file.

    Args:
        path: safetensors file, published or kept by a run.
        template: alignment it was trained with; what the file says when None.
        size: side of its crops in pixels; what the file says when None.

    Raises:
        UserError: the file holds no swapper, or does not say how faces are aligned for it.
    """
    said = hub.read_metadata(path)
    classes = {cls.__name__: cls for cls in SWAPPERS}
    if said.get("network") not in classes:
        raise UserError(
            f"Teacher {path}: it contains {said.get('network', 'no named network')}. Give one of {', '.join(classes)}."
        )
    template, size = template or said.get("template"), size or int(said.get("size", 0))
    if not template or not size:
        raise UserError(f"Teacher {path}: it does not say its template and size. Publish it with trainers publish.")
    return SwapTeacher(hub.load_path(classes[said["network"]], path), template, size)
