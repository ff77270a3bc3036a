"""How large the network is that draws a swapped face, and how much it computes."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.utils.flop_counter import FlopCounterMode

from swapper.faces import mesh
from swapper.types import Identity, Swapped


@runtime_checkable
class FaceDrawer(Protocol):
    """The part of a method that is needed here; every ``methods.base.Method`` has it."""

    size: int

    def swap(
        self,
        identity: Identity,
        faces: Float[Tensor, "b 3 s s"],
        landmarks: Float[Tensor, "b 478 3"] | None = None,
    ) -> Swapped:
        """Swap the identity onto target crops."""
        ...


@runtime_checkable
class NetworkWriter(Protocol):
    """A method that writes a network for each person, which alone runs for each face."""

    def write_network(self, identity: Identity) -> nn.Module:
        """The network, from faces of the method's size."""
        ...


@dataclass(frozen=True)
class DrawingSize:
    """What one face costs.

    Attributes:
        params: numbers learned or written for the person, of all layers that run for each face.
        macs: multiply-accumulates of convolutions and matrix products for one face.
    """

    params: int
    macs: int


def drawing_size(method: FaceDrawer, identity: Identity) -> DrawingSize | None:
    """Count what runs for each face of the target, at the method's own resolution.

    What runs once per person (an identity network, MobileFaceSwap's injection network) is left out, as in the papers'
    figures for real-time methods. Exact, so it has no noise floor.

    Args:
        method: any.
        identity: made by its ``identify``.

    Returns:
        None where no torch network runs: the warp, and swappers that others published as ONNX files.

    Source: MobileFaceSwap, table 2 (parameters and MACs of the network that runs for each frame).
    """
    ran: dict[int, int] = {}

    def note(module: nn.Module, _inputs: Any) -> None:
        ran.update((id(p), p.numel()) for p in module.parameters(recurse=False))

    # MobileFaceSwap hands its network to ONNX Runtime on the CPU; the network itself is what can be counted.
    written = method.write_network(identity) if isinstance(method, NetworkWriter) else None
    device = None if written is None else next(written.parameters()).device
    faces = torch.full((1, 3, method.size, method.size), 0.5, device=device)
    with torch.no_grad(), FlopCounterMode(display=False) as done:
        hook = register_module_forward_pre_hook(note)
        try:
            if written is not None:
                written(faces)
            else:
                method.swap(identity, faces, average_face())
        finally:
            hook.remove()
    return DrawingSize(sum(ran.values()), done.get_total_flops() // 2) if ran else None


def average_face() -> Float[Tensor, "1 478 3"]:
    """Landmarks of the mean face in the middle of a crop, as shares of it: for counting and timing."""
    points = mesh.canonical_face() * 0.246 + [0.498, 0.469, 0]
    return torch.from_numpy(points.astype(np.float32))[None]
