"""Count floating-point operations of a whole training step, and measure how many the machine can do."""

import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry


class FlopCount(TorchDispatchMode):
    """Counts the operations run inside its context, backward and double backward included.

    ``FlopCounterMode`` also attributes them to modules, with hooks that forbid ``torch.autograd.grad``.

    Attributes:
        total: two for each multiply-accumulate of convolutions and matrix products.
    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run an operation and count it."""
        result = func(*args, **(kwargs or {}))
        count = flop_registry.get(func._overloadpacket)
        if func._overloadpacket is torch.ops.aten.convolution_backward:
            self.total += _convolution_backward(*args)
        elif count is not None:
            self.total += count(*args, **(kwargs or {}), out_val=result)
        return result


def _convolution_backward(gradient: Tensor, x: Tensor, weight: Tensor, *rest: Any) -> int:
    """Each of the two gradients costs as much as the forward; torch's own count is wrong for grouped weights."""
    transposed, wanted = rest[4], rest[-1]
    applied = (x if transposed else gradient).numel()
    return 2 * applied * weight[0].numel() * sum(wanted[:2])


def gemm_peak(device: torch.device, side: int = 2048) -> float:
    """Measured bfloat16 matrix-product rate of a device, FLOP/s: the ceiling that training is compared with."""
    a = torch.randn(side, side, device=device, dtype=torch.bfloat16)
    best = 0.0
    for _ in range(4):
        start = time.perf_counter()
        float((a @ a)[0, 0])  # reading a value waits for the device
        best = max(best, 2 * side**3 / (time.perf_counter() - start))
    return best
